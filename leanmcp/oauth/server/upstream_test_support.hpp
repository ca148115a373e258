#pragma once

#include <leanmcp/base/encoding.hpp>
#include <leanmcp/crypto/digest.hpp>
#include <leanmcp/crypto/signing_key.hpp>
#include <leanmcp/http/client_test_server.hpp>
#include <leanmcp/json/write.hpp>
#include <leanmcp/oauth/client/form.hpp>
#include <leanmcp/oauth/server/upstreams.hpp>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace leanmcp::as {

/// A provider on loopback that answers each path as a test says, and remembers what it was asked.
class ProviderDouble {
 public:
  struct Reply {
    int status = 200;
    std::string body;
    std::string type = "application/json";
  };
  struct Asked {
    std::string method;
    std::string path;
    std::string head;
    std::map<std::string, std::string> form;
  };
  using Rule = std::function<Reply(const Asked&)>;

  ProviderDouble()
      : key(SigningKey::generate(JwsAlgorithm::es256)),
        server_([this](const std::string& text) { return serve(text); }) {
    on("/jwks", [this](const Asked&) { return Reply{200, R"({"keys":[)" + key.public_jwk() + "]}"}; });
  }

  std::string base() const { return "http://127.0.0.1:" + std::to_string(server_.port()); }
  void on(const std::string& path, Rule rule) {
    const std::lock_guard lock(mutex_);
    rules_[path] = std::move(rule);
  }
  void on(const std::string& path, json::object body, int status = 200) {
    on(path, [text = json_text(body), status](const Asked&) { return Reply{status, text}; });
  }
  /// What came to the path, in order.
  std::vector<Asked> asked(const std::string& path) {
    const std::lock_guard lock(mutex_);
    std::vector<Asked> out;
    for (const Asked& one : asked_)
      if (one.path == path) out.push_back(one);
    return out;
  }

  /// An OpenID provider at `issuer` (below this double), with its discovery document at `at`.
  void openid(const std::string& issuer, const std::string& at = "/.well-known/openid-configuration",
              json::object more = {}) {
    json::object document{{"issuer", issuer},
                          {"authorization_endpoint", base() + "/authorize"},
                          {"token_endpoint", base() + "/token"},
                          {"jwks_uri", base() + "/jwks"},
                          {"token_endpoint_auth_methods_supported", {"client_secret_basic", "client_secret_post"}}};
    for (auto& [name, value] : more) document[name] = value;
    on(at, document);
  }
  /// Claims of a good ID token for client "client", with the nonce of the tests.
  json::object claims(const std::string& issuer) const {
    return {{"iss", issuer},
            {"aud", "client"},
            {"sub", "s-1"},
            {"exp", 1'800'000'300},
            {"iat", 1'799'999'990},
            {"nonce", "nonce-1"},
            {"email", "ada@example.com"},
            {"name", "Ada L"}};
  }
  /// Answers the token endpoint with such tokens.
  void gives(const json::object& id_claims, const std::string& path = "/token") {
    on(path, json::object{{"access_token", "up-access"},
                          {"token_type", "Bearer"},
                          {"expires_in", 3600},
                          {"refresh_token", "up-refresh"},
                          {"scope", "openid email"},
                          {"id_token", key.sign(json_text(id_claims), "JWT")}});
  }

  SigningKey key;

 private:
  leanmcp::detail::ScriptedServer::Answer serve(const std::string& text) {
    Asked asked;
    const auto line = text.substr(0, text.find("\r\n"));
    asked.method = line.substr(0, line.find(' '));
    std::string target = line.substr(asked.method.size() + 1);
    target = target.substr(0, target.find(' '));
    asked.path = target.substr(0, target.find('?'));
    const auto end = text.find("\r\n\r\n");
    asked.head = text.substr(0, end);
    if (const auto form = decode_form(text.substr(end + 4)))
      for (const auto& [name, value] : *form) asked.form[name] = value;
    Rule rule;
    {
      const std::lock_guard lock(mutex_);
      asked_.push_back(asked);
      const auto found = rules_.find(asked.path);
      if (found != rules_.end()) rule = found->second;
    }
    const Reply reply = rule ? rule(asked) : Reply{404, "{}"};
    return {"HTTP/1.1 " + std::to_string(reply.status) + " X\r\nContent-Type: " + reply.type +
            "\r\nContent-Length: " + std::to_string(reply.body.size()) + "\r\n\r\n" + reply.body};
  }

  std::mutex mutex_;
  std::map<std::string, Rule> rules_;
  std::vector<Asked> asked_;
  leanmcp::detail::ScriptedServer server_;
};

inline UpstreamOptions upstream_client(const ProviderDouble& provider) {
  return UpstreamOptions("client", Secret("a secret%:")).at(provider.base());
}

inline const TimePoint upstream_now{std::chrono::milliseconds(1'800'000'000'000)};
inline const Secret upstream_verifier(std::string(43, 'v'));
inline constexpr const char* upstream_callback = "https://as.example/callback/x";

inline Result<UpstreamPerson, UpstreamFault> finish_at(Upstream& upstream,
                                                       const std::string& query = "code=c-1&state=s",
                                                       const SignInWish& wish = {}) {
  return upstream.finish(query, upstream_callback, upstream_verifier, "nonce-1", wish, upstream_now);
}
/// The person's id, or the fault in words.
inline std::string outcome_of(const Result<UpstreamPerson, UpstreamFault>& result) {
  return result ? result.value().id : "! " + std::string(to_string(result.error()));
}
inline std::map<std::string, std::string> query_at(const std::string& url) {
  std::map<std::string, std::string> out;
  const auto pairs = decode_form(std::string_view(url).substr(url.find('?') + 1));
  for (const auto& [name, value] : *pairs) out[name] = value;
  return out;
}

}  // namespace leanmcp::as
