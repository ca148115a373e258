#include <leanmcp/json/code_points.hpp>
#include <leanmcp/json/parse.hpp>
#include <leanmcp/json/bind.hpp>

#include <leanmcp/json/date_time.hpp>
#include <leanmcp/json/pointer.hpp>
#include <leanmcp/json/write.hpp>

#include <boost/json.hpp>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace leanmcp::inline v0 {

namespace {

void write_integer(const TypeInfo& type, void* object, std::uint64_t bits) {
  // The low bytes of a two's complement value are the value in the narrower type; the range was checked before.
  unsigned char raw[8];
  std::memcpy(raw, &bits, 8);
  if constexpr (std::endian::native == std::endian::big) {
    std::memcpy(object, raw + (8 - type.bytes), type.bytes);
  } else {
    std::memcpy(object, raw, type.bytes);
  }
}

const char* expected(const TypeInfo& type) {
  switch (type.kind) {
    case TypeKind::any: return "expected a value";
    case TypeKind::boolean: return "expected boolean";
    case TypeKind::integer: return "expected integer";
    case TypeKind::number: return "expected number";
    case TypeKind::string: return "expected string";
    case TypeKind::enumeration: return "expected one of";
    case TypeKind::optional: return expected(type.inner());
    case TypeKind::array: return "expected array";
    case TypeKind::map:
    case TypeKind::object: return "expected object";
    case TypeKind::variant: return "expected one of the alternatives";
    case TypeKind::date_time: return "expected date-time (RFC 3339)";
  }
  return "";
}

std::string number_text(double value) {
  std::string out;
  append_json_number(out, value);
  return out;
}

/// Whether the type can be written by this kind of value at all: tells most alternatives apart without a try.
bool is_possible(const TypeInfo& type, const json::value& in) {
  switch (type.kind) {
    case TypeKind::boolean: return in.is_bool();
    case TypeKind::integer:
    case TypeKind::number: return in.is_number();
    case TypeKind::string:
    case TypeKind::enumeration:
    case TypeKind::date_time: return in.is_string();
    case TypeKind::optional: return in.is_null() || is_possible(type.inner(), in);
    case TypeKind::array: return in.is_array();
    case TypeKind::map:
    case TypeKind::object: return in.is_object();
    case TypeKind::any:
    case TypeKind::variant: return true;
  }
  return true;
}

class Binder {
 public:
  Binder(const FieldRules& rules, const BindLimits& limits, std::size_t& steps)
      : rules_(rules), limits_(limits), steps_(steps) {}

  std::vector<BindFault> faults;
  bool absent_is_fine = false;
  bool texts = false;
  /// One fault is enough to know that an alternative is not meant.
  bool first_fault_only = false;

  void value(const TypeInfo& type, void* object, const json::value& in, const JsonPlace& path, const FieldRule* rule,
             std::size_t depth) {
    if (first_fault_only && !faults.empty()) return;
    if (depth > limits_.depth) return fault(path, "nested too deeply");
    if (steps_ >= limits_.steps) {
      if (steps_++ == limits_.steps || first_fault_only) fault(path, "too costly to read");
      return;
    }
    ++steps_;
    if (texts && depth == 1 && in.is_string() && from_text(type, object, in, path, rule)) return;
    switch (type.kind) {
      case TypeKind::any: *static_cast<json::value*>(object) = json::value(in, json::storage_ptr()); return;
      case TypeKind::boolean:
        if (!in.is_bool()) return fault(path, expected(type));
        *static_cast<bool*>(object) = in.get_bool();
        return;
      case TypeKind::integer: return integer(type, object, in, path, rule);
      case TypeKind::number: return number(type, object, in, path, rule);
      case TypeKind::string: return string(type, object, in, path, rule);
      case TypeKind::enumeration: return enumeration(type, object, in, path);
      case TypeKind::optional:
        if (in.is_null()) return type.clear(object);
        return value(type.inner(), type.emplace(object), in, path, rule, depth);
      case TypeKind::array: return array(type, object, in, path, rule, depth);
      case TypeKind::map: return map(type, object, in, path, rule, depth);
      case TypeKind::variant: return variant(type, object, in, path, depth);
      case TypeKind::date_time: return date_time(type, object, in, path);
      case TypeKind::object: return members(type, object, in, path, depth);
    }
  }

