#include "jwt_command.hpp"

#include "lines.hpp"
#include "terminal.hpp"

#include <leanmcp/base/clock.hpp>
#include <leanmcp/crypto/jwt.hpp>
#include <leanmcp/json/parse.hpp>
#include <leanmcp/json/write.hpp>

#include <boost/json.hpp>

#include <cstdio>
#include <ctime>
#include <iostream>
#include <memory>

namespace json = boost::json;
using leanmcp::Error;
using leanmcp::Result;
using leanmcp::TimePoint;

namespace {

constexpr std::size_t longest_token = 1024 * 1024;

struct JwtArguments {
  std::string token = "-";
  std::string jwks;
  std::vector<std::string> issuers;
  std::vector<std::string> audiences;
  std::vector<std::string> algorithms;
  std::optional<std::int64_t> now;
  std::int64_t skew = 0;
  bool lines = false;
  bool as_json = false;
};

json::value json_of(std::string_view text) {
  auto parsed = leanmcp::parse_json(text, {});
  return parsed ? std::move(*parsed) : json::value(nullptr);
}

/// What a token says, whoever signed it. Nothing is verified.
Result<json::object> decoded(std::string_view token) {
  leanmcp::JwsLimits limits;
  limits.bytes = longest_token;
  const auto parts = leanmcp::split_jws(token, limits);
  if (!parts) return Error(std::string(to_string(parts.error())));
  const json::value header = json_of(parts->header);
  if (!header.is_object()) return Error("the header is not a JSON object");
  const json::value claims = json_of(parts->payload);
  if (!claims.is_object()) return Error("the claims are not a JSON object");
  return json::object{{"header", header}, {"claims", claims}};
}

Result<json::object> decode_line(const json::object& line) {
  const auto token = text_member(line, "token");
  if (!token) return token.error();
  auto said = decoded(*token);
  if (said) (*said)["error"] = "";
  return said;
}

struct Request {
  std::string jwks;
  leanmcp::JwtRules rules;
  TimePoint now;
  std::string token;
};

json::object refused_token(std::string_view why) { return {{"valid", false}, {"error", why}, {"claims", nullptr}}; }

/// `{"valid","error","claims"}`; claims only of a token that holds.
json::object verdict_on(const Request& request) {
  const auto keys = leanmcp::PublicKeys::parse(request.jwks);
  if (!keys) return refused_token(keys.error().message());
  const auto jwt = leanmcp::verify_jwt(request.token, *keys, request.rules, request.now);
  if (!jwt) return refused_token(to_string(jwt.error()));
  return json::object{{"valid", true}, {"error", ""}, {"claims", json_of(jwt->claims)}};
}

Result<json::object> verify_token_line(const json::object& line) {
  const json::value* const jwks = line.if_contains("jwks");
  if (!jwks || !jwks->is_object()) return Error("\"jwks\" must be an object");
  auto issuers = texts_member(line, "issuer");
  if (!issuers) return issuers.error();
  auto audiences = texts_member(line, "audience");
  if (!audiences) return audiences.error();
  const auto algorithms = texts_member(line, "algorithms");
  if (!algorithms) return algorithms.error();
  const auto seconds = integer_member(line, "now", leanmcp::unix_seconds(leanmcp::SystemClock().now()));
  if (!seconds) return seconds.error();
  const auto now = time_of(*seconds);
  if (!now) return now.error();
  const auto skew = integer_member(line, "skew", 0);
  if (!skew) return skew.error();
  if (*skew < 0 || *skew > latest_second) return Error("\"skew\" must be in seconds");
  auto token = text_member(line, "token");
  if (!token) return token.error();
  auto rules = leanmcp::JwtRules::any_of(std::move(*issuers), std::move(*audiences), *algorithms);
  rules.skew = std::chrono::seconds(*skew);
  return verdict_on(Request{leanmcp::json_text(*jwks), std::move(rules), *now, std::move(*token)});
}

/// `2026-11-24T14:00:00Z` for a NumericDate, or empty.
std::string date_text(const json::value& value) {
  if (!value.is_number()) return {};
  const double seconds = value.to_number<double>();
  if (!(seconds >= 0 && seconds <= static_cast<double>(latest_second))) return {};
  const auto whole = static_cast<std::time_t>(seconds);
  std::tm parts{};
  gmtime_r(&whole, &parts);
  char text[32];
  return std::string(text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts));
}

void print_dates(const json::object& claims) {
  constexpr std::pair<const char*, const char*> dates[] = {
      {"iat", "issued"}, {"nbf", "valid from"}, {"exp", "expires"}};
  for (const auto& [name, word] : dates) {
    const json::value* const value = claims.if_contains(name);
    const std::string text = value ? date_text(*value) : std::string();
    if (!text.empty()) std::cout << word << ' ' << text << '\n';
  }
}

