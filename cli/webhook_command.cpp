#include "webhook_command.hpp"

#include "lines.hpp"

#include <leanmcp/payments/webhook.hpp>

#include <boost/json.hpp>

#include <cstdlib>
#include <iostream>
#include <memory>
#include <vector>

namespace json = boost::json;
using leanmcp::Error;
using leanmcp::Result;
using leanmcp::Secret;
using leanmcp::TimePoint;

namespace {

constexpr const char* secret_variable = "STRIPE_WEBHOOK_SECRET";

struct WebhookArguments {
  std::string body = "-";
  std::string header;
  std::string secret_file;
  std::optional<std::int64_t> time;
  std::int64_t tolerance = leanmcp::webhook_tolerance.count();
  bool lines = false;
};

TimePoint system_time() { return std::chrono::time_point_cast<TimePoint::duration>(std::chrono::system_clock::now()); }

Result<TimePoint> time_member(const json::object& line, std::string_view name) {
  if (!line.contains(name)) return system_time();
  const auto seconds = integer_member(line, name);
  if (!seconds) return seconds.error();
  return time_of(*seconds);
}

Result<json::object> verify_body_line(const json::object& line) {
  const auto body = text_member(line, "body");
  if (!body) return body.error();
  const auto header = text_member(line, "header");
  if (!header) return header.error();
  const auto texts = texts_member(line, "secrets");
  if (!texts) return texts.error();
  const auto now = time_member(line, "now");
  if (!now) return now.error();
  const auto tolerance = integer_member(line, "tolerance", leanmcp::webhook_tolerance.count());
  if (!tolerance) return tolerance.error();
  if (*tolerance < 0 || *tolerance > latest_second) return Error("\"tolerance\" must be in seconds");
  const std::vector<Secret> secrets(texts->begin(), texts->end());
  const auto verified = leanmcp::verify_webhook(*body, *header, secrets, *now, std::chrono::seconds(*tolerance));
  return json::object{{"valid", verified.has_value()}, {"error", verified ? "" : leanmcp::to_string(verified.error())}};
}

Result<json::object> sign_body_line(const json::object& line) {
  const auto body = text_member(line, "body");
  if (!body) return body.error();
  const auto secret = text_member(line, "secret");
  if (!secret) return secret.error();
  const auto now = time_member(line, "timestamp");
  if (!now) return now.error();
  return json::object{{"header", leanmcp::sign_webhook(*body, Secret(*secret), *now)}};
}

/// From the file or the environment: on the command line everybody on the machine could read it.
Result<std::vector<Secret>> read_secrets(const WebhookArguments& arguments) {
  std::string text;
  if (!arguments.secret_file.empty()) {
    auto read = read_whole(arguments.secret_file);
    if (!read) return read.error();
    text = std::move(*read);
  } else if (const char* const value = std::getenv(secret_variable)) {
    text = value;
  }
  std::vector<Secret> secrets;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = std::min(text.find_first_of(", \t\r\n", at), text.size());
    if (end > at) secrets.emplace_back(text.substr(at, end - at));
    at = end + 1;
  }
  if (secrets.empty()) return Error(std::string("Give the secret in ") + secret_variable + " or by --secret-file");
  return secrets;
}

int verify_body(const WebhookArguments& arguments) {
  if (arguments.lines) return answer_lines(std::cin, std::cout, verify_body_line);
  const auto secrets = read_secrets(arguments);
  if (!secrets) return usage_error(secrets.error().message());
  const auto body = read_whole(arguments.body);
  if (!body) return usage_error(body.error().message());
  const auto now = arguments.time ? time_of(*arguments.time) : Result<TimePoint>(system_time());
  if (!now) return usage_error(now.error().message());
  const auto verified =
      leanmcp::verify_webhook(*body, arguments.header, *secrets, *now, std::chrono::seconds(arguments.tolerance));
  std::cout << (verified ? "valid" : leanmcp::to_string(verified.error())) << '\n';
  return verified ? 0 : 1;
}

int sign_body(const WebhookArguments& arguments) {
  if (arguments.lines) return answer_lines(std::cin, std::cout, sign_body_line);
  const auto secrets = read_secrets(arguments);
  if (!secrets) return usage_error(secrets.error().message());
  const auto body = read_whole(arguments.body);
  if (!body) return usage_error(body.error().message());
  const auto now = arguments.time ? time_of(*arguments.time) : Result<TimePoint>(system_time());
  if (!now) return usage_error(now.error().message());
  std::cout << leanmcp::sign_webhook(*body, secrets->front(), *now) << '\n';
  return 0;
}

}  // namespace

void add_webhook_command(CLI::App& app, int& status) {
  CLI::App* const group = app.add_subcommand("webhook", "Stripe's webhook signatures");
  group->require_subcommand(1);

  const auto to_verify = std::make_shared<WebhookArguments>();
  CLI::App* const verifying = group->add_subcommand("verify", "Checks a Stripe-Signature header against a body");
  verifying->add_option("BODY", to_verify->body, "File with the raw body, - for standard input")->capture_default_str();
  verifying->add_option("--header", to_verify->header, "The Stripe-Signature header");
  verifying->add_option("--secret-file", to_verify->secret_file,
                        "File with the secrets (whsec_…), any of which may fit");
  verifying->add_option("--now", to_verify->time, "The time to check at, in Unix seconds; now by default");
  verifying->add_option("--tolerance", to_verify->tolerance, "Seconds that the signature may be away from it")
      ->check(CLI::Range(std::int64_t{0}, latest_second))
      ->capture_default_str();
  verifying->add_flag("--jsonl", to_verify->lines,
                      R"(Read lines {"body","header","secrets":[…],"now","tolerance"}, write {"valid","error"})");
  verifying->footer(
      "The secrets come from STRIPE_WEBHOOK_SECRET (several with commas) unless a file is named.\n"
      "Exit code: 0 valid, 1 not valid (the reason is printed), 2 wrong usage.\n"
      "Example:\n"
      "  leanmcp webhook verify body.json --header 't=1700000000,v1=…' --now 1700000000");
  verifying->callback([to_verify, &status] { status = verify_body(*to_verify); });

  const auto to_sign = std::make_shared<WebhookArguments>();
  CLI::App* const signing = group->add_subcommand("sign", "Writes the header that Stripe would send with a body");
  signing->add_option("BODY", to_sign->body, "File with the raw body, - for standard input")->capture_default_str();
  signing->add_option("--secret-file", to_sign->secret_file, "File with the secret (whsec_…)");
  signing->add_option("--timestamp", to_sign->time, "Unix seconds; now by default");
  signing->add_flag("--jsonl", to_sign->lines, R"(Read lines {"body","secret","timestamp"}, write {"header"})");
  signing->footer(
      "The secret comes from STRIPE_WEBHOOK_SECRET unless a file is named.\n"
      "Example:\n"
      "  leanmcp webhook sign body.json --timestamp 1700000000");
  signing->callback([to_sign, &status] { status = sign_body(*to_sign); });
}