 private:
  void fault(const JsonPlace& path, std::string message) {
    if (faults.size() < limits_.faults) {
      std::string pointer = path.text();
      faults.push_back(BindFault{pointer.empty() ? "/" : std::move(pointer), std::move(message)});
    }
  }

  /// Reads the text of a number or boolean; false where the type wants none.
  bool from_text(const TypeInfo& type, void* object, const json::value& in, const JsonPlace& path,
                 const FieldRule* rule) {
    const bool wants_bool = type.kind == TypeKind::boolean;
    if (!wants_bool && type.kind != TypeKind::integer && type.kind != TypeKind::number) return false;
    const auto read = parse_json(in.get_string(), ParseLimits());
    if (!read || (wants_bool ? !read->is_bool() : !read->is_number())) {
      fault(path, expected(type));
    } else {
      value(type, object, *read, path, rule, 2);
    }
    return true;
  }

  void bounds(double v, const JsonPlace& path, const FieldRule* rule) {
    if (!rule) return;
    if (rule->minimum && v < *rule->minimum) fault(path, "must be at least " + number_text(*rule->minimum));
    if (rule->maximum && v > *rule->maximum) fault(path, "must be at most " + number_text(*rule->maximum));
    if (rule->exclusive_minimum && v <= *rule->exclusive_minimum)
      fault(path, "must be more than " + number_text(*rule->exclusive_minimum));
    if (rule->exclusive_maximum && v >= *rule->exclusive_maximum)
      fault(path, "must be less than " + number_text(*rule->exclusive_maximum));
  }

  void items(std::size_t n, const JsonPlace& path, const FieldRule* rule) {
    if (!rule) return;
    if (rule->min_items && n < *rule->min_items)
      fault(path, "must have at least " + std::to_string(*rule->min_items) + " items");
    if (rule->max_items && n > *rule->max_items)
      fault(path, "must have at most " + std::to_string(*rule->max_items) + " items");
  }

  void integer(const TypeInfo& type, void* object, const json::value& in, const JsonPlace& path, const FieldRule* rule) {
    const unsigned bits = type.bytes * 8;
    std::int64_t low = 0;
    std::uint64_t high = 0;
    if (type.is_signed) {
      low = bits == 64 ? INT64_MIN : -(std::int64_t{1} << (bits - 1));
      high = bits == 64 ? INT64_MAX : (std::uint64_t{1} << (bits - 1)) - 1;
    } else {
      high = bits == 64 ? UINT64_MAX : (std::uint64_t{1} << bits) - 1;
    }
    bool negative = false;
    std::uint64_t magnitude = 0;  // two's complement bits of the value
    if (in.is_int64()) {
      negative = in.get_int64() < 0;
      magnitude = static_cast<std::uint64_t>(in.get_int64());
    } else if (in.is_uint64()) {
      magnitude = in.get_uint64();
    } else if (in.is_double()) {
      const double d = in.get_double();
      if (!std::isfinite(d) || std::floor(d) != d) return fault(path, expected(type));
      if (d >= 18446744073709551616.0 || d < -9223372036854775808.0) return fault(path, "out of range");
      negative = d < 0;
      magnitude = negative ? static_cast<std::uint64_t>(static_cast<std::int64_t>(d)) : static_cast<std::uint64_t>(d);
    } else {
      return fault(path, expected(type));
    }
    const bool fits = negative ? static_cast<std::int64_t>(magnitude) >= low && low < 0 : magnitude <= high;
    if (!fits) return fault(path, "out of range");
    write_integer(type, object, magnitude);
    bounds(negative ? static_cast<double>(static_cast<std::int64_t>(magnitude)) : static_cast<double>(magnitude), path,
           rule);
  }

