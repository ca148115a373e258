#include <leanmcp/client/mcp_headers.hpp>

#include <leanmcp/base/encoding.hpp>
#include <leanmcp/json/schema.hpp>

#include <boost/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>

namespace leanmcp::inline v0 {

namespace {

constexpr std::string_view prefix = "=?base64?";
constexpr std::string_view suffix = "?=";

/// Integers that every JSON implementation holds exactly; outside them two sides may print different digits.
constexpr double most_exact = 9007199254740991.0;

bool is_plain(std::string_view value) {
  if (value.empty()) return true;
  if (value.front() == ' ' || value.back() == ' ') return false;
  if (!std::all_of(value.begin(), value.end(), [](char c) { return c >= 0x20 && c <= 0x7e; })) return false;
  return !(value.starts_with(prefix) && value.ends_with(suffix));
}

std::optional<std::string> header_text(const json::value& value) {
  if (value.is_string()) return std::string(value.get_string());
  if (value.is_bool()) return value.get_bool() ? "true" : "false";
  if (value.is_int64()) return std::to_string(value.get_int64());
  if (value.is_uint64()) return std::to_string(value.get_uint64());
  if (value.is_double()) {
    const double number = value.get_double();
    if (std::abs(number) <= most_exact && std::trunc(number) == number)
      return std::to_string(static_cast<std::int64_t>(number));
  }
  return std::nullopt;
}

std::optional<std::string_view> named_thing(std::string_view method, const json::object& params) {
  const char* source = nullptr;
  if (method == "tools/call" || method == "prompts/get") source = "name";
  if (method == "resources/read") source = "uri";
  const json::value* const name = source ? params.if_contains(source) : nullptr;
  if (!name || !name->is_string()) return std::nullopt;
  return std::string_view(name->get_string());
}

}  // namespace

std::string encode_mcp_header(std::string_view value) {
  if (is_plain(value)) return std::string(value);
  return std::string(prefix) + base64_encode(value) + std::string(suffix);
}

Result<HeaderPlan> HeaderPlan::of(const json::object& input_schema) {
  const auto checked = check_header_annotations(input_schema);
  if (!checked) return checked.error();
  HeaderPlan plan;
  std::vector<std::string> path;
  plan.collect(input_schema, path);
  return plan;
}

void HeaderPlan::collect(const json::object& schema, std::vector<std::string>& path) {
  const json::value* const properties = schema.if_contains("properties");
  if (!properties || !properties->is_object()) return;
  for (const auto& [name, property] : properties->get_object()) {
    const json::object* const inner = property.if_object();
    if (!inner) continue;
    path.emplace_back(name);
    const json::value* const header = inner->if_contains("x-mcp-header");
    if (header && header->is_string()) parts_.push_back(Part{"Mcp-Param-" + std::string(header->get_string()), path});
    collect(*inner, path);
    path.pop_back();
  }
}

HttpFields HeaderPlan::fields(const json::object& arguments) const {
  HttpFields out;
  for (const Part& part : parts_) {
    const json::object* inside = &arguments;
    const json::value* value = nullptr;
    for (const std::string& step : part.path) {
      value = inside ? inside->if_contains(step) : nullptr;
      if (!value) break;
      inside = value->if_object();
    }
    if (!value) continue;
    if (const auto text = header_text(*value)) out.emplace_back(part.header, encode_mcp_header(*text));
  }
  return out;
}

HttpFields standard_mcp_headers(std::string_view method, const json::object& params) {
  HttpFields out;
  out.emplace_back("Mcp-Method", encode_mcp_header(method));
  if (const auto name = named_thing(method, params)) out.emplace_back("Mcp-Name", encode_mcp_header(*name));
  return out;
}

std::string mcp_operation(std::string_view method, const json::object& params) {
  std::string out(method);
  if (const auto name = named_thing(method, params)) out += " " + std::string(*name);
  return out;
}

}  // namespace leanmcp::inline v0
