#pragma once

#include <type_traits>

namespace leanmcp::inline v0::detail {

/// Whether an argument of type `F&&` may be a temporary in an expression with `co_await`. g++ 12 destroys a temporary
/// that is an aggregate or a closure with members that need destroying twice there, without a warning
/// (docs/architecture.md, section 4). A named object, or one that needs no destructor, is safe everywhere.
template <class F>
inline constexpr bool safe_beside_co_await =
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 13
    std::is_lvalue_reference_v<F> || std::is_trivially_destructible_v<std::remove_cvref_t<F>> ||
    // What can be made from nothing is no closure with captures.
    (!std::is_aggregate_v<std::remove_cvref_t<F>> && std::is_default_constructible_v<std::remove_cvref_t<F>>);
#else
    true;
#endif

}  // namespace leanmcp::inline v0::detail
