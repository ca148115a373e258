#include <leanmcp/json/bind.hpp>

#include <leanmcp/json/date_time.hpp>

#include <boost/json.hpp>

#include <charconv>
#include <cmath>
#include <cstring>

namespace leanmcp::inline v0 {

namespace detail {

const TypeInfo& json_value_type() {
  static const TypeInfo info = [] {
    TypeInfo made;
    made.kind = TypeKind::any;
    made.default_object = [] {
      static const json::value null;
      return static_cast<const void*>(&null);
    };
    return made;
  }();
  return info;
}

}  // namespace detail

namespace {

std::int64_t read_signed(const TypeInfo& type, const void* object) {
  switch (type.bytes) {
    case 1: {
      std::int8_t v;
      std::memcpy(&v, object, 1);
      return type.is_signed ? v : static_cast<std::uint8_t>(v);
    }
    case 2: {
      std::int16_t v;
      std::memcpy(&v, object, 2);
      return type.is_signed ? v : static_cast<std::uint16_t>(v);
    }
    case 4: {
      std::int32_t v;
      std::memcpy(&v, object, 4);
      return type.is_signed ? v : static_cast<std::uint32_t>(v);
    }
    default: {
      std::int64_t v;
      std::memcpy(&v, object, 8);
      return v;
    }
  }
}

/// The double that is written like the float: 0.1f is 0.1 and not 0.10000000149011612.
double shortest(float value) {
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  double out = static_cast<double>(value);
  std::from_chars(digits, end, out);
  return out;
}

json::value enumerator_name(const TypeInfo& type, const void* object) {
  const std::int64_t number = read_signed(type, object);
  for (std::size_t i = 0; i < type.count; ++i)
    if (type.enumerators[i].value == number) return json::value(type.enumerators[i].name);
  return json::value(number);
}

}  // namespace

json::value to_json(const TypeInfo& type, const void* object) {
  switch (type.kind) {
    case TypeKind::any:
      return *static_cast<const json::value*>(object);
    case TypeKind::boolean:
      return json::value(*static_cast<const bool*>(object));
    case TypeKind::integer: {
      const std::int64_t bits = read_signed(type, object);
      if (type.is_signed || type.bytes < 8) return json::value(bits);
      return json::value(static_cast<std::uint64_t>(bits));
    }
    case TypeKind::number: {
      const double d = type.bytes == sizeof(float) ? shortest(*static_cast<const float*>(object))
                                                   : *static_cast<const double*>(object);
      if (!std::isfinite(d)) return json::value(nullptr);
      return json::value(d);
    }
    case TypeKind::string:
      return json::value(*static_cast<const std::string*>(object));
    case TypeKind::enumeration:
      return enumerator_name(type, object);
    case TypeKind::optional:
      return type.has_value(object) ? to_json(type.inner(), type.get(object)) : json::value(nullptr);
    case TypeKind::array: {
      json::array out;
      const std::size_t n = type.size(object);
      out.reserve(n);
      for (std::size_t i = 0; i < n; ++i) out.push_back(to_json(type.inner(), type.element(object, i)));
      return out;
    }
    case TypeKind::map: {
      struct Out {
        const TypeInfo& inner;
        json::object object;
      };
      Out out{type.inner(), {}};
      type.each(object, &out, [](void* context, std::string_view key, const void* value) {
        auto& to = *static_cast<Out*>(context);
        to.object[key] = to_json(to.inner, value);
      });
      return std::move(out.object);
    }
    case TypeKind::variant:
      return to_json(type.alternatives[type.index(object)](), type.held(object));
    case TypeKind::date_time:
      return json::value(format_date_time(type.get_time(object)));
    case TypeKind::object: {
      json::object out;
      for (std::size_t i = 0; i < type.count; ++i) {
        const FieldInfo& field = type.fields[i];
        const TypeInfo& inner = field.type();
        const void* const member = field.at(object);
        if (inner.kind == TypeKind::optional && !inner.has_value(member)) continue;
        out[field.name] = to_json(inner, member);
      }
      return out;
    }
  }
  return {};
}

bool equal(const TypeInfo& type, const void* a, const void* b) {
  // Comparing the JSON forms compares what a caller could ever see of the two.
  return to_json(type, a) == to_json(type, b);
}

bool has_default(const TypeInfo& type, const FieldInfo& field) {
  const TypeInfo& inner = field.type();
  if (inner.kind == TypeKind::optional) return true;
  return !equal(inner, field.at(type.default_object()), inner.default_object());
}

}  // namespace leanmcp::inline v0
