#include <leanmcp/json/parse.hpp>

#include <leanmcp/json/write.hpp>

#include <boost/json.hpp>
#include <boost/json/basic_parser_impl.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <stdexcept>
#include <vector>

namespace leanmcp::inline v0 {

namespace {

/// Boost.JSON's own building of values, but for doubles: its 1.81 rounds the last digit of a long one wrongly, so they
/// are read once more from their text.
struct Builder {
  static constexpr std::size_t max_object_size = json::object::max_size();
  static constexpr std::size_t max_array_size = json::array::max_size();
  static constexpr std::size_t max_key_size = json::string::max_size();
  static constexpr std::size_t max_string_size = json::string::max_size();
  using Failure = boost::system::error_code;

  explicit Builder(json::storage_ptr working) : stack(std::move(working)) {}

  bool on_document_begin(Failure&) { return true; }
  bool on_document_end(Failure&) { return true; }
  bool on_object_begin(Failure&) { return true; }
  bool on_object_end(std::size_t size, Failure&) { return stack.push_object(size), true; }
  bool on_array_begin(Failure&) { return true; }
  bool on_array_end(std::size_t size, Failure&) { return stack.push_array(size), true; }
  bool on_key_part(json::string_view part, std::size_t, Failure&) { return stack.push_chars(part), true; }
  bool on_key(json::string_view part, std::size_t, Failure&) { return stack.push_key(part), true; }
  bool on_string_part(json::string_view part, std::size_t, Failure&) { return stack.push_chars(part), true; }
  bool on_string(json::string_view part, std::size_t, Failure&) { return stack.push_string(part), true; }
  bool on_number_part(json::string_view, Failure&) { return true; }
  bool on_int64(std::int64_t number, json::string_view, Failure&) { return stack.push_int64(number), true; }
  bool on_uint64(std::uint64_t number, json::string_view, Failure&) { return stack.push_uint64(number), true; }
  bool on_double(double rough, json::string_view digits, Failure& failure) {
    double number = rough;
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (read.ec == std::errc::result_out_of_range) {
      // Too near to zero is zero; too large is no number of ours.
      if (!(std::fabs(rough) < 1)) return failure = json::error::not_number, false;
      number = 0;
    }
    return stack.push_double(number), true;
  }
  bool on_bool(bool truth, Failure&) { return stack.push_bool(truth), true; }
  bool on_null(Failure&) { return stack.push_null(), true; }
  bool on_comment_part(json::string_view, Failure&) { return true; }
  bool on_comment(json::string_view, Failure&) { return true; }

  json::value_stack stack;
};

}  // namespace

Result<json::value, ParseFault> parse_json(std::string_view text, const ParseLimits& limits,
                                           json::storage_ptr storage) {
  if (text.size() > limits.bytes) return ParseFault::too_large;
  json::parse_options options;
  options.max_depth = limits.depth;
  // The parser's own working memory stays on the stack for ordinary messages.
  unsigned char scratch[2048];
  json::monotonic_resource temporary(scratch, sizeof scratch);
  json::basic_parser<Builder> parser(options, json::storage_ptr(&temporary));
  parser.handler().stack.reset(std::move(storage));
  boost::system::error_code failed;
  const std::size_t used = parser.write_some(false, text.data(), text.size(), failed);
  if (failed) return failed == json::error::too_deep ? ParseFault::too_deep : ParseFault::invalid;
  if (used != text.size()) return ParseFault::invalid;
  return parser.handler().stack.release();
}

namespace {

void append_double(std::string& out, double value) {
  // As an integer of the same value is written, for as far as there are such.
  constexpr double end_of_signed = 9223372036854775808.0;
  constexpr double end_of_unsigned = 18446744073709551616.0;
  if (std::floor(value) == value && value < end_of_unsigned && value >= -end_of_signed) {
    out += value < 0 ? std::to_string(static_cast<std::int64_t>(value))
                     : std::to_string(static_cast<std::uint64_t>(value));
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
    std::sort(members.begin(), members.end(),
              [](const auto* a, const auto* b) { return std::string_view(a->key()) < std::string_view(b->key()); });
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

json::value parse_known(std::string_view text) {
  ParseLimits limits;
  limits.bytes = text.size();
  auto parsed = parse_json(text, limits);
  if (!parsed) throw std::invalid_argument("parse_known(): not JSON");
  return std::move(*parsed);
}

std::string canonical_json(const json::value& value) {
  std::string out;
  append_canonical(out, value);
  return out;
}

}  // namespace leanmcp::inline v0
