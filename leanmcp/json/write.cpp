#include <leanmcp/json/write.hpp>

#include <leanmcp/json/bind.hpp>
#include <leanmcp/json/date_time.hpp>

#include <boost/json.hpp>

#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace leanmcp::inline v0 {

namespace {

template <class T>
void append_integer(std::string& out, T value) {
  char digits[24];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}

/// Which bytes are not simply copied.
constexpr bool needs_care(unsigned char c) { return c < 0x20 || c == '"' || c == '\\' || c >= 0x80; }

/// The first byte from `i` on that needs care, or the text's size. Eight at a time: a byte is below 0x20 where taking
/// 0x20 from it borrows into its top bit, and equal to another where their difference is 0.
std::size_t next_special(std::string_view text, std::size_t i) {
  constexpr std::uint64_t ones = 0x0101010101010101;
  constexpr std::uint64_t tops = 0x8080808080808080;
  for (; i + 8 <= text.size(); i += 8) {
    std::uint64_t bytes;
    std::memcpy(&bytes, text.data() + i, 8);
    const std::uint64_t quotes = bytes ^ (ones * '"');
    const std::uint64_t slashes = bytes ^ (ones * '\\');
    const std::uint64_t special = bytes | (bytes - ones * 0x20) | (quotes - ones) | (slashes - ones);
    if ((special & tops) != 0) break;
  }
  while (i < text.size() && !needs_care(static_cast<unsigned char>(text[i]))) ++i;
  return i;
}

/// The size of the well-formed sequence of several bytes at the front (Unicode 15, table 3-7); 0 where there is none.
std::size_t utf8_size(std::string_view text) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const auto goes_on = [&](std::size_t i) { return (byte(i) & 0xc0U) == 0x80U; };
  const unsigned first = byte(0);
  const unsigned second = byte(1);
  if (first >= 0xc2 && first <= 0xdf) return goes_on(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f)) return 0;
    return goes_on(1) && goes_on(2) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    if ((first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f)) return 0;
    return goes_on(1) && goes_on(2) && goes_on(3) ? 4 : 0;
  }
  return 0;
}

void append_object(std::string& out, const json::object& object) {
  out += '{';
  bool first = true;
  for (const auto& member : object) {
    if (!std::exchange(first, false)) out += ',';
    append_json_string(out, member.key());
    out += ':';
    append_json(out, member.value());
  }
  out += '}';
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  static constexpr char hex[] = "0123456789abcdef";
  out += '"';
  std::size_t from = 0;
  for (std::size_t i = next_special(text, 0); i < text.size(); i = next_special(text, i + 1)) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x80) {
      const std::size_t size = utf8_size(text.substr(i));
      if (size != 0) {
        i += size - 1;
        continue;
      }
    }
    out.append(text, from, i - from);
    from = i + 1;
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default:
        if (c >= 0x80) {
          out += "\xEF\xBF\xBD";
        } else {
          out += "\\u00";
          out += hex[c >> 4];
          out += hex[c & 15];
        }
    }
  }
  out.append(text, from);
  out += '"';
}

void append_json_number(std::string& out, double value) {
  if (!std::isfinite(value)) {
    out += "null";
    return;
  }
  char digits[32];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}

void append_json(std::string& out, const json::value& value) {
  switch (value.kind()) {
    case json::kind::null: out += "null"; return;
    case json::kind::bool_: out += value.get_bool() ? "true" : "false"; return;
    case json::kind::int64: return append_integer(out, value.get_int64());
    case json::kind::uint64: return append_integer(out, value.get_uint64());
    case json::kind::double_: return append_json_number(out, value.get_double());
    case json::kind::string: return append_json_string(out, value.get_string());
    case json::kind::object: return append_object(out, value.get_object());
    case json::kind::array:
      out += '[';
      for (std::size_t i = 0; i < value.get_array().size(); ++i) {
        if (i != 0) out += ',';
        append_json(out, value.get_array()[i]);
      }
      out += ']';
      return;
  }
}

bool append_json(std::string& out, const TypeInfo& type, const void* object) {
  switch (type.kind) {
    case TypeKind::string:
      return append_json_string(out, *static_cast<const std::string*>(object)), true;
    case TypeKind::boolean:
      out += *static_cast<const bool*>(object) ? "true" : "false";
      return true;
    case TypeKind::optional:
      if (type.has_value(object)) return append_json(out, type.inner(), type.get(object));
      out += "null";
      return true;
    case TypeKind::array: {
      bool fits = true;
      out += '[';
      const std::size_t n = type.size(object);
      for (std::size_t i = 0; i < n; ++i) {
        if (i != 0) out += ',';
        fits = append_json(out, type.inner(), type.element(object, i)) && fits;
      }
      out += ']';
      return fits;
    }
    case TypeKind::map: {
      struct Entries {
        std::string& out;
        const TypeInfo& inner;
        bool first = true;
        bool fits = true;
      };
      Entries entries{out, type.inner()};
      out += '{';
      type.each(object, &entries, [](void* context, std::string_view key, const void* value) {
        auto& to = *static_cast<Entries*>(context);
        if (!std::exchange(to.first, false)) to.out += ',';
        append_json_string(to.out, key);
        to.out += ':';
        to.fits = append_json(to.out, to.inner, value) && to.fits;
      });
      out += '}';
      return entries.fits;
    }
    case TypeKind::variant: return append_json(out, type.alternatives[type.index(object)](), type.held(object));
    case TypeKind::object: {
      bool fits = true;
      out += '{';
      bool first = true;
      for (std::size_t i = 0; i < type.count; ++i) {
        const FieldInfo& field = type.fields[i];
        const TypeInfo& inner = field.type();
        const void* const member = field.at(object);
        if (inner.kind == TypeKind::optional && !inner.has_value(member)) continue;
        if (!std::exchange(first, false)) out += ',';
        append_json_string(out, field.name);
        out += ':';
        fits = append_json(out, inner, member) && fits;
      }
      out += '}';
      return fits;
    }
    case TypeKind::any:
      return append_json(out, *static_cast<const json::value*>(object)), true;
    case TypeKind::integer:
      return append_json(out, to_json(type, object)), true;
    case TypeKind::enumeration:
    case TypeKind::number:
    case TypeKind::date_time: {
      const json::value value = to_json(type, object);
      append_json(out, value);
      return type.kind == TypeKind::enumeration ? value.is_string() : !value.is_null();
    }
  }
  return true;
}

std::string json_text(const json::value& value) {
  std::string out;
  append_json(out, value);
  return out;
}

std::string json_text(const json::object& object) {
  std::string out;
  append_object(out, object);
  return out;
}

std::string json_text(const TypeInfo& type, const void* object) {
  std::string out;
  append_json(out, type, object);
  return out;
}

}  // namespace leanmcp::inline v0
