#pragma once

#include <leanmcp/server/entry.hpp>
#include <leanmcp/server/signature.hpp>

#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

namespace leanmcp::inline v0 {

/// A rule of the author's behind one signature. Made by `authorize`; immutable, called from many threads at once.
struct AuthorizeRule {
  /// What a rule came to. `bound` is false when the arguments do not fit the input (yet).
  struct Decision {
    bool bound = true;
    bool allowed = false;
    std::string message;  ///< one sentence for the caller, or empty
  };
  const TypeInfo* input = nullptr;
  bool takes_raw = false;
  bool takes_user = false;
  /// Exactly one of the two is set.
  std::function<Decision(Call&)> plain;
  std::function<Task<Decision>(Call&)> coroutine;
  bool looks_at_arguments() const noexcept { return input || takes_raw; }
};

/// A decorator that lets a call go on where the rule says so; see `authorize`.
Decorator authorize_by(std::shared_ptr<const AuthorizeRule> rule);

namespace detail {

AuthorizeRule::Decision rule_decision(bool allowed);
AuthorizeRule::Decision rule_decision(const Result<void>& allowed);

template <class In, class F, class... A>
AuthorizeRule::Decision run_rule(const F& f, Call& call, std::tuple<A...>*) {
  In input{};
  if constexpr (!std::is_same_v<In, NoInput>) {
    if (!call.bind(type_info<In>(), &input)) {
      AuthorizeRule::Decision unbound;
      unbound.bound = false;
      return unbound;
    }
  }
  return rule_decision(f(provide<A>(call, input)...));
}

template <class In, class F, class R, class... A>
Task<AuthorizeRule::Decision> run_rule_coroutine(const F& f, Call& call, std::tuple<A...>*) {
  In input{};
  if constexpr (!std::is_same_v<In, NoInput>) {
    if (!call.bind(type_info<In>(), &input)) {
      AuthorizeRule::Decision unbound;
      unbound.bound = false;
      co_return std::move(unbound);
    }
  }
  R task = f(provide<A>(call, input)...);
  const auto allowed = co_await std::move(task);
  AuthorizeRule::Decision decision = rule_decision(allowed);
  co_return std::move(decision);
}

}  // namespace detail

/// Calls go on only where `rule` says so. It takes, in any order: `const Principal&`, `const AuthUser&` (fetched if
/// need be), and the function's own input struct, or `const json::value&` for a raw tool. It gives `bool`, or
/// `Result<void>` whose message the caller reads, or a `Task` of either; a plain rule runs on the event loop and must
/// not block.
///
/// A rule that looks at the arguments runs once before anybody is asked anything, when they are all there, and always
/// again on the merged arguments right before the function. A refusal is 403 with `data.code` FORBIDDEN. An exception
/// is a bug and refuses.
template <class F>
Decorator authorize(F rule) {
  static_assert(detail::Callable<F>, "authorize() takes a function or a lambda without auto parameters");
  using Sig = detail::SignatureFor<F>;
  using Args = typename Sig::Args;
  using Return = typename Sig::Return;
  using In = typename detail::InputOf<Args>::type;
  constexpr Args* args = nullptr;
  static_assert(detail::count_params(detail::Param::input, args) <= 1, "a rule takes at most one input struct");
  static_assert(detail::all_good_references(args), "take the input, Principal and AuthUser by const reference");
  auto made = std::make_shared<AuthorizeRule>();
  if constexpr (!std::is_same_v<In, detail::NoInput>) made->input = &type_info<In>();
  made->takes_raw = detail::count_params(detail::Param::raw, args) > 0;
  made->takes_user = detail::count_params(detail::Param::user, args) > 0;
  if constexpr (detail::is_task<Return>) {
    made->coroutine = [rule = std::move(rule)](Call& call) {
      return detail::run_rule_coroutine<In, F, Return>(rule, call, static_cast<Args*>(nullptr));
    };
  } else {
    made->plain = [rule = std::move(rule)](Call& call) {
      return detail::run_rule<In>(rule, call, static_cast<Args*>(nullptr));
    };
  }
  return authorize_by(std::move(made));
}

}  // namespace leanmcp::inline v0
