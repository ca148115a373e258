#pragma once

#include <leanmcp/base/clock.hpp>
#include <leanmcp/base/encoding.hpp>
#include <leanmcp/crypto/signing_key.hpp>
#include <leanmcp/oauth/server/core.hpp>

#include <boost/json.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace leanmcp::as {

inline constexpr const char* test_issuer = "https://as.example";
inline constexpr const char* test_resource = "https://api.example/mcp";
inline constexpr const char* test_secret = "secret-of-the-machine-client-0123";

/// A whole server on a database in memory, without sockets, at a time that the test moves.
class ServerTest : public testing::Test {
 protected:
  using Pairs = std::vector<std::pair<std::string, std::string>>;

  static OAuthServerOptions default_options() {
    OAuthServerOptions options(test_issuer);
    options.protects(ProtectedApi(test_resource)
                         .scope("read", "Read your things")
                         .scope("write", "Change your things", false)
                         .introspected_by("api-server", Secret("secret-of-the-api-server-0123456")));
    options.protects(ProtectedApi("https://other.example/mcp").scope("read", "Read").scope("admin", "All", false));
    options.registration(Registration::open);
    options.client(ConfiguredClient("machine")
                       .secret(Secret(test_secret))
                       .grant_type("client_credentials")
                       .grant_type("urn:ietf:params:oauth:grant-type:jwt-bearer")
                       .grant_type("urn:ietf:params:oauth:grant-type:token-exchange"));
    options.own_users();
    options.keys(KeyRing::random());
    return options;
  }

  /// After changes to `options`.
  void start() {
    options.clock(clock).logger(Logger([this](LogLevel, std::string_view line) {
      const std::lock_guard lock(log_mutex);
      log.emplace_back(line);
    }));
    auto database = Database::open("sqlite::memory:");
    ASSERT_TRUE(database);
    auto made = make_core(options, std::move(*database));
    ASSERT_TRUE(made) << made.error().message() << " " << made.error().detail();
    core = std::move(*made);
  }

  TimePoint now() const { return clock->now(); }
  void advance(std::chrono::seconds by) { clock->advance(by); }

  static std::string form(const Pairs& pairs) {
    std::string out;
    for (const auto& [name, value] : pairs) {
      out.append(out.empty() ? "" : "&").append(name).append("=");
      for (const char c : value) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (plain) {
          out += c;
        } else {
          out.append("%").append(hex_encode(std::string(1, c)));
        }
      }
    }
    return out;
  }

  static Request post_form(const std::string& path, const Pairs& pairs, HttpFields headers = {}) {
    Request request(HttpMethod::post, path);
    request.body = form(pairs);
    request.headers = std::move(headers);
    request.headers.emplace_back("content-type", "application/x-www-form-urlencoded");
    request.peer = "192.0.2.1";
    return request;
  }
  static Request post_json(const std::string& path, std::string body, HttpFields headers = {}) {
    Request request(HttpMethod::post, path);
    request.body = std::move(body);
    request.headers = std::move(headers);
    request.headers.emplace_back("content-type", "application/json");
    request.peer = "192.0.2.1";
    return request;
  }
  static std::pair<std::string, std::string> basic(const std::string& id, const std::string& secret) {
    return {"authorization", "Basic " + base64_encode(id + ":" + secret)};
  }

  Answer token(const Pairs& pairs, HttpFields headers = {}) {
    return answer_token(*core, post_form("/token", pairs, std::move(headers)), now());
  }

  static boost::json::object json_of(const Answer& answer) {
    boost::system::error_code failed;
    const auto value = boost::json::parse(answer.body, failed);
    return value.is_object() ? value.get_object() : boost::json::object();
  }
  static std::string member(const Answer& answer, const char* name) {
    const auto object = json_of(answer);
    const auto* const value = object.if_contains(name);
    return value && value->is_string() ? std::string(value->get_string()) : std::string();
  }
  static std::string error_of(const Answer& answer) { return member(answer, "error"); }
  static std::string header(const Answer& answer, std::string_view name) {
    for (const auto& [key, value] : answer.headers)
      if (key == name) return value;
    return {};
  }
  /// The claims of a token of ours, unverified.
  static boost::json::object claims_of(const std::string& token) {
    const auto first = token.find('.');
    const auto second = token.find('.', first + 1);
    const auto payload = base64url_decode(token.substr(first + 1, second - first - 1));
    return payload ? boost::json::parse(*payload).as_object() : boost::json::object();
  }

  std::string logged() const {
    const std::lock_guard lock(log_mutex);
    std::string out;
    for (const auto& line : log) out += line + "\n";
    return out;
  }

  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  OAuthServerOptions options = default_options();
  std::unique_ptr<Core> core;
  mutable std::mutex log_mutex;
  std::vector<std::string> log;
};

/// A JWT as somebody else would sign it.
inline std::string sign_claims(const SigningKey& key, const boost::json::object& claims, std::string_view type) {
  return key.sign(boost::json::serialize(claims), type);
}
inline std::string jwks_of(const SigningKey& key) { return "{\"keys\":[" + key.public_jwk() + "]}"; }

}  // namespace leanmcp::as
