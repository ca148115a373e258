#include <leanmcp/auth/claims.hpp>

#include <leanmcp/json/write.hpp>

#include <boost/json.hpp>

namespace leanmcp::inline v0 {

namespace {

std::string text(const json::object& claims, std::string_view name) {
  const json::value* const value = claims.if_contains(name);
  if (!value || !value->is_string()) return {};
  return std::string(value->get_string());
}

std::vector<std::string> words(const json::object& claims, std::string_view name) {
  std::vector<std::string> out;
  const json::value* const value = claims.if_contains(name);
  if (!value) return out;
  if (const json::array* const list = value->if_array()) {
    for (const json::value& item : *list)
      if (item.is_string()) out.emplace_back(item.get_string());
    return out;
  }
  if (!value->is_string()) return out;
  std::string_view rest = value->get_string();
  while (!rest.empty()) {
    const auto space = rest.find(' ');
    if (space != 0) out.emplace_back(rest.substr(0, space));
    rest = space == std::string_view::npos ? std::string_view() : rest.substr(space + 1);
  }
  return out;
}

}  // namespace

Principal principal_from_claims(const std::string& provider, const json::object& claims) {
  Principal::Fields fields;
  fields.provider = provider;
  fields.subject = text(claims, "sub");
  fields.id = fields.subject;
  fields.issuer = text(claims, "iss");
  for (const char* name : {"client_id", "azp", "cid", "appid"}) {
    if (fields.client_id.empty()) fields.client_id = text(claims, name);
  }
  fields.scopes = words(claims, "scope");
  if (fields.scopes.empty()) fields.scopes = words(claims, "scp");
  fields.roles = words(claims, "roles");
  fields.groups = words(claims, "groups");
  fields.permissions = words(claims, "permissions");
  fields.organisation = text(claims, "org_id");
  fields.claims_json = json_text(claims);
  if (const json::value* const exp = claims.if_contains("exp"); exp && exp->is_number())
    fields.expires_at = exp->to_number<std::int64_t>();
  fields.machine = !fields.client_id.empty() && fields.client_id == fields.subject;
  return Principal(std::move(fields));
}

bool has_profile(const json::object& claims) { return claims.contains("email") || claims.contains("name"); }

AuthUser user_from_claims(const Principal& principal, const json::object& claims) {
  AuthUser user;
  user.principal = principal;
  user.sub = principal.subject();
  user.user_id = principal.id();
  user.email = text(claims, "email");
  if (const json::value* const verified = claims.if_contains("email_verified")) {
    if (verified->is_bool()) user.email_verified = verified->get_bool();
    // Some providers write the boolean as a text.
    if (verified->is_string()) user.email_verified = verified->get_string() == "true";
  }
  user.name = text(claims, "name");
  user.first_name = text(claims, "given_name");
  user.last_name = text(claims, "family_name");
  user.image_url = text(claims, "picture");
  user.username = text(claims, "preferred_username");
  user.groups = principal.groups();
  json::object shape;
  shape["sub"] = user.sub;
  if (!user.email.empty()) shape["email"] = user.email;
  if (user.email_verified) shape["email_verified"] = *user.email_verified;
  if (!user.name.empty()) shape["name"] = user.name;
  user.json = json_text(shape);
  return user;
}

}  // namespace leanmcp::inline v0
