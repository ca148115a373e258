#include <leanmcp/base/encoding.hpp>
#include <leanmcp/base/random.hpp>
#include <leanmcp/crypto/digest.hpp>
#include <leanmcp/sandbox/identity_impl.hpp>
#include <leanmcp/sandbox/stripe_objects.hpp>

#include <algorithm>

namespace leanmcp::inline v0::sandbox {
namespace {

namespace json = boost::json;

constexpr std::string_view default_scope = "openid profile email";

bool has_scope(const std::string& scopes, std::string_view wanted) {
  const std::string padded = " " + scopes + " ";
  return padded.find(" " + std::string(wanted) + " ") != std::string::npos;
}

Answer invalid_grant(std::string_view why) { return oauth_error(400, "invalid_grant", why); }

}  // namespace

std::optional<std::string> IdentityDouble::Impl::audience_for(const std::string& resource) const {
  const auto& known = options_.audiences;
  if (resource.empty()) return known.empty() ? options_.issuer : known.front();
  if (known.empty() || std::find(known.begin(), known.end(), resource) != known.end()) return resource;
  return std::nullopt;
}

/// The client by RFC 6749, section 2.3; nullopt when the secret it sent is wrong.
std::optional<IdentityDouble::Impl::Client> IdentityDouble::Impl::authenticate(const Request& request,
                                                                               const FormPairs& form) const {
  Client client{form_value(form, "client_id"), false};
  std::string secret = form_value(form, "client_secret");
  constexpr std::string_view basic = "Basic ";
  const std::string_view header = request.header("authorization");
  if (header.starts_with(basic)) {
    const auto decoded = base64_decode(header.substr(basic.size()));
    const auto colon = decoded ? decoded->find(':') : std::string::npos;
    if (colon == std::string::npos) return std::nullopt;
    // Both halves are form-encoded (RFC 6749, section 2.3.1).
    const auto pairs = parse_form("id=" + decoded->substr(0, colon) + "&secret=" + decoded->substr(colon + 1));
    if (!pairs) return std::nullopt;
    client.id = form_value(*pairs, "id");
    secret = form_value(*pairs, "secret");
  }
  if (client.id.empty()) return std::nullopt;
  client.authenticated = !secret.empty();
  if (client.authenticated && !constant_time_equal(secret, options_.client_secret)) return std::nullopt;
  return client;
}

std::string IdentityDouble::Impl::access_token(const Grant& grant, std::int64_t expires_in) {
  json::object claims{{"iss", options_.issuer}, {"aud", grant.audience}, {"client_id", grant.client_id},
                      {"scope", grant.scope},   {"iat", now()},          {"exp", now() + expires_in},
                      {"jti", random_id()}};
  const auto person = find_person(grant.user);
  claims["sub"] = person ? person->subject() : grant.client_id;
  if (person) person->add_claims(claims);
  // A token that has expired was issued before it did.
  if (expires_in <= 0) claims["iat"] = now() + expires_in - 60;
  std::string token = signer_->sign(json::serialize(claims), "at+jwt");
  Grant known = grant;
  known.expires_at = now() + expires_in;
  access_tokens_[sha256(token)] = std::move(known);
  return token;
}

Answer IdentityDouble::Impl::issue(const Grant& grant, bool first) {
  const std::int64_t lifetime = options_.access_lifetime.count();
  json::object body{{"access_token", access_token(grant, lifetime)},
                    {"token_type", "Bearer"},
                    {"expires_in", lifetime},
                    {"scope", grant.scope}};
  const auto person = find_person(grant.user);
  if (person) {
    Grant kept = grant;
    kept.expires_at = now() + options_.refresh_lifetime.count();
    kept.used = false;
    const std::string refresh_token = random_id(32);
    refresh_tokens_[refresh_token] = std::move(kept);
    body["refresh_token"] = refresh_token;
  }
  if (person && has_scope(grant.scope, "openid")) {
    json::object claims{{"iss", options_.issuer}, {"sub", person->subject()}, {"aud", grant.client_id},
                        {"iat", now()},           {"exp", now() + lifetime},  {"auth_time", now()}};
    person->add_claims(claims);
    if (first && !grant.nonce.empty()) claims["nonce"] = grant.nonce;
    body["id_token"] = signer_->sign(json::serialize(claims), "JWT");
  }
  return json_answer(body);
}

void IdentityDouble::Impl::forget_family(const std::string& family) {
  std::erase_if(refresh_tokens_, [&](const auto& entry) { return entry.second.family == family; });
  std::erase_if(access_tokens_, [&](const auto& entry) { return entry.second.family == family; });
}

Answer IdentityDouble::Impl::exchange_code(const Client& client, const FormPairs& form) {
  const auto found = codes_.find(form_value(form, "code"));
  if (found == codes_.end()) return invalid_grant("The code is unknown or expired");
  Grant& grant = found->second;
  if (grant.used) {
    // Somebody else has it: what was issued for it ends (RFC 6749, section 4.1.2).
    forget_family(grant.family);
    return invalid_grant("The code was used before");
  }
  if (grant.client_id != client.id || grant.redirect_uri != form_value(form, "redirect_uri"))
    return invalid_grant("The code was issued to another client or redirect URI");
  const std::string verifier = form_value(form, "code_verifier");
  const bool proven = verifier.size() >= 43 && verifier.size() <= 128 &&
                      constant_time_equal(base64url_encode(sha256(verifier)), grant.challenge);
  if (!proven) return invalid_grant("code_verifier does not fit code_challenge");
  const std::string resource = form_value(form, "resource");
  if (!resource.empty() && resource != grant.audience) return oauth_error(400, "invalid_target", "Another resource");
  grant.used = true;
  if (grant.scope.empty()) grant.scope = default_scope;
  return issue(grant, true);
}

Answer IdentityDouble::Impl::refresh(const Client& client, const FormPairs& form) {
  const auto found = refresh_tokens_.find(form_value(form, "refresh_token"));
  if (found == refresh_tokens_.end() || found->second.client_id != client.id)
    return invalid_grant("The refresh token is unknown, expired or another client's");
  if (found->second.used) {
    const std::string family = found->second.family;
    forget_family(family);
    return invalid_grant("The refresh token was used before");
  }
  found->second.used = true;
  return issue(found->second, false);
}

Answer IdentityDouble::Impl::client_credentials(const Client& client, const FormPairs& form) {
  if (!client.authenticated) return oauth_error(401, "invalid_client", "client_credentials needs a client secret");
  const auto audience = audience_for(form_value(form, "resource"));
  if (!audience) return oauth_error(400, "invalid_target", "Not a resource of this sandbox");
  Grant grant;
  grant.client_id = client.id;
  grant.scope = form_value(form, "scope");
  grant.audience = *audience;
  return issue(grant, true);
}

Answer IdentityDouble::Impl::token(const Request& request) {
  const auto form = parse_form(request.body);
  if (!form) return oauth_error(400, "invalid_request", "The form is malformed");
  const auto client = authenticate(request, *form);
  if (!client) {
    Answer refused = oauth_error(401, "invalid_client", "Unknown client or wrong secret");
    refused.headers.emplace_back("WWW-Authenticate", "Basic realm=\"sandbox\"");
    return refused;
  }
  const std::string type = form_value(*form, "grant_type");
  if (type == "authorization_code") return exchange_code(*client, *form);
  if (type == "refresh_token") return refresh(*client, *form);
  if (type == "client_credentials") return client_credentials(*client, *form);
  return oauth_error(400, "unsupported_grant_type", "authorization_code, refresh_token or client_credentials");
}

Answer IdentityDouble::Impl::quick_token(const Request& request, bool plain) {
  const auto query = parse_form(request.query);
  const auto person = query ? find_person(form_value(*query, "user")) : std::nullopt;
  if (!person) return oauth_error(400, "invalid_request", "user: lower-case letters, digits, dots and dashes");
  const auto audience = audience_for(form_value(*query, "audience"));
  if (!audience) return oauth_error(400, "invalid_target", "Not an audience of this sandbox");
  Grant grant;
  grant.client_id = "sandbox";
  grant.user = person->name;
  grant.audience = *audience;
  grant.scope = form_value(*query, "scope");
  if (grant.scope.empty()) grant.scope = default_scope;
  grant.family = random_id();
  const std::string wanted = form_value(*query, "expires_in");
  const std::int64_t expires_in = parse_integer(wanted).value_or(options_.access_lifetime.count());
  constexpr std::int64_t a_year = 31'536'000;
  if (expires_in < -a_year || expires_in > a_year) return oauth_error(400, "invalid_request", "expires_in: too far");
  if (plain) {
    return Answer{200, "text/plain; charset=utf-8", access_token(grant, expires_in), {{"Cache-Control", "no-store"}}};
  }
  if (!wanted.empty()) {
    return json_answer(
        {{"access_token", access_token(grant, expires_in)}, {"token_type", "Bearer"}, {"expires_in", expires_in}});
  }
  return issue(grant, true);
}

Answer IdentityDouble::Impl::revoke(const Request& request) {
  const auto form = parse_form(request.body);
  if (!form) return oauth_error(400, "invalid_request", "The form is malformed");
  const std::string token = form_value(*form, "token");
  const auto found = refresh_tokens_.find(token);
  if (found != refresh_tokens_.end()) {
    const std::string family = found->second.family;
    forget_family(family);
  }
  access_tokens_.erase(sha256(token));
  return json_answer({});
}

}  // namespace leanmcp::inline v0::sandbox
