#include <leanmcp/json/bind.hpp>

#include <leanmcp/json/date_time.hpp>
#include <leanmcp/json/pointer.hpp>

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

json::value date_time_text(const TypeInfo& type, const void* object) {
  UnixTime time;
  if (!type.get_time(object, time)) return json::value(nullptr);
  return json::value(*format_date_time(time));
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
      return date_time_text(type, object);
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

namespace {

/// The first member, element or entry for which there is something to tell; with its place in front.
class MisfitSearch {
 public:
  std::string in(const TypeInfo& type, const void* object, const JsonPlace& path) {
    switch (type.kind) {
      case TypeKind::number:
      case TypeKind::date_time:
        return to_json(type, object).is_null()
                   ? told(path, type.kind == TypeKind::number ? "is not finite" : "is no date of years 0 to 9999")
                   : "";
      case TypeKind::enumeration:
        return to_json(type, object).is_string() ? "" : told(path, "is none of its names");
      case TypeKind::optional:
        return type.has_value(object) ? in(type.inner(), type.get(object), path) : "";
      case TypeKind::array: {
        std::string found;
        for (std::size_t i = 0; i < type.size(object) && found.empty(); ++i)
          found = in(type.inner(), type.element(object, i), JsonPlace{&path, {}, i, true});
        return found;
      }
      case TypeKind::map: {
        Entries entries{*this, type.inner(), path, {}};
        type.each(object, &entries, [](void* context, std::string_view key, const void* value) {
          auto& to = *static_cast<Entries*>(context);
          if (to.found.empty()) to.found = to.search.in(to.inner, value, JsonPlace{&to.path, key, 0, false});
        });
        return entries.found;
      }
      case TypeKind::variant:
        return in(type.alternatives[type.index(object)](), type.held(object), path);
      case TypeKind::object: {
        std::string found;
        for (std::size_t i = 0; i < type.count && found.empty(); ++i)
          found = in(type.fields[i].type(), type.fields[i].at(object), JsonPlace{&path, type.fields[i].name, 0, false});
        return found;
      }
      default:
        return "";
    }
  }

 private:
  struct Entries {
    MisfitSearch& search;
    const TypeInfo& inner;
    const JsonPlace& path;
    std::string found;
  };
  static std::string told(const JsonPlace& path, const char* what) {
    const std::string pointer = path.text();
    return (pointer.empty() ? "/" : pointer) + " " + what;
  }
};

}  // namespace

std::string misfit(const TypeInfo& type, const void* object) { return MisfitSearch().in(type, object, JsonPlace()); }

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
