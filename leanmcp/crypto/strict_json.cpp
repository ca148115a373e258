#include <leanmcp/crypto/strict_json.hpp>

namespace leanmcp::inline v0::detail {

namespace json = boost::json;

namespace {

/// Members of a text that is known to be valid JSON: each has exactly one colon outside of strings.
std::size_t members_written(std::string_view text) {
  std::size_t count = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') {
      quoted = !quoted;
    } else if (quoted) {
      if (text[i] == '\\') ++i;
    } else if (text[i] == ':') {
      ++count;
    }
  }
  return count;
}

/// Boost.JSON keeps one of the members with the same name.
std::size_t members_kept(const json::value& value) {
  std::size_t count = 0;
  if (const json::object* const object = value.if_object()) {
    count = object->size();
    for (const auto& member : *object) count += members_kept(member.value());
  } else if (const json::array* const array = value.if_array()) {
    for (const json::value& item : *array) count += members_kept(item);
  }
  return count;
}

}  // namespace

Result<json::object, StrictFault> strict_object(std::string_view text, std::size_t most_depth,
                                                json::storage_ptr storage) {
  json::parse_options options;
  options.max_depth = most_depth;
  boost::system::error_code failed;
  json::value value = json::parse(text, failed, std::move(storage), options);
  if (failed == json::error::too_deep) return StrictFault::too_deep;
  if (failed || !value.is_object()) return StrictFault::not_an_object;
  if (members_written(text) != members_kept(value)) return StrictFault::repeated_member;
  return std::move(value.get_object());
}

}  // namespace leanmcp::inline v0::detail
