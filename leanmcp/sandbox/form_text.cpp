#include <leanmcp/sandbox/form_text.hpp>

#include <leanmcp/base/encoding.hpp>
#include <leanmcp/payments/stripe_form.hpp>

#include <boost/json.hpp>

#include <charconv>

namespace leanmcp::inline v0::sandbox {
namespace {

namespace json = boost::json;

constexpr std::size_t max_pairs = 1000;
constexpr std::size_t max_depth = 10;

std::optional<std::string> decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      out.push_back(' ');
    } else if (text[i] != '%') {
      out.push_back(text[i]);
    } else {
      const auto byte = hex_decode(text.substr(i + 1, 2));
      if (!byte || byte->size() != 1) return std::nullopt;
      out += *byte;
      i += 2;
    }
  }
  return out;
}

/// `a[b][0]` as a, b, 0; empty when malformed.
std::vector<std::string> split_name(std::string_view name) {
  std::vector<std::string> out;
  const auto first = name.find('[');
  out.emplace_back(name.substr(0, first));
  if (out.front().empty()) return {};
  while (first != std::string_view::npos && !name.empty()) {
    const auto open = name.find('[');
    if (open == std::string_view::npos) break;
    const auto close = name.find(']', open);
    if (close == std::string_view::npos) return {};
    out.emplace_back(name.substr(open + 1, close - open - 1));
    name = name.substr(close + 1);
    if (!name.empty() && name.front() != '[') return {};
  }
  return out.size() <= max_depth ? out : std::vector<std::string>();
}

/// Objects whose keys are 0, 1, 2, … (or empty, which appends) become arrays.
json::value with_arrays(const json::object& object) {
  json::object members;
  bool array = !object.empty();
  std::size_t next = 0;
  for (const auto& [key, value] : object) {
    array = array && std::string_view(key) == std::to_string(next++);
    members[key] = value.is_object() ? with_arrays(value.get_object()) : value;
  }
  if (!array) return members;
  json::array out;
  for (const auto& [key, value] : members) out.push_back(value);
  return out;
}

}  // namespace

std::optional<FormPairs> parse_form(std::string_view text) {
  FormPairs out;
  while (!text.empty()) {
    const auto end = text.find('&');
    const std::string_view pair = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    if (pair.empty()) continue;
    const auto equals = pair.find('=');
    auto name = decode(pair.substr(0, equals));
    auto value = equals == std::string_view::npos ? std::optional<std::string>("") : decode(pair.substr(equals + 1));
    if (!name || !value || out.size() == max_pairs) return std::nullopt;
    out.emplace_back(std::move(*name), std::move(*value));
  }
  return out;
}

std::string form_value(const FormPairs& pairs, std::string_view name) {
  for (const auto& [key, value] : pairs)
    if (key == name) return value;
  return {};
}

std::optional<json::object> nest_form(const FormPairs& pairs) {
  json::object root;
  for (const auto& [name, value] : pairs) {
    const std::vector<std::string> path = split_name(name);
    if (path.empty()) return std::nullopt;
    json::object* at = &root;
    for (std::size_t i = 0; i + 1 < path.size(); ++i) {
      const std::string key = path[i].empty() ? std::to_string(at->size()) : path[i];
      json::value& member = (*at)[key];
      if (member.is_null()) member.emplace_object();
      if (!member.is_object()) return std::nullopt;
      at = &member.get_object();
    }
    const std::string key = path.back().empty() ? std::to_string(at->size()) : path.back();
    if (at->contains(key)) return std::nullopt;
    (*at)[key] = value;
  }
  json::object out;
  for (auto& [key, value] : root) out[key] = value.is_object() ? with_arrays(value.get_object()) : value;
  return out;
}

}  // namespace leanmcp::inline v0::sandbox
