#pragma once

#include <leanmcp/base/encoding.hpp>
#include <leanmcp/base/random.hpp>
#include <leanmcp/crypto/digest.hpp>
#include <leanmcp/crypto/dpop.hpp>
#include <leanmcp/crypto/jws.hpp>
#include <leanmcp/json/write.hpp>
#include <leanmcp/oauth/client/form.hpp>
#include <leanmcp/oauth/server/core.hpp>
#include <leanmcp/oauth/server/signing_keys.hpp>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <memory>
#include <mutex>
#include <string>
#include <utility>

namespace leanmcp::as {

/// A server on a database in memory, with a clock that the test moves and without limits, for tests of one endpoint.
class CoreTest : public testing::Test {
 public:
  static constexpr const char* issuer = "https://as.example";
  static constexpr const char* resource = "https://api.example/mcp";
  static constexpr const char* other_resource = "https://other.example/mcp";
  static constexpr const char* redirect_uri = "http://127.0.0.1:7777/cb";
  static constexpr const char* machine_secret = "machine-secret:%+ 1234";

 protected:
  void SetUp() override { start(); }

  virtual void adjust(OAuthServerOptions&) {}

  void start(const std::string& database_url = "sqlite::memory:") {
    auto database = Database::open(database_url);
    ASSERT_TRUE(database) << database.error().detail;
    OAuthServerOptions options(issuer);
    options
        .protects(ProtectedApi(resource)
                      .scope("read", "Read your data")
                      .scope("write", "Change your data", false)
                      .scope("openid", "Know who you are", false)
                      .scope("profile", "Know your name", false)
                      .introspected_by("api", Secret("introspection-secret")))
        .protects(ProtectedApi(other_resource)
                      .scope("read", "Read")
                      .introspected_by("other-api", Secret("introspection-secret-2")))
        .keys(ring_)
        .clock(clock_)
        .logger(Logger([this](LogLevel, std::string_view line) {
          const std::lock_guard lock(log_mutex_);
          log_.append(line).append("\n");
        }));
    options.client(
        ConfiguredClient("machine").secret(Secret(machine_secret)).grant_type("client_credentials").scope("read"));
    options.limits().token_per_client = 0;
    options.limits().failures_per_address = 0;
    adjust(options);
    auto made = make_core(std::move(options), std::move(*database));
    ASSERT_TRUE(made) << made.error().message() << " " << made.error().detail();
    core_ = std::move(*made);
  }

  TimePoint now() const { return clock_->now(); }

  /// A registered public client, native.
  ClientRecord add_client(const std::string& id, ClientMethod method = ClientMethod::none,
                          const std::string& secret = {}) {
    ClientRecord client;
    client.client_id = id;
    client.name = "Test client";
    client.redirect_uris = {redirect_uri};
    client.grant_types = {"authorization_code", "refresh_token"};
    client.method = method;
    if (!secret.empty()) client.secret_digest = digest_of(secret);
    client.created = now();
    EXPECT_TRUE(*core_->store->add_client(client));
    return client;
  }

  struct Issued {
    std::string code;
    std::string verifier;
    std::string grant_id;
  };
  /// A code as `/callback` issues it, for the subject `github:1`.
  Issued issue_code(const std::string& client_id, const std::string& scope = "read",
                    const std::string& dpop_thumbprint = {}) {
    Issued out;
    out.code = random_id(32);
    out.verifier = random_id(32);
    out.grant_id = random_id(16);
    GrantRecord grant;
    grant.grant_id = out.grant_id;
    grant.subject = "github:1";
    grant.client_id = client_id;
    grant.scope = scope;
    grant.resource = resource;
    grant.upstream = "github";
    grant.profile = R"({"name":"Ann","email":"ann@example.com"})";
    grant.created = now();
    grant.signed_in = now();
    grant.expires = now() + core_->options.lifetimes_.grant;
    CodeRecord code;
    code.code_digest = digest_of(out.code);
    code.grant_id = out.grant_id;
    code.client_id = client_id;
    code.redirect_uri = redirect_uri;
    code.challenge = base64url_encode(sha256(out.verifier));
    code.scope = scope;
    code.resource = resource;
    code.nonce = "nonce-1";
    code.dpop_thumbprint = dpop_thumbprint;
    code.expires = now() + core_->options.lifetimes_.code;
    const auto added = core_->store->add_grant(grant, code);
    EXPECT_TRUE(added) << (added ? "" : added.error().detail);
    return out;
  }

