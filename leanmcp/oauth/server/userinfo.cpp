#include <leanmcp/oauth/server/core.hpp>

#include <leanmcp/crypto/strict_json.hpp>
#include <leanmcp/http/header_name.hpp>
#include <leanmcp/json/write.hpp>

#include <boost/json.hpp>

// OpenID Connect Core, section 5.3; RFC 6750, section 3; RFC 9449, section 7.
namespace leanmcp::inline v0::as {
namespace {

namespace json = boost::json;
using leanmcp::detail::is_in_any_case;
using leanmcp::detail::strict_object;
using leanmcp::detail::text_member;

Answer denied(int status, std::string_view scheme, std::string_view error) {
  std::string challenge(scheme);
  if (error.empty()) {
    challenge += " realm=\"userinfo\"";
  } else {
    challenge.append(" error=\"").append(error).append("\"");
  }
  if (error == "insufficient_scope") challenge += ", scope=\"openid\"";
  if (scheme == "DPoP") challenge += ", algs=\"ES256 ES384 EdDSA RS256 PS256\"";
  Answer out = error.empty() ? json_answer(status, "{}") : oauth_error(status, error, "");
  return out.with("WWW-Authenticate", std::move(challenge));
}

struct Presented {
  std::string_view token;
  bool dpop = false;
};

std::optional<Presented> presented(const Request& request) {
  if (request.header_count("authorization") != 1) return std::nullopt;
  const std::string_view value = request.header("authorization");
  const std::size_t blank = value.find(' ');
  if (blank == std::string_view::npos) return std::nullopt;
  Presented out;
  out.dpop = is_in_any_case(value.substr(0, blank), "dpop");
  if (!out.dpop && !is_in_any_case(value.substr(0, blank), "bearer")) return std::nullopt;
  out.token = value.substr(blank + 1);
  return out;
}

std::string thumbprint_in(const json::object& claims) {
  const json::value* const cnf = claims.if_contains("cnf");
  if (!cnf || !cnf->is_object()) return {};
  const json::string* const jkt = text_member(cnf->get_object(), "jkt");
  return jkt ? std::string(*jkt) : std::string();
}

/// The claims a scope stands for (OpenID Connect Core, section 5.4).
void add_claims(json::object& out, const json::object& profile, std::string_view scope) {
  const auto add = [&](std::string_view name) {
    const json::value* const value = profile.if_contains(name);
    if (value && !value->is_null()) out.emplace(name, *value);
  };
  if (has_scope(scope, "profile"))
    for (const char* const name : {"name", "preferred_username", "picture"}) add(name);
  if (has_scope(scope, "email"))
    for (const char* const name : {"email", "email_verified"}) add(name);
}

}  // namespace

Answer answer_userinfo(Core& core, const Request& request, TimePoint now) {
  const auto given = presented(request);
  if (!given) return denied(401, "Bearer", "");
  const std::string_view scheme = given->dpop ? "DPoP" : "Bearer";
  auto live = live_access_token(core, given->token, now);
  if (!live) return to_answer(storage_failed(live.error()));
  const auto claims =
      *live ? strict_object(**live, 8)
            : Result<json::object, leanmcp::detail::StrictFault>(leanmcp::detail::StrictFault::not_an_object);
  if (!claims) return denied(401, scheme, "invalid_token");
  // A bound token is no bearer token, and a proof binds nothing else.
  const std::string thumbprint = thumbprint_in(*claims);
  if (thumbprint.empty() == given->dpop) return denied(401, scheme, "invalid_token");
  if (given->dpop) {
    auto proof = check_dpop(core, request, "/userinfo", now, given->token);
    if (!proof) {
      Answer out = denied(401, scheme, proof.error().error);
      if (!proof.error().dpop_nonce.empty()) out.with("DPoP-Nonce", proof.error().dpop_nonce);
      return out;
    }
    if (!*proof || (*proof)->thumbprint != thumbprint) return denied(401, scheme, "invalid_dpop_proof");
  }
  const json::string* const scope = text_member(*claims, "scope");
  const json::string* const family = text_member(*claims, "fam");
  const json::string* const subject = text_member(*claims, "sub");
  if (!scope || !family || !subject || !has_scope(*scope, "openid")) return denied(403, scheme, "insufficient_scope");
  auto grant = core.store->grant(std::string_view(*family));
  if (!grant) return to_answer(storage_failed(grant.error()));
  if (!*grant) return denied(401, scheme, "invalid_token");
  json::object out{{"sub", *subject}};
  const auto profile = strict_object((*grant)->profile, 8);
  if (profile) add_claims(out, *profile, *scope);
  return json_answer(200, json_text(out));
}

}  // namespace leanmcp::inline v0::as