  void number(const TypeInfo& type, void* object, const json::value& in, const JsonPlace& path, const FieldRule* rule) {
    if (!in.is_number()) return fault(path, expected(type));
    const double d = in.to_number<double>();
    if (!std::isfinite(d)) return fault(path, "must be finite");
    if (type.bytes == sizeof(float)) {
      if (std::fabs(d) > std::numeric_limits<float>::max()) return fault(path, "out of range");
      *static_cast<float*>(object) = static_cast<float>(d);
    } else {
      *static_cast<double*>(object) = d;
    }
    bounds(d, path, rule);
  }

  void string(const TypeInfo& type, void* object, const json::value& in, const JsonPlace& path, const FieldRule* rule) {
    if (!in.is_string()) return fault(path, expected(type));
    const std::string_view text = in.get_string();
    if (text.size() > limits_.string_bytes) return fault(path, "too long");
    static_cast<std::string*>(object)->assign(text);
    if (!rule) return;
    if (rule->min_length || rule->max_length) {
      const std::size_t length = detail::code_points(text);
      if (rule->min_length && length < *rule->min_length)
        fault(path, "must have at least " + std::to_string(*rule->min_length) + " characters");
      if (rule->max_length && length > *rule->max_length)
        fault(path, "must have at most " + std::to_string(*rule->max_length) + " characters");
    }
    if (!pattern_matches(*rule, text)) fault(path, "must match " + rule->pattern);
  }

  void enumeration(const TypeInfo& type, void* object, const json::value& in, const JsonPlace& path) {
    if (in.is_string()) {
      const std::string_view text = in.get_string();
      for (std::size_t i = 0; i < type.count; ++i)
        if (text == type.enumerators[i].name)
          return write_integer(type, object, static_cast<std::uint64_t>(type.enumerators[i].value));
    }
    std::string message = "expected one of";
    for (std::size_t i = 0; i < type.count; ++i) message.append(i == 0 ? " " : ", ").append(type.enumerators[i].name);
    fault(path, std::move(message));
  }

  void array(const TypeInfo& type, void* object, const json::value& in, const JsonPlace& path, const FieldRule* rule,
             std::size_t depth) {
    const json::array* const list = in.if_array();
    if (!list) return fault(path, expected(type));
    if (list->size() > limits_.elements) return fault(path, "too many items");
    type.clear(object);
    const TypeInfo& inner = type.inner();
    for (std::size_t i = 0; i < list->size(); ++i) {
      const JsonPlace here{&path, {}, i, true};
      value(inner, type.push(object), (*list)[i], here, nullptr, depth + 1);
    }
    items(list->size(), path, rule);
  }

  void map(const TypeInfo& type, void* object, const json::value& in, const JsonPlace& path, const FieldRule* rule,
           std::size_t depth) {
    const json::object* const entries = in.if_object();
    if (!entries) return fault(path, expected(type));
    if (entries->size() > limits_.elements) return fault(path, "too many members");
    type.clear(object);
    const TypeInfo& inner = type.inner();
    for (const auto& [key, entry] : *entries) {
      const JsonPlace here{&path, key, 0, false};
      value(inner, type.insert(object, key), entry, here, nullptr, depth + 1);
    }
    items(entries->size(), path, rule);
  }

  void variant(const TypeInfo& type, void* object, const json::value& in, const JsonPlace& path, std::size_t depth) {
    std::vector<std::size_t> candidates;
    for (std::size_t i = 0; i < type.count; ++i)
      if (is_possible(type.alternatives[i](), in)) candidates.push_back(i);
    if (candidates.empty()) return fault(path, expected(type));
    // Where only one can be meant, its own faults say more.
    if (candidates.size() == 1)
      return value(type.alternatives[candidates[0]](), type.emplace_at(object, candidates[0]), in, path, nullptr,
                   depth + 1);
    // `oneOf` means exactly one: a value that fits two alternatives says less than it should.
    std::size_t fitting = 0;
    std::size_t chosen = 0;
    for (const std::size_t i : candidates) {
      Binder attempt(rules_, limits_, steps_);
      attempt.first_fault_only = true;
      attempt.value(type.alternatives[i](), type.emplace_at(object, i), in, path, nullptr, depth + 1);
      if (!attempt.faults.empty()) continue;
      ++fitting;
      chosen = i;
    }
    if (steps_ >= limits_.steps) return fault(path, "too costly to read");
    if (fitting != 1) return fault(path, fitting == 0 ? expected(type) : "fits more than one alternative");
    // What was tried last is still there.
    if (chosen != candidates.back())
      value(type.alternatives[chosen](), type.emplace_at(object, chosen), in, path, nullptr, depth + 1);
  }