int decode(const JwtArguments& arguments) {
  if (arguments.lines) return answer_lines(std::cin, std::cout, decode_line);
  const auto token = read_argument(arguments.token);
  if (!token) return usage_error(token.error().message());
  const auto said = decoded(*token);
  if (!said) {
    std::cerr << said.error().message() << '\n';
    return 1;
  }
  if (arguments.as_json) {
    std::cout << leanmcp::json_text(*said) << '\n';
    return 0;
  }
  const json::object& claims = said->at("claims").as_object();
  std::cout << "header " << shown(leanmcp::json_text(said->at("header"))) << '\n'
            << "claims " << shown(leanmcp::json_text(claims)) << '\n';
  print_dates(claims);
  std::cerr << "The signature was not checked.\n";
  return 0;
}

int verify_token(const JwtArguments& arguments) {
  if (arguments.lines) return answer_lines(std::cin, std::cout, verify_token_line, refused_token);
  if (arguments.jwks.empty() || arguments.issuers.empty() || arguments.audiences.empty() ||
      arguments.algorithms.empty())
    return usage_error("Give --jwks, --issuer, --audience and --algorithm, or use --jsonl");
  auto jwks = read_whole(arguments.jwks);
  if (!jwks) return usage_error(jwks.error().message());
  auto token = read_argument(arguments.token);
  if (!token) return usage_error(token.error().message());
  const auto now = arguments.now ? time_of(*arguments.now) : Result<TimePoint>(leanmcp::SystemClock().now());
  if (!now) return usage_error(now.error().message());
  auto rules = leanmcp::JwtRules::any_of(arguments.issuers, arguments.audiences, arguments.algorithms);
  rules.skew = std::chrono::seconds(arguments.skew);
  const json::object verdict = verdict_on(Request{std::move(*jwks), std::move(rules), *now, std::move(*token)});
  const bool valid = verdict.at("valid").as_bool();
  if (arguments.as_json) {
    std::cout << leanmcp::json_text(verdict) << '\n';
  } else if (valid) {
    std::cout << "valid\n"
              << "claims " << shown(leanmcp::json_text(verdict.at("claims"))) << '\n';
  } else {
    std::cout << std::string_view(verdict.at("error").as_string()) << '\n';
  }
  return valid ? 0 : 1;
}

}  // namespace

void add_jwt_command(CLI::App& app, int& status) {
  CLI::App* const group = app.add_subcommand("jwt", "Signed tokens (RFC 7519)");
  group->require_subcommand(1);

  const auto to_decode = std::make_shared<JwtArguments>();
  CLI::App* const decoding = group->add_subcommand("decode", "Shows what a token says, without checking it");
  decoding->add_option("TOKEN", to_decode->token, "The token, - for standard input")->capture_default_str();
  decoding->add_flag("--json", to_decode->as_json, "Print one JSON object");
  decoding->add_flag("--jsonl", to_decode->lines, R"(Read lines {"token":"…"}, write {"header","claims","error"})");
  decoding->footer(
      "Exit code: 0 read, 1 not a JWT, 2 wrong usage.\n"
      "Examples:\n"
      "  leanmcp jwt decode eyJhbGciOi…\n"
      "  leanmcp jwt decode --json < token.txt");
  decoding->callback([to_decode, &status] { status = decode(*to_decode); });

  const auto to_verify = std::make_shared<JwtArguments>();
  CLI::App* const verifying =
      group->add_subcommand("verify", "Checks signature, issuer, audience and dates of a token");
  verifying->add_option("TOKEN", to_verify->token, "The token, - for standard input")->capture_default_str();
  verifying->add_option("--jwks", to_verify->jwks, "File with the issuer's keys (JWK Set)");
  verifying->add_option("--issuer", to_verify->issuers, "What iss must be; may be repeated")->allow_extra_args(false);
  verifying->add_option("--audience", to_verify->audiences, "What aud must hold; may be repeated")
      ->allow_extra_args(false);
  verifying->add_option("--algorithm", to_verify->algorithms, "Which algorithm to take; may be repeated")
      ->allow_extra_args(false);
  verifying->add_option("--now", to_verify->now, "The time to check at, in Unix seconds; now by default");
  verifying->add_option("--skew", to_verify->skew, "Seconds that the clocks may be apart")
      ->check(CLI::Range(std::int64_t{0}, latest_second))
      ->capture_default_str();
  verifying->add_flag("--json", to_verify->as_json, "Print the verdict as JSON");
  verifying->add_flag(
      "--jsonl", to_verify->lines,
      R"(Read lines {"jwks","issuer","audience","algorithms","now","token"} ("skew" too), write {"valid","error","claims"})");
  verifying->footer(
      "Exit code: 0 valid, 1 not valid (the reason is printed), 2 wrong usage.\n"
      "Example:\n"
      "  leanmcp jwt verify --jwks keys.json --issuer https://idp.example --audience https://mcp.example/mcp \\\n"
      "      --algorithm RS256 < token.txt");
  verifying->callback([to_verify, &status] { status = verify_token(*to_verify); });
}
