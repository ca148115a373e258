#pragma once

#include <leanmcp/json/date_time.hpp>
#include <leanmcp/json/fwd.hpp>

#include <boost/describe/enumerators.hpp>
#include <boost/describe/members.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <ratio>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace leanmcp::inline v0 {

/// What a type is to JSON.
enum class TypeKind {
  any,  ///< boost::json::value
  boolean,
  integer,
  number,
  string,
  enumeration,
  optional,
  array,
  map,
  variant,
  date_time,  ///< RFC 3339 text
  object
};

class TypeInfo;

/// One member of a described struct.
struct FieldInfo {
  const char* name;
  const TypeInfo& (*type)();
  const TypeInfo& (*owner)();  ///< the struct or base that declares it
  const void* (*at)(const void* object);
};

/// One name of a described enumeration.
struct EnumeratorInfo {
  const char* name;
  std::int64_t value;
};

/// All the binder needs to know of a type: a constant table, made at compile time and read by one set of library
/// functions, so that each further type costs the compiler little. Only the members of the type's kind are set.
class TypeInfo {
 public:
  TypeKind kind = TypeKind::any;
  const char* name = "";
  /// A value-initialised object that lives for ever: where defaults come from.
  const void* (*default_object)() = nullptr;

  // integer, number, enumeration
  unsigned bytes = 0;
  bool is_signed = false;
  const EnumeratorInfo* enumerators = nullptr;
  std::size_t count = 0;  ///< of enumerators, fields or alternatives

  // optional, array, map
  const TypeInfo& (*inner)() = nullptr;
  bool (*has_value)(const void*) = nullptr;
  const void* (*get)(const void*) = nullptr;
  void* (*emplace)(void*) = nullptr;
  void (*clear)(void*) = nullptr;
  std::size_t (*size)(const void*) = nullptr;
  void* (*push)(void*) = nullptr;
  const void* (*element)(const void*, std::size_t) = nullptr;
  void* (*insert)(void*, std::string_view key) = nullptr;
  /// Calls `visit(context, key, value)` for each entry of a map.
  void (*each)(const void*, void* context, void (*visit)(void* context, std::string_view key, const void* value)) =
      nullptr;

  // variant
  const TypeInfo& (*const* alternatives)() = nullptr;
  std::size_t (*index)(const void*) = nullptr;
  const void* (*held)(const void*) = nullptr;
  void* (*emplace_at)(void*, std::size_t) = nullptr;

  // date_time: false when RFC 3339 has no text for what the object holds, and when the type cannot hold the time
  bool (*get_time)(const void*, UnixTime&) = nullptr;
  bool (*set_time)(void*, UnixTime) = nullptr;

  // object
  const FieldInfo* fields = nullptr;
  void* (*create)() = nullptr;
  void (*destroy)(void*) = nullptr;
};

inline bool is_object(const TypeInfo& type) { return type.kind == TypeKind::object; }
/// Objects, lists and maps: what is more than a text as a tool's result.
inline bool is_structured(const TypeInfo& type) {
  return type.kind == TypeKind::object || type.kind == TypeKind::array || type.kind == TypeKind::map;
}

template <class T>
const TypeInfo& type_info();

