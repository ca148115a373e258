#include <leanmcp/oauth/server/core.hpp>

#include <leanmcp/base/encoding.hpp>
#include <leanmcp/base/random.hpp>
#include <leanmcp/crypto/digest.hpp>
#include <leanmcp/crypto/jwt.hpp>
#include <leanmcp/crypto/strict_json.hpp>
#include <leanmcp/json/write.hpp>
#include <leanmcp/oauth/server/signing_keys.hpp>

namespace leanmcp::inline v0::as {
namespace {

using leanmcp::detail::strict_object;
using leanmcp::detail::text_member;

constexpr std::string_view token_type = "at+jwt";

/// Appends `"name":"value",`.
void text(std::string& out, std::string_view name, std::string_view value) {
  out.append("\"").append(name).append("\":");
  append_json_string(out, value);
  out += ',';
}

void put_auth_time(std::string& out, const std::optional<TimePoint>& signed_in) {
  if (signed_in) out.append("\"auth_time\":").append(std::to_string(unix_seconds(*signed_in))).append(",");
}

void times(std::string& out, TimePoint now, std::chrono::seconds lifetime) {
  const std::int64_t issued = unix_seconds(now);
  out.append("\"iat\":").append(std::to_string(issued));
  out.append(",\"exp\":").append(std::to_string(issued + lifetime.count()));
}

JwtRules rules_of(const Core& core) {
  std::vector<std::string> audiences;
  for (const ProtectedApi& api : core.options.apis_) audiences.push_back(api.resource);
  JwtRules rules = JwtRules::any_of({core.options.issuer_}, std::move(audiences), {"ES256", "RS256"});
  rules.types = {std::string(token_type)};
  // The clocks are those of instances of one server.
  rules.skew = std::chrono::seconds(5);
  return rules;
}

}  // namespace

std::string sign_access_token(const Core& core, const AccessTokenClaims& claims, TimePoint now,
                              std::chrono::seconds lifetime) {
  std::string out = "{";
  text(out, "iss", core.options.issuer_);
  text(out, "sub", claims.subject);
  text(out, "aud", claims.audience);
  text(out, "client_id", claims.client_id);
  if (!claims.scope.empty()) text(out, "scope", claims.scope);
  if (!claims.grant_id.empty()) text(out, "fam", claims.grant_id);
  if (!claims.thumbprint.empty()) {
    out += "\"cnf\":{\"jkt\":";
    append_json_string(out, claims.thumbprint);
    out += "},";
  }
  if (!claims.actor.empty()) out.append("\"act\":").append(claims.actor).append(",");
  put_auth_time(out, claims.signed_in);
  text(out, "jti", random_id(16));
  times(out, now, lifetime);
  return core.keys->current(now).sign(out + "}", token_type);
}

Result<std::optional<std::string>, StorageError> live_access_token(const Core& core, std::string_view token,
                                                                   TimePoint now) {
  using Claims = std::optional<std::string>;
  const JwtRules rules = rules_of(core);
  auto verified = verify_jwt(token, core.keys->published(now), rules, now);
  if (!verified && verified.error() == TokenFault::unknown_key) {
    core.keys->look_again(now);
    verified = verify_jwt(token, core.keys->published(now), rules, now);
  }
  if (!verified) return Claims();
  const auto claims = strict_object(verified->claims, 8);
  if (!claims) return Claims();
  const auto* const id = text_member(*claims, "jti");
  if (!id) return Claims();
  auto denied = core.store->denied(std::string_view(*id));
  if (!denied) return denied.error();
  if (*denied) return Claims();
  if (const auto* const family = text_member(*claims, "fam")) {
    auto grant = core.store->grant(std::string_view(*family));
    if (!grant) return grant.error();
    if (!*grant || (*grant)->revoked || (*grant)->expires <= now) return Claims();
  }
  return Claims(std::move(verified->claims));
}

std::string sign_id_token(const Core& core, const std::string& subject, const std::string& client_id,
                          const std::string& nonce, std::string_view access_token,
                          const std::optional<TimePoint>& signed_in, TimePoint now) {
  std::string out = "{";
  text(out, "iss", core.options.issuer_);
  text(out, "sub", subject);
  text(out, "aud", client_id);
  if (!nonce.empty()) text(out, "nonce", nonce);
  text(out, "at_hash", base64url_encode(sha256(access_token).substr(0, 16)));
  put_auth_time(out, signed_in);
  times(out, now, core.options.lifetimes_.access_token);
  return core.keys->current(now).sign(out + "}", "JWT");
}

}  // namespace leanmcp::inline v0::as
