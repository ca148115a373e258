#include <leanmcp/auth/user_lookup.hpp>

#include <leanmcp/auth/claims.hpp>
#include <leanmcp/auth/provider_http.hpp>

namespace leanmcp::inline v0::detail {

json::object merged_claims(const Principal& principal, const json::object& profile) {
  json::object merged = claims_of(principal.claims_json()).value_or(json::object());
  for (const auto& [key, value] : profile) merged[key] = value;
  return merged;
}

std::string audiences(const json::object& claims) {
  std::string out = "[";
  for (const auto& audience : claim_list(claims, "aud")) out.append(out.size() > 1 ? ", " : "").append(audience);
  return out + "]";
}

void look_up_userinfo(const Fetcher& fetcher, const std::string& url, const Principal& principal,
                      std::string_view token, ShapeUser shape, JwtProvider::UserDone done) {
  ClientRequest request = get_request(url);
  with_bearer(request, token);
  fetcher(std::move(request), [principal, shape = std::move(shape), done = std::move(done)](HttpClient::Outcome got) {
    if (got && got->status == 401)
      return done(AuthFault(AuthCode::invalid_token, "the provider refuses the token at its userinfo endpoint"));
    if (!got || got->status != 200) return done(unavailable("the profile cannot be fetched", got));
    const auto profile = object_of(got);
    const std::string sub = profile ? claim_text(*profile, "sub") : std::string();
    if (sub.empty() || (sub != principal.subject() && sub != principal.id()))
      return done(AuthFault(AuthCode::verification_failed, "the profile is broken or another person's"));
    json::object merged = merged_claims(principal, *profile);
    merged["sub"] = principal.subject();
    done(std::make_shared<const AuthUser>(shape(principal, merged)));
  });
}

}  // namespace leanmcp::inline v0::detail