namespace detail {

template <class T>
concept DescribedClass = std::is_class_v<T> && boost::describe::has_describe_members<T>::value;
template <class T>
concept DescribedEnum = std::is_enum_v<T> && boost::describe::has_describe_enumerators<T>::value;

template <class T>
struct Kind {
  static constexpr bool known = false;
};

template <class T>
const void* default_of() {
  static const T value{};
  return &value;
}

template <class T>
constexpr TypeInfo scalar(TypeKind kind) {
  TypeInfo info;
  info.kind = kind;
  info.default_object = &default_of<T>;
  info.bytes = sizeof(T);
  info.is_signed = std::is_signed_v<T>;
  return info;
}

template <>
struct Kind<bool> {
  static constexpr bool known = true;
  static constexpr TypeInfo make() { return scalar<bool>(TypeKind::boolean); }
};
template <>
struct Kind<std::string> {
  static constexpr bool known = true;
  static constexpr TypeInfo make() {
    TypeInfo info;
    info.kind = TypeKind::string;
    info.default_object = &default_of<std::string>;
    return info;
  }
};
template <class T>
  requires(std::is_integral_v<T> && !std::is_same_v<T, bool> && !std::is_same_v<T, char>)
struct Kind<T> {
  static constexpr bool known = true;
  static constexpr TypeInfo make() { return scalar<T>(TypeKind::integer); }
};
template <class T>
  requires(std::is_same_v<T, float> || std::is_same_v<T, double>)
struct Kind<T> {
  static constexpr bool known = true;
  static constexpr TypeInfo make() { return scalar<T>(TypeKind::number); }
};

/// Defined by the library, which alone knows the whole type.
const TypeInfo& json_value_type();
template <>
struct Kind<json::value> {
  static constexpr bool known = true;
};

template <class L>
struct Enumerators;
template <template <class...> class L, class... D>
struct Enumerators<L<D...>> {
  static constexpr EnumeratorInfo list[] = {EnumeratorInfo{D::name, static_cast<std::int64_t>(D::value)}...};
  static constexpr std::size_t count = sizeof...(D);
};
template <DescribedEnum T>
struct Kind<T> {
  static constexpr bool known = true;
  static constexpr TypeInfo make() {
    using List = Enumerators<boost::describe::describe_enumerators<T>>;
    TypeInfo info = scalar<std::underlying_type_t<T>>(TypeKind::enumeration);
    info.default_object = &default_of<T>;
    info.enumerators = List::list;
    info.count = List::count;
    return info;
  }
};

template <class T>
struct Kind<std::optional<T>> {
  static constexpr bool known = true;
  using O = std::optional<T>;
  static constexpr TypeInfo make() {
    TypeInfo info;
    info.kind = TypeKind::optional;
    info.default_object = &default_of<O>;
    info.inner = &type_info<T>;
    info.has_value = [](const void* o) { return static_cast<const O*>(o)->has_value(); };
    info.get = [](const void* o) -> const void* { return &**static_cast<const O*>(o); };
    info.emplace = [](void* o) -> void* { return &static_cast<O*>(o)->emplace(); };
    info.clear = [](void* o) { static_cast<O*>(o)->reset(); };
    return info;
  }
};

template <class T>
struct Kind<std::vector<T>> {
  static_assert(!std::is_same_v<T, bool>, "std::vector<bool> has no elements to point at: use std::vector<char> or an enum");
  static constexpr bool known = true;
  using V = std::vector<T>;
  static constexpr TypeInfo make() {
    TypeInfo info;
    info.kind = TypeKind::array;
    info.default_object = &default_of<V>;
    info.inner = &type_info<T>;
    info.clear = [](void* v) { static_cast<V*>(v)->clear(); };
    info.size = [](const void* v) { return static_cast<const V*>(v)->size(); };
    info.push = [](void* v) -> void* { return &static_cast<V*>(v)->emplace_back(); };
    info.element = [](const void* v, std::size_t i) -> const void* { return &(*static_cast<const V*>(v))[i]; };
    return info;
  }
};

template <class T>
struct Kind<std::map<std::string, T>> {
  static constexpr bool known = true;
  using M = std::map<std::string, T>;
  static constexpr TypeInfo make() {
    TypeInfo info;
    info.kind = TypeKind::map;
    info.default_object = &default_of<M>;
    info.inner = &type_info<T>;
    info.clear = [](void* m) { static_cast<M*>(m)->clear(); };
    info.size = [](const void* m) { return static_cast<const M*>(m)->size(); };
    info.insert = [](void* m, std::string_view key) -> void* { return &(*static_cast<M*>(m))[std::string(key)]; };
    info.each = [](const void* m, void* context, void (*visit)(void*, std::string_view, const void*)) {
      for (const auto& [key, value] : *static_cast<const M*>(m)) visit(context, key, &value);
    };
    return info;
  }
};

template <class... T>
struct Kind<std::variant<T...>> {
  static constexpr bool known = true;
  using V = std::variant<T...>;
  using Getter = const TypeInfo& (*)();
  static constexpr Getter list[] = {&type_info<T>...};
  template <std::size_t I>
  static void* emplace_one(void* v) {
    return &static_cast<V*>(v)->template emplace<I>();
  }
  template <std::size_t... I>
  static void* emplace_index(void* v, std::size_t i, std::index_sequence<I...>) {
    void* out = nullptr;
    static_cast<void>(((i == I && (out = emplace_one<I>(v), true)) || ...));
    return out;
  }
  static constexpr TypeInfo make() {
    TypeInfo info;
    info.kind = TypeKind::variant;
    info.default_object = &default_of<V>;
    info.alternatives = list;
    info.count = sizeof...(T);
    info.index = [](const void* v) { return static_cast<const V*>(v)->index(); };
    info.held = [](const void* v) {
      return std::visit([](const auto& held) -> const void* { return &held; }, *static_cast<const V*>(v));
    };
    info.emplace_at = [](void* v, std::size_t i) {
      return emplace_index(v, i, std::make_index_sequence<sizeof...(T)>());
    };
    return info;
  }
};

template <class D>
struct Kind<std::chrono::sys_time<D>> {
  static constexpr bool known = true;
  using T = std::chrono::sys_time<D>;
  static constexpr TypeInfo make() {
    TypeInfo info;
    info.kind = TypeKind::date_time;
    info.default_object = &default_of<T>;
    info.get_time = [](const void* t, UnixTime& out) {
      const D since = static_cast<const T*>(t)->time_since_epoch();
      // Compared as doubles: what is far off must not overflow on its way to seconds.
      const double about = std::chrono::duration<double>(since).count();
      if (!(about > first_date_time - 1.0 && about < last_date_time + 2.0)) return false;
      const auto seconds = std::chrono::floor<std::chrono::seconds>(since);
      const auto rest = std::chrono::duration_cast<std::chrono::nanoseconds>(since - seconds).count();
      // A double just below a second is rounded up to it.
      out = UnixTime{seconds.count(), static_cast<std::int32_t>(rest < 1'000'000'000 ? rest : 999'999'999)};
      return out.seconds >= first_date_time && out.seconds <= last_date_time;
    };
    info.set_time = [](void* t, UnixTime time) {
      // The last second of a type that counts parts of seconds is not whole.
      constexpr double part = std::ratio_less_v<typename D::period, std::ratio<1>> ? 1 : 0;
      const auto seconds = static_cast<double>(time.seconds);
      if (seconds < std::chrono::duration<double>(D::min()).count()) return false;
      if (seconds > std::chrono::duration<double>(D::max()).count() - part) return false;
      *static_cast<T*>(t) = T(std::chrono::floor<D>(std::chrono::seconds(time.seconds)) +
                              std::chrono::floor<D>(std::chrono::nanoseconds(time.nanoseconds)));
      return true;
    };
    return info;
  }
};

template <class D>
struct FieldOf;
template <class M, class C>
struct FieldOf<M C::*> {
  using Member = M;
  using Class = C;
};

template <class T, class D>
const void* member_at(const void* object) {
  return &(static_cast<const T*>(object)->*D::pointer);
}

template <class T, class L>
struct Fields;
template <class T, template <class...> class L, class... D>
struct Fields<T, L<D...>> {
  template <class P>
  using Parts = FieldOf<std::remove_const_t<P>>;
  static constexpr std::size_t count = sizeof...(D);
  static constexpr FieldInfo list[sizeof...(D) + 1] = {
      FieldInfo{D::name, &type_info<typename Parts<decltype(D::pointer)>::Member>,
                &type_info<typename Parts<decltype(D::pointer)>::Class>, &member_at<T, D>}...,
      FieldInfo{nullptr, nullptr, nullptr, nullptr}};
};

struct AnyMember {
  template <class T>
  operator T() const;
};
template <class T, std::size_t... I>
constexpr bool takes_initialisers(std::index_sequence<I...>) {
  return requires { T{(static_cast<void>(I), AnyMember())...}; };
}

template <DescribedClass T>
struct Kind<T> {
  static constexpr bool known = true;
  using Table =
      Fields<T, boost::describe::describe_members<T, boost::describe::mod_public | boost::describe::mod_inherited>>;
  // One initialiser more than there are described members: then one was forgotten. Only aggregates without bases can be
  // counted.
  static constexpr bool complete() {
    if constexpr (std::is_aggregate_v<T> && Table::count > 0 &&
                  takes_initialisers<T>(std::make_index_sequence<Table::count>())) {
      return !takes_initialisers<T>(std::make_index_sequence<Table::count + 1>());
    } else {
      return true;
    }
  }
  static_assert(complete(), "BOOST_DESCRIBE_STRUCT names fewer members than the struct has: add the forgotten one");
  static constexpr TypeInfo make() {
    TypeInfo info;
    info.kind = TypeKind::object;
    info.default_object = &default_of<T>;
    info.fields = Table::list;
    info.count = Table::count;
    info.create = []() -> void* { return new T{}; };
    info.destroy = [](void* object) { delete static_cast<T*>(object); };
    return info;
  }
};

template <class T>
struct TypeTable {
  static constexpr TypeInfo info = Kind<T>::make();
};

}  // namespace detail

/// True for a struct or class under BOOST_DESCRIBE_STRUCT or BOOST_DESCRIBE_CLASS.
template <class T>
inline constexpr bool is_described_struct = detail::DescribedClass<T>;

namespace detail {
template <class T>
inline constexpr bool is_list_or_map = false;
template <class T>
inline constexpr bool is_list_or_map<std::vector<T>> = true;
template <class T>
inline constexpr bool is_list_or_map<std::map<std::string, T>> = true;
}  // namespace detail

/// The table of `T`: bool, integers, float, double, std::string, described enums and structs, std::optional,
/// std::vector, std::map<std::string, U>, std::variant, std::chrono::sys_time, boost::json::value, and what is made of
/// them. The address is the same everywhere in a program.
template <class T>
const TypeInfo& type_info() {
  static_assert(detail::Kind<T>::known,
                "this type has no JSON form: describe it with BOOST_DESCRIBE_STRUCT(T, (), (members...)) or "
                "BOOST_DESCRIBE_ENUM(T, names...)");
  if constexpr (std::is_same_v<T, json::value>) {
    return detail::json_value_type();
  } else if constexpr (detail::Kind<T>::known) {
    return detail::TypeTable<T>::info;
  } else {
    return detail::json_value_type();
  }
}

}  // namespace leanmcp::inline v0
