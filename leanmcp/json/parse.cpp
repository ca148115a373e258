#include <leanmcp/json/parse.hpp>

#include <leanmcp/json/write.hpp>

#include <boost/json.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <vector>

namespace leanmcp::inline v0 {

Result<json::value, ParseFault> parse_json(std::string_view text, const ParseLimits& limits, json::storage_ptr storage) {
  if (text.size() > limits.bytes) return ParseFault::too_large;
  json::parse_options options;
  options.max_depth = limits.depth;
  // The parser's own working memory stays on the stack for ordinary messages.
  unsigned char scratch[2048];
  json::monotonic_resource temporary(scratch, sizeof scratch);
  json::stream_parser parser(&temporary, options);
  parser.reset(std::move(storage));
  boost::system::error_code failed;
  parser.write(text.data(), text.size(), failed);
  if (!failed) parser.finish(failed);
  if (failed) return failed == json::error::too_deep ? ParseFault::too_deep : ParseFault::invalid;
  return parser.release();
}

namespace {

void append_double(std::string& out, double value) {
  constexpr double exact = 9007199254740992.0;
  if (std::floor(value) == value && std::fabs(value) < exact) {
    out += std::to_string(static_cast<std::int64_t>(value));
    return;
  }
  char digits[32];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}

void append_canonical(std::string& out, const json::value& value) {
  if (const json::object* const object = value.if_object()) {
    std::vector<const json::key_value_pair*> members;
    members.reserve(object->size());
    for (const auto& member : *object) members.push_back(&member);
    std::sort(members.begin(), members.end(), [](const auto* a, const auto* b) {
      return std::string_view(a->key()) < std::string_view(b->key());
    });
    out += '{';
    for (const auto* const member : members) {
      if (out.back() != '{') out += ',';
      append_json_string(out, member->key());
      out += ':';
      append_canonical(out, member->value());
    }
    out += '}';
  } else if (const json::array* const array = value.if_array()) {
    out += '[';
    for (std::size_t i = 0; i < array->size(); ++i) {
      if (i != 0) out += ',';
      append_canonical(out, (*array)[i]);
    }
    out += ']';
  } else if (value.is_double()) {
    append_double(out, value.get_double());
  } else {
    append_json(out, value);
  }
}

}  // namespace

std::string canonical_json(const json::value& value) {
  std::string out;
  append_canonical(out, value);
  return out;
}

}  // namespace leanmcp::inline v0
