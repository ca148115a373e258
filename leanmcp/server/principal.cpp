#include <leanmcp/server/principal.hpp>

#include <leanmcp/json/parse.hpp>
#include <leanmcp/protocol/message.hpp>

#include <boost/json.hpp>

#include <algorithm>

namespace leanmcp::inline v0 {

namespace {

bool contains(const std::vector<std::string>& list, std::string_view item) noexcept {
  return std::find(list.begin(), list.end(), item) != list.end();
}

}  // namespace

Principal::Principal(Fields fields) {
  auto data = std::make_shared<Data>();
  // The provider's length first: "a" + "b:c" and "a:b" + "c" must not meet.
  if (!fields.id.empty()) data->key = std::to_string(fields.provider.size()) + ":" + fields.provider + ":" + fields.id;
  // The word itself, or an escape that may hide a letter of it.
  const std::string& claims = fields.claims_json;
  data->mentions_key = claims.find("cnf") != std::string::npos || claims.find("\\u") != std::string::npos;
  data->fields = std::move(fields);
  data_ = std::move(data);
}

bool Principal::has_scope(std::string_view scope) const noexcept { return contains(scopes(), scope); }
bool Principal::has_role(std::string_view role) const noexcept { return contains(roles(), role); }
bool Principal::has_group(std::string_view group) const noexcept { return contains(groups(), group); }
bool Principal::has_permission(std::string_view permission) const noexcept {
  return contains(permissions(), permission);
}

std::string Principal::claim(std::string_view name) const {
  const auto claims = parse_json(claims_json(), ParseLimits());
  if (!claims || !claims->is_object()) return {};
  const json::value* const value = claims->get_object().if_contains(name);
  if (!value || !value->is_string()) return {};
  return std::string(value->get_string());
}

Principal test_principal(std::string id, std::vector<std::string> scopes) {
  Principal::Fields fields;
  fields.provider = "test";
  fields.subject = id;
  fields.id = std::move(id);
  fields.scopes = std::move(scopes);
  return Principal(std::move(fields));
}

AuthUser test_user(std::string id, std::string email, std::string name) {
  AuthUser user;
  user.principal = test_principal(id);
  user.sub = id;
  user.user_id = std::move(id);
  user.email = std::move(email);
  user.name = name;
  const auto space = name.find(' ');
  user.first_name = name.substr(0, space);
  if (space != std::string::npos) user.last_name = name.substr(space + 1);
  user.json = "{\"sub\":";
  append_json_string(user.json, user.sub);
  user.json += ",\"email\":";
  append_json_string(user.json, user.email);
  user.json += '}';
  return user;
}

}  // namespace leanmcp::inline v0
