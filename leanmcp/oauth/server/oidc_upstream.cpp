#include <leanmcp/oauth/server/oidc_upstream.hpp>

#include <leanmcp/auth/claims.hpp>
#include <leanmcp/auth/jwt_parts.hpp>
#include <leanmcp/auth/provider_http.hpp>
#include <leanmcp/json/write.hpp>
#include <leanmcp/oauth/server/sign_in_wish.hpp>
#include <leanmcp/oauth/server/upstreams.hpp>

#include <boost/json.hpp>

#include <algorithm>

namespace leanmcp::inline v0 {
namespace as {

namespace {

UpstreamOptions with_openid(UpstreamOptions options) {
  if (!options.scopes_) options.scopes({"openid", "profile", "email"});
  return options;
}

}  // namespace

OidcUpstream::OidcUpstream(std::string issuer_url, UpstreamOptions options)
    : CodeUpstream(with_openid(std::move(options))), provider_issuer(std::move(issuer_url)) {}

Result<void> OidcUpstream::configure() {
  const auto document =
      detail::discover(fetcher_of(options().http_), provider_issuer, "The issuer of " + label(), discovery_url);
  if (!document) return document.error();
  // Configured, so it may be on a private network.
  const EndpointRules rules(provider_issuer, true);
  auto read = read_authorization_server(json_text(*document), provider_issuer, rules);
  if (!read) return Error(label() + ": " + std::string(to_string(read.error())));
  server = std::move(*read);
  if (!use_revocation) server.revocation_endpoint.clear();
  issuer = provider_issuer;
  const std::string jwks_url = claim_text(*document, "jwks_uri");
  if (!is_usable_endpoint(jwks_url)) return Error("the metadata of " + label() + " names no jwks_uri");
  // OpenID Connect Prompt Create 1.0, section 4.2.
  if (const auto prompts = claim_list(*document, "prompt_values_supported"); !prompts.empty())
    knows_login = knows_login && std::find(prompts.begin(), prompts.end(), "login") != prompts.end();
  userinfo_url_ = use_userinfo ? claim_text(*document, "userinfo_endpoint") : std::string();
  if (!userinfo_url_.empty() && !is_usable_endpoint(userinfo_url_))
    return Error("the userinfo endpoint of " + label() + " is no https URL");
  keys_ = std::make_unique<ProviderKeys>(options().http_, jwks_url);
  return {};
}

std::vector<std::string> OidcUpstream::issuers_for(const json::object&) const { return {provider_issuer}; }
bool OidcUpstream::key_may_sign(const json::object&, std::string_view) const { return true; }
bool OidcUpstream::accepts(const json::object&) const { return true; }

FormParameters OidcUpstream::wish_parameters(const SignInWish& wish) const {
  FormParameters out;
  const bool select = wish.select_account || (wish.again && !knows_login);
  std::string prompt = wish.again && knows_login ? "login" : "";
  if (select) prompt += prompt.empty() ? "select_account" : " select_account";
  if (!prompt.empty()) out.emplace_back("prompt", std::move(prompt));
  // With prompt=login too: it makes the provider say when that was (OpenID Connect Core 1.0, section 2). Nothing else
  // shows it, since whoever has the browser can take parameters out.
  if (wish.is_strict()) out.emplace_back("max_age", std::to_string(wish.again ? 0 : wish.max_age->count()));
  if (!wish.login_hint.empty()) out.emplace_back("login_hint", wish.login_hint);
  return out;
}

std::optional<TimePoint> OidcUpstream::signed_in(const json::object& claims) const {
  const auto time = claim_number(claims, "auth_time");
  if (!time || *time < 0) return std::nullopt;
  return TimePoint(std::chrono::seconds(*time));
}

Result<json::object, UpstreamFault> OidcUpstream::person(const OAuthTokens& tokens, const std::string& nonce,
                                                         TimePoint now) {
  const auto parts = split_jwt(tokens.id_token);
  if (!parts) return UpstreamFault::bad_id_token;
  const auto set = keys_->get(parts->jws.key_id, now);
  if (!set) return UpstreamFault::unreachable;
  IdTokenRules rules;
  rules.issuers = issuers_for(parts->claims);
  rules.client_id = options().client_id;
  rules.nonce = nonce;
  rules.algorithms = options().algorithms_;
  rules.access_token = tokens.access_token.reveal();
  const auto claims = check_id_token(tokens.id_token, set->keys, rules, now);
  if (!claims) return UpstreamFault::bad_id_token;
  const auto key_issuer = set->issuers.find(parts->jws.key_id);
  if (!key_may_sign(*claims, key_issuer == set->issuers.end() ? std::string_view() : key_issuer->second) ||
      !accepts(*claims))
    return UpstreamFault::bad_id_token;
  // A sign-in that is yet to come would be new for longer than it may be.
  if (const auto time = claim_number(*claims, "auth_time"); time && *time > unix_seconds(now + sign_in_skew))
    return UpstreamFault::bad_id_token;
  const std::string subject = stable_id(*claims, "sub");
  if (subject.empty()) return UpstreamFault::no_identity;
  if (userinfo_url_.empty() || (claims->contains("email") && claims->contains("name"))) return *claims;
  const auto more = get_object(userinfo_url_, tokens);
  if (!more) return more.error();
  // OpenID Connect Core 1.0, section 5.3.2.
  if (stable_id(*more, "sub") != subject) return UpstreamFault::other_person;
  json::object all = *more;
  // Of the sign-in only the ID token speaks.
  all.erase("auth_time");
  for (const auto& [name, value] : *claims) all.insert_or_assign(name, value);
  return all;
}

}  // namespace as

std::shared_ptr<Upstream> oidc_upstream(std::string issuer, UpstreamOptions options) {
  return std::make_shared<as::OidcUpstream>(std::move(issuer), std::move(options));
}

}  // namespace leanmcp::inline v0
