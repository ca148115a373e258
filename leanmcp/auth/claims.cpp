#include <leanmcp/auth/claims.hpp>

#include <leanmcp/json/parse.hpp>
#include <leanmcp/json/write.hpp>

#include <boost/json.hpp>

#include <algorithm>
#include <charconv>

namespace leanmcp::inline v0 {

namespace {

constexpr std::size_t most_claims_bytes = 512 * 1024;
constexpr std::size_t deepest_claims = 32;
constexpr std::size_t most_words = 1'000;

}  // namespace

std::optional<json::object> claims_of(std::string_view json_text) {
  ParseLimits limits;
  limits.bytes = most_claims_bytes;
  limits.depth = deepest_claims;
  auto value = parse_json(json_text, limits);
  if (!value || !value->is_object()) return std::nullopt;
  return std::move(value->get_object());
}

std::string claim_text(const json::object& claims, std::string_view name) {
  const json::value* const value = claims.if_contains(name);
  if (!value || !value->is_string()) return {};
  return std::string(value->get_string());
}

std::vector<std::string> claim_list(const json::object& claims, std::string_view name) {
  std::vector<std::string> out;
  const json::value* const value = claims.if_contains(name);
  if (!value) return out;
  if (value->is_string()) out.emplace_back(value->get_string());
  if (const json::array* const list = value->if_array()) {
    for (const json::value& item : *list)
      if (item.is_string() && out.size() < most_words) out.emplace_back(item.get_string());
  }
  return out;
}

std::vector<std::string> claim_words(const json::object& claims, std::string_view name) {
  const json::value* const value = claims.if_contains(name);
  if (!value || !value->is_string()) return claim_list(claims, name);
  std::vector<std::string> out;
  std::string_view rest = value->get_string();
  while (!rest.empty() && out.size() < most_words) {
    const auto space = rest.find(' ');
    if (space != 0) out.emplace_back(rest.substr(0, space));
    rest = space == std::string_view::npos ? std::string_view() : rest.substr(space + 1);
  }
  return out;
}

std::optional<long long> claim_number(const json::object& claims, std::string_view name) {
  const json::value* const value = claims.if_contains(name);
  if (!value) return std::nullopt;
  if (value->is_int64()) return value->get_int64();
  if (value->is_double()) {
    const double number = value->get_double();
    if (!(number > -1e15 && number < 1e15)) return std::nullopt;
    return static_cast<long long>(number);
  }
  if (!value->is_string()) return std::nullopt;
  const std::string_view text = value->get_string();
  long long number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<bool> claim_flag(const json::object& claims, std::string_view name) {
  const json::value* const value = claims.if_contains(name);
  if (!value) return std::nullopt;
  if (value->is_bool()) return value->get_bool();
  if (value->is_string() && value->get_string() == "true") return true;
  if (value->is_string() && value->get_string() == "false") return false;
  return std::nullopt;
}

const json::object* claim_object(const json::object& claims, std::string_view name) {
  const json::value* const value = claims.if_contains(name);
  return value ? value->if_object() : nullptr;
}

bool has_audience(const json::object& claims, std::string_view audience) {
  const json::value* const value = claims.if_contains("aud");
  if (!value || audience.empty()) return false;
  const auto same = [&](const json::value& item) { return item.is_string() && item.get_string() == audience; };
  const json::array* const list = value->if_array();
  return list ? std::any_of(list->begin(), list->end(), same) : same(*value);
}

std::string client_of(const json::object& claims) {
  for (const char* name : {"client_id", "azp", "cid", "appid"}) {
    std::string client = claim_text(claims, name);
    if (!client.empty()) return client;
  }
  return {};
}

Principal::Fields principal_fields(const std::string& provider, const json::object& claims) {
  Principal::Fields fields;
  fields.provider = provider;
  fields.subject = claim_text(claims, "sub");
  fields.id = fields.subject;
  fields.issuer = claim_text(claims, "iss");
  fields.client_id = client_of(claims);
  fields.scopes = claim_words(claims, "scope");
  if (fields.scopes.empty()) fields.scopes = claim_words(claims, "scp");
  fields.roles = claim_words(claims, "roles");
  fields.groups = claim_list(claims, "groups");
  fields.permissions = claim_words(claims, "permissions");
  fields.organisation = claim_text(claims, "org_id");
  if (const json::object* const actor = claim_object(claims, "act")) fields.actor = claim_text(*actor, "sub");
  fields.expires_at = claim_number(claims, "exp").value_or(0);
  fields.machine = !fields.client_id.empty() && fields.client_id == fields.subject;
  return fields;
}

Principal principal_from_claims(const std::string& provider, const json::object& claims) {
  auto fields = principal_fields(provider, claims);
  fields.claims_json = json_text(claims);
  return Principal(std::move(fields));
}

bool has_profile(const json::object& claims) { return claims.contains("email") || claims.contains("name"); }

json::value text_or_null(const std::string& text) { return text.empty() ? json::value(nullptr) : json::value(text); }

AuthUser user_from_claims(const Principal& principal, const json::object& claims) {
  AuthUser user;
  user.principal = principal;
  user.sub = principal.subject();
  user.user_id = principal.id();
  user.email = claim_text(claims, "email");
  user.email_verified = claim_flag(claims, "email_verified");
  user.name = claim_text(claims, "name");
  user.first_name = claim_text(claims, "given_name");
  user.last_name = claim_text(claims, "family_name");
  user.image_url = claim_text(claims, "picture");
  user.username = claim_text(claims, "preferred_username");
  user.groups = principal.groups();
  user.claims_json = json_text(claims);
  json::object shape;
  shape["sub"] = user.sub;
  shape["email"] = text_or_null(user.email);
  shape["email_verified"] = user.email_verified ? json::value(*user.email_verified) : json::value(nullptr);
  shape["name"] = text_or_null(user.name);
  user.json = json_text(shape);
  return user;
}

}  // namespace leanmcp::inline v0