  void date_time(const TypeInfo& type, void* object, const json::value& in, const JsonPlace& path) {
    const auto ns = in.is_string() ? parse_date_time(in.get_string()) : std::nullopt;
    if (!ns || !type.set_time(object, *ns)) fault(path, expected(type));
  }

  void members(const TypeInfo& type, void* object, const json::value& in, const JsonPlace& path, std::size_t depth) {
    const json::object* const given = in.if_object();
    if (!given) return fault(path, expected(type));
    const bool outermost = !path.parent;
    std::size_t used = 0;
    for (std::size_t i = 0; i < type.count; ++i) {
      const FieldInfo& field = type.fields[i];
      const FieldRule* const rule = find_rule(rules_, field);
      const JsonPlace here{&path, field.name, 0, false};
      const json::value* const member = given->if_contains(field.name);
      void* const place = const_cast<void*>(field.at(object));
      if (member) {
        ++used;
        if (rule && rule->only_user) {
          fault(here, "is for the user to answer and cannot be passed");
        } else {
          value(field.type(), place, *member, here, rule, depth + 1);
        }
        continue;
      }
      if (rule && !rule->default_json.empty()) {
        value(field.type(), place, parse_known(rule->default_json), here, nullptr, depth + 1);
        continue;
      }
      if (rule && (rule->may_be_absent || rule->only_user)) continue;
      if (outermost && absent_is_fine) continue;
      if (!has_default(type, field)) fault(here, "is missing");
    }
    if (used == given->size()) return;
    for (const auto& [key, entry] : *given) {
      bool known = false;
      for (std::size_t i = 0; i < type.count && !known; ++i) known = key == type.fields[i].name;
      const JsonPlace here{&path, key, 0, false};
      if (!known) fault(here, "is unknown");
    }
  }

  const FieldRules& rules_;
  const BindLimits& limits_;
  std::size_t& steps_;
};

}  // namespace

std::vector<BindFault> bind_value(const TypeInfo& type, void* object, const json::value& value, const FieldRules& rules,
                            const BindLimits& limits) {
  std::size_t steps = 0;
  Binder binder(rules, limits, steps);
  const JsonPlace root;
  binder.value(type, object, value, root, nullptr, 0);
  return std::move(binder.faults);
}

std::vector<BindFault> bind_value(const TypeInfo& type, void* object, const json::value& value, const FieldRules& rules) {
  return bind_value(type, object, value, rules, BindLimits());
}

std::vector<BindFault> bind_texts(const TypeInfo& type, void* object, const json::value& value,
                                  const FieldRules& rules) {
  const BindLimits limits;
  std::size_t steps = 0;
  Binder binder(rules, limits, steps);
  binder.texts = true;
  const JsonPlace root;
  binder.value(type, object, value, root, nullptr, 0);
  return std::move(binder.faults);
}

std::vector<BindFault> check_passed(const TypeInfo& type, const json::value& value, const FieldRules& rules,
                                    bool texts) {
  const BindLimits limits;
  std::size_t steps = 0;
  Binder binder(rules, limits, steps);
  binder.absent_is_fine = true;
  binder.texts = texts;
  const JsonPlace root;
  void* const scratch = type.create();
  binder.value(type, scratch, value, root, nullptr, 0);
  type.destroy(scratch);
  return std::move(binder.faults);
}

}  // namespace leanmcp::inline v0
