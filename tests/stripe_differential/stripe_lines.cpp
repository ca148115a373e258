// Answers one JSON line for each JSON line, so that another program can compare us with somebody else.

#include <leanmcp/base/encoding.hpp>
#include <leanmcp/http/client.hpp>
#include <leanmcp/payments/stripe_client.hpp>
#include <leanmcp/payments/stripe_form.hpp>
#include <leanmcp/payments/webhook.hpp>

#include <boost/json.hpp>

#include <charconv>
#include <iostream>
#include <memory>
#include <vector>

namespace {

namespace json = boost::json;

/// `{"$number":"1e-7"}` stands for a double: Boost.JSON 1.81 reads the last digit of a long one wrongly.
json::value with_numbers(const json::value& value) {
  if (const auto* const array = value.if_array()) {
    json::array out;
    for (const json::value& entry : *array) out.push_back(with_numbers(entry));
    return out;
  }
  const auto* const object = value.if_object();
  if (!object) return value;
  if (const json::value* const number = object->if_contains("$number")) {
    const std::string_view text = number->as_string();
    double parsed = 0;
    std::from_chars(text.data(), text.data() + text.size(), parsed);
    return parsed;
  }
  json::object out;
  for (const auto& [name, member] : *object) out[name] = with_numbers(member);
  return out;
}

std::string text(const json::object& in, std::string_view name) { return std::string(in.at(name).as_string()); }

std::string bytes(const json::object& in, std::string_view name) {
  return leanmcp::base64_decode(in.at(name).as_string()).value();
}

leanmcp::TimePoint time_of(const json::object& in) {
  return leanmcp::TimePoint(std::chrono::seconds(in.at("now").as_int64()));
}

json::object verify(const json::object& in) {
  std::vector<leanmcp::Secret> secrets;
  for (const json::value& secret : in.at("secrets").as_array()) secrets.emplace_back(std::string(secret.as_string()));
  const auto event = leanmcp::construct_event(bytes(in, "body"), text(in, "header"), secrets, time_of(in));
  return {{"verdict", event ? "good" : leanmcp::to_string(event.error())}};
}

json::object sign(const json::object& in) {
  return {{"header", leanmcp::sign_webhook(bytes(in, "body"), leanmcp::Secret(text(in, "secret")), time_of(in))}};
}

json::object call(const json::object& in, const std::shared_ptr<leanmcp::HttpClient>& http) {
  leanmcp::StripeClientOptions options;
  options.secret_key = leanmcp::Secret("sk_test_123");
  options.api_base = text(in, "base");
  options.first_retry_delay = std::chrono::milliseconds(2);
  options.longest_retry_delay = std::chrono::milliseconds(10);
  const auto client = leanmcp::StripeClient::create(std::move(options), http);
  if (!client) return {{"error", client.error().message()}};
  const std::string form = leanmcp::stripe_form(in.at("params").as_object());
  const auto answer = (*client)->call(text(in, "method"), text(in, "path"), form, text(in, "key"));
  if (answer) return {{"ok", true}};
  return {{"ok", false}, {"cause", leanmcp::to_string(answer.error().cause)}, {"status", answer.error().status}};
}

json::object answer_to(const json::object& in, const std::shared_ptr<leanmcp::HttpClient>& http) {
  const std::string op = text(in, "op");
  if (op == "encode") return {{"form", leanmcp::stripe_form(with_numbers(in.at("params")).as_object())}};
  if (op == "verify") return verify(in);
  if (op == "sign") return sign(in);
  if (op == "call") return call(in, http);
  return {{"error", "unknown op"}};
}

}  // namespace

int main() {
  leanmcp::HttpClientOptions options;
  // One connection an exchange, so that what the server sees is what the client decided.
  options.max_connections = 1;
  const auto http = std::make_shared<leanmcp::HttpClient>(options);
  for (std::string line; std::getline(std::cin, line);)
    std::cout << json::serialize(answer_to(json::parse(line).as_object(), http)) << '\n' << std::flush;
  return 0;
}