  static Request form_request(std::string path, const FormParameters& form) {
    Request request(HttpMethod::post, std::move(path));
    request.headers = {{"content-type", "application/x-www-form-urlencoded"}};
    request.body = encode_form(form);
    request.peer = "192.0.2.1";
    return request;
  }
  static std::string basic(const std::string& id, const std::string& secret) {
    return "Basic " + base64_encode(encode_form_text(id) + ":" + encode_form_text(secret));
  }
  Answer token(const FormParameters& form, const HttpFields& headers = {}) {
    Request request = form_request("/token", form);
    request.headers.insert(request.headers.end(), headers.begin(), headers.end());
    return answer_token(*core_, request, now());
  }
  FormParameters code_form(const std::string& client_id, const Issued& issued) const {
    return {{"grant_type", "authorization_code"},
            {"code", issued.code},
            {"redirect_uri", redirect_uri},
            {"client_id", client_id},
            {"code_verifier", issued.verifier}};
  }
  static FormParameters refresh_form(const std::string& client_id, const std::string& refresh_token) {
    return {{"grant_type", "refresh_token"}, {"refresh_token", refresh_token}, {"client_id", client_id}};
  }
  static FormParameters with(FormParameters form, const std::string& name, const std::string& value) {
    for (auto& pair : form) {
      if (pair.first != name) continue;
      pair.second = value;
      return form;
    }
    form.emplace_back(name, value);
    return form;
  }
  HttpFields proof(const SigningKey& key, const std::string& path, const std::string& access_token = {}) const {
    const std::string url = core_->url(path);
    DpopRequest wanted("POST", url);
    wanted.access_token = access_token;
    return {{"dpop", make_dpop_proof(key, wanted, now())}};
  }

  static boost::json::object object(const std::string& text) {
    boost::system::error_code fault;
    const auto parsed = boost::json::parse(text, fault);
    EXPECT_TRUE(!fault && parsed.is_object()) << text;
    return parsed.is_object() ? parsed.get_object() : boost::json::object();
  }
  static std::string member(const std::string& text, std::string_view name) {
    const auto parsed = object(text);
    const auto* const value = parsed.if_contains(name);
    return value && value->is_string() ? std::string(value->get_string()) : std::string();
  }
  static std::string error_of(const Answer& answer) { return member(answer.body, "error"); }
  static std::string header(const Answer& answer, std::string_view name) {
    for (const auto& [known, value] : answer.headers)
      if (known == name) return value;
    return {};
  }
  /// What a token says, unverified.
  static boost::json::object claims(const std::string& jwt) {
    const auto parts = split_jws(jwt);
    EXPECT_TRUE(parts);
    return parts ? object(parts->payload) : boost::json::object();
  }
  bool live(const std::string& access_token) const {
    auto claims = live_access_token(*core_, access_token, now());
    EXPECT_TRUE(claims);
    return claims && claims->has_value();
  }
  /// A first pair of tokens.
  std::pair<std::string, std::string> sign_in(const std::string& client_id, const std::string& scope = "read") {
    const Answer answer = token(code_form(client_id, issue_code(client_id, scope)));
    EXPECT_EQ(answer.status, 200) << answer.body;
    return {member(answer.body, "access_token"), member(answer.body, "refresh_token")};
  }
  std::int64_t count(const std::string& sql) const { return (*core_->store->database().run(sql))[0].integer(0); }
  std::string log() const {
    const std::lock_guard lock(log_mutex_);
    return log_;
  }

  std::shared_ptr<ManualClock> clock_ = std::make_shared<ManualClock>();
  KeyRing ring_ = KeyRing::random();
  std::unique_ptr<Core> core_;
  mutable std::mutex log_mutex_;
  std::string log_;
};

}  // namespace leanmcp::as
