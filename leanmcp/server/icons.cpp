#include <leanmcp/server/icons.hpp>

#include <leanmcp/json/parse.hpp>

#include <boost/json.hpp>

#include <algorithm>

namespace leanmcp::inline v0::detail {

bool is_icon_source(std::string_view src) { return src.starts_with("https://") || src.starts_with("data:image/"); }

std::string icons_problem(std::string_view json_array) {
  const auto value = parse_json(json_array, ParseLimits());
  if (!value || !value->is_array()) return "the icons are no JSON array";
  for (const json::value& item : value->get_array()) {
    const json::object* const icon = item.if_object();
    const json::value* const src = icon ? icon->if_contains("src") : nullptr;
    if (!src || !src->is_string() || !is_icon_source(src->get_string()))
      return "an icon needs a src, an https: or data:image/ URI";
    const json::value* const type = icon->if_contains("mimeType");
    if (type && !type->is_string()) return "an icon's mimeType is a text";
    const json::value* const sizes = icon->if_contains("sizes");
    if (!sizes) continue;
    const json::array* const list = sizes->if_array();
    if (!list || !std::all_of(list->begin(), list->end(), [](const json::value& size) { return size.is_string(); }))
      return "an icon's sizes are a list of texts";
  }
  return {};
}

}  // namespace leanmcp::inline v0::detail
