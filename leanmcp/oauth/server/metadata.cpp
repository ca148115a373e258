#include <leanmcp/oauth/server/core.hpp>

#include <leanmcp/json/write.hpp>
#include <leanmcp/oauth/server/client_assertion.hpp>
#include <leanmcp/oauth/server/signing_keys.hpp>

#include <boost/json.hpp>

#include <algorithm>
#include <set>

// RFC 8414 and OpenID Connect Discovery. Only what works here stands in it.
namespace leanmcp::inline v0::as {
namespace {

namespace json = boost::json;

bool any_client_has(const Core& core, std::string_view grant_type) {
  return std::any_of(core.options.clients_.begin(), core.options.clients_.end(), [&](const ConfiguredClient& client) {
    const auto& types = client.record.grant_types;
    return std::find(types.begin(), types.end(), grant_type) != types.end();
  });
}

json::array grant_types(const Core& core) {
  json::array out;
  if (core.has_people()) {
    out.emplace_back("authorization_code");
    out.emplace_back("refresh_token");
  }
  if (any_client_has(core, "client_credentials")) out.emplace_back("client_credentials");
  if (!core.options.trusted_.empty()) out.emplace_back(jwt_bearer_grant);
  if (core.options.exchange_) out.emplace_back(token_exchange_grant);
  return out;
}

json::array scopes(const Core& core) {
  std::set<std::string_view> seen;
  json::array out;
  for (const ProtectedApi& api : core.options.apis_)
    for (const ScopeDescription& scope : api.scopes)
      if (seen.insert(scope.name).second) out.emplace_back(scope.name);
  if (core.has_people()) out.emplace_back(offline_access);
  return out;
}

json::array texts(const std::vector<std::string>& list) {
  json::array out;
  for (const std::string& text : list) out.emplace_back(text);
  return out;
}

/// Read again within minutes, so that a change is known a day before it counts.
Answer public_document(std::string text, int seconds) {
  Answer out(200, "application/json", std::move(text));
  return out.with("Cache-Control", "public, max-age=" + std::to_string(seconds));
}

}  // namespace

Answer answer_metadata(Core& core, bool openid) {
  if (openid && !core.has_openid()) return oauth_error(404, "not_found", "There is no OpenID Connect here.");
  const OAuthServerOptions& set = core.options;
  const json::array secret_methods{"client_secret_basic", "client_secret_post", "private_key_jwt"};
  json::array methods = secret_methods;
  methods.insert(methods.begin(), "none");
  json::object out{{"issuer", set.issuer_}, {"token_endpoint", core.url("/token")}, {"jwks_uri", core.url("/jwks")}};
  if (core.has_people()) {
    out.emplace("authorization_endpoint", core.url("/authorize"));
    out.emplace("response_types_supported", json::array{"code"});
    out.emplace("response_modes_supported", json::array{"query"});
    out.emplace("code_challenge_methods_supported", json::array{"S256"});
    out.emplace("authorization_response_iss_parameter_supported", true);
    out.emplace("client_id_metadata_document_supported", set.documents_);
    out.emplace("request_parameter_supported", false);
    out.emplace("request_uri_parameter_supported", false);
    if (set.registration_ != Registration::off) out.emplace("registration_endpoint", core.url("/register"));
    if (set.pushed_) {
      out.emplace("pushed_authorization_request_endpoint", core.url("/par"));
      out.emplace("require_pushed_authorization_requests", set.pushed_required_);
    }
  } else {
    out.emplace("response_types_supported", json::array());
  }
  out.emplace("grant_types_supported", grant_types(core));
  out.emplace("scopes_supported", scopes(core));
  const json::array algorithms = texts(assertion_algorithms());
  const auto endpoint = [&](const std::string& name, std::string_view path, const json::array& ways) {
    out.insert_or_assign(name + "_endpoint", core.url(path));
    out.emplace(name + "_endpoint_auth_methods_supported", ways);
  };
  endpoint("token", "/token", methods);
  out.emplace("token_endpoint_auth_signing_alg_values_supported", algorithms);
  endpoint("revocation", "/revoke", methods);
  out.emplace("revocation_endpoint_auth_signing_alg_values_supported", algorithms);
  const bool introspection = std::any_of(set.apis_.begin(), set.apis_.end(),
                                         [](const ProtectedApi& api) { return !api.introspector.empty(); });
  if (introspection) endpoint("introspection", "/introspect", {"client_secret_basic", "client_secret_post"});
  json::array proofs;
  for (const JwsAlgorithm algorithm : DpopRules().algorithms) proofs.emplace_back(to_string(algorithm));
  out.emplace("dpop_signing_alg_values_supported", std::move(proofs));
  const bool jag = std::any_of(set.trusted_.begin(), set.trusted_.end(),
                               [](const TrustedIssuer& issuer) { return issuer.kind == TrustedIssuer::Kind::id_jag; });
  if (jag)
    out.emplace("authorization_grant_profiles_supported", json::array{"urn:ietf:params:oauth:grant-profile:id-jag"});
  json::array resources;
  for (const ProtectedApi& api : set.apis_) resources.emplace_back(api.resource);
  out.emplace("protected_resources", std::move(resources));
  if (openid || core.has_openid()) {
    out.emplace("userinfo_endpoint", core.url("/userinfo"));
    out.emplace("subject_types_supported", json::array{"public"});
    out.emplace("id_token_signing_alg_values_supported", json::array{to_string(core.keys->algorithm())});
    out.emplace("claims_supported", json::array{"iss", "sub", "aud", "exp", "iat", "nonce", "at_hash", "auth_time",
                                                "name", "preferred_username", "picture", "email", "email_verified"});
  }
  return public_document(json_text(out), 300);
}

Answer answer_jwks(Core& core, TimePoint now) {
  Answer out = public_document(core.keys->jwks(now), 600);
  out.content_type = "application/jwk-set+json";
  return out;
}

}  // namespace leanmcp::inline v0::as
