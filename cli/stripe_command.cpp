#include "stripe_command.hpp"

#include "lines.hpp"

#include <leanmcp/json/parse.hpp>
#include <leanmcp/payments/stripe_form.hpp>

#include <boost/json.hpp>

#include <iostream>
#include <memory>

namespace json = boost::json;
using leanmcp::Error;
using leanmcp::Result;

namespace {

struct StripeArguments {
  std::string file = "-";
  bool lines = false;
};

Result<json::object> encode_line(const json::object& line) {
  const json::value* const parameters = line.if_contains("params");
  if (!parameters || !parameters->is_object()) return Error("\"params\" must be an object");
  return json::object{{"body", leanmcp::stripe_form(parameters->get_object())}};
}

int encode_parameters(const StripeArguments& arguments) {
  if (arguments.lines) return answer_lines(std::cin, std::cout, encode_line);
  const auto text = read_whole(arguments.file);
  if (!text) return usage_error(text.error().message());
  const auto parsed = leanmcp::parse_json(*text, leanmcp::ParseLimits());
  if (!parsed || !parsed->is_object()) {
    std::cerr << "This is not a JSON object\n";
    return 1;
  }
  std::cout << leanmcp::stripe_form(parsed->get_object()) << '\n';
  return 0;
}

}  // namespace

void add_stripe_command(CLI::App& app, int& status) {
  CLI::App* const group = app.add_subcommand("stripe", "Stripe's wire format");
  group->require_subcommand(1);
  const auto arguments = std::make_shared<StripeArguments>();
  CLI::App* const command =
      group->add_subcommand("encode", "Writes JSON parameters as the form body that Stripe's v1 API reads");
  command->add_option("FILE", arguments->file, "File with a JSON object, - for standard input")->capture_default_str();
  command->add_flag("--jsonl", arguments->lines, R"(Read lines {"params":{…}}, write {"body":"…"})");
  command->footer(
      "Exit code: 0 encoded, 1 not a JSON object, 2 wrong usage.\n"
      "Example:\n"
      "  echo '{\"line_items\":[{\"price\":\"price_1\",\"quantity\":1}]}' | leanmcp stripe encode");
  command->callback([arguments, &status] { status = encode_parameters(*arguments); });
}
