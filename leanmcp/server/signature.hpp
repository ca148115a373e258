#pragma once

#include <leanmcp/json/type_info.hpp>
#include <leanmcp/server/context.hpp>
#include <leanmcp/server/handler.hpp>

#include <memory>
#include <stop_token>
#include <tuple>
#include <type_traits>
#include <utility>

namespace leanmcp::inline v0 {

/// Picks one of several overloads by the input it takes: `overload<const Order&>(&Shop::buy)`.
template <class... Args, class R, class C>
constexpr auto overload(R (C::*function)(Args...)) noexcept {
  return function;
}
template <class... Args, class R, class C>
constexpr auto overload(R (C::*function)(Args...) const) noexcept {
  return function;
}
template <class... Args, class R>
constexpr auto overload(R (*function)(Args...)) noexcept {
  return function;
}

namespace detail {

template <class R, class... A>
struct Signature {
  using Return = R;
  using Args = std::tuple<A...>;
};

template <class F>
struct SignatureOf;
template <class R, class... A>
struct SignatureOf<R (*)(A...)> : Signature<R, A...> {};
template <class R, class... A>
struct SignatureOf<R (*)(A...) noexcept> : Signature<R, A...> {};
template <class R, class C, class... A>
struct SignatureOf<R (C::*)(A...)> : Signature<R, A...> {};
template <class R, class C, class... A>
struct SignatureOf<R (C::*)(A...) const> : Signature<R, A...> {};
template <class R, class C, class... A>
struct SignatureOf<R (C::*)(A...) noexcept> : Signature<R, A...> {};
template <class R, class C, class... A>
struct SignatureOf<R (C::*)(A...) const noexcept> : Signature<R, A...> {};

template <class F>
concept HasOneCallOperator = requires { &F::operator(); };
template <class F>
concept Callable = std::is_pointer_v<F> || std::is_member_function_pointer_v<F> || HasOneCallOperator<F>;

template <class F, bool functor = HasOneCallOperator<F>>
struct SignatureFor : SignatureOf<F> {};
template <class F>
struct SignatureFor<F, true> : SignatureOf<decltype(&F::operator())> {};

template <class T>
inline constexpr bool is_result = false;
template <class T>
inline constexpr bool is_result<Result<T, Error>> = true;

template <class T>
struct Unwrap {
  using type = T;
};
template <class T>
struct Unwrap<Task<T>> : Unwrap<T> {};
template <class T>
struct Unwrap<Result<T, Error>> : Unwrap<T> {};

/// The kinds of parameter a function may have, found by type.
enum class Param { input, raw, principal, user, context, stop };

template <class A>
constexpr Param param_kind() {
  using T = std::remove_cvref_t<A>;
  if constexpr (std::is_same_v<T, Principal>) return Param::principal;
  else if constexpr (std::is_same_v<T, AuthUser>) return Param::user;
  else if constexpr (std::is_same_v<T, Context>) return Param::context;
  else if constexpr (std::is_same_v<T, std::stop_token>) return Param::stop;
  else if constexpr (std::is_same_v<T, json::value>) return Param::raw;
  else return Param::input;
}

template <class A>
inline constexpr bool good_reference =
    param_kind<A>() == Param::context
        ? std::is_lvalue_reference_v<A> && !std::is_const_v<std::remove_reference_t<A>>
        : !std::is_reference_v<A> || std::is_const_v<std::remove_reference_t<A>>;

struct NoInput {};

template <class Args>
struct InputOf;
template <>
struct InputOf<std::tuple<>> {
  using type = NoInput;
};
template <class A, class... Rest>
struct InputOf<std::tuple<A, Rest...>> {
  using type = std::conditional_t<param_kind<A>() == Param::input, std::remove_cvref_t<A>,
                                  typename InputOf<std::tuple<Rest...>>::type>;
};

template <class... A>
constexpr int count_params([[maybe_unused]] Param kind, std::tuple<A...>*) {
  return (0 + ... + (param_kind<A>() == kind ? 1 : 0));
}
template <class... A>
constexpr bool all_good_references(std::tuple<A...>*) {
  return (true && ... && good_reference<A>);
}

template <class A, class In>
decltype(auto) provide(Call& call, In& input) {
  constexpr Param kind = param_kind<A>();
  if constexpr (kind == Param::principal) {
    return static_cast<const Principal&>(*call.principal());
  } else if constexpr (kind == Param::user) {
    return call.user();
  } else if constexpr (kind == Param::context) {
    return static_cast<Context&>(call.context());
  } else if constexpr (kind == Param::stop) {
    return call.stop_token();
  } else if constexpr (kind == Param::raw) {
    return call.raw_arguments();
  } else {
    return static_cast<std::conditional_t<std::is_reference_v<A>, const In&, In&&>>(input);
  }
}

// How each kind of entry turns what the function gave into a result.

ResultBody tool_body(Call& call, ToolResult result);
ResultBody tool_body(Call& call, const std::string& text);
ResultBody tool_body(Call& call, const char* text);
ResultBody tool_body(Call& call, const Content& content);
ResultBody tool_body(Call& call, const std::vector<Content>& contents);
ResultBody tool_body(Call& call, const json::value& value);
/// A described struct, a list or a map becomes structured content and the same JSON as text; anything else the binder
/// knows, text only.
ResultBody tool_body_of(const TypeInfo& type, const void* object);

struct AsTool {
  static constexpr bool structured = true;
  static ResultBody nothing(Call&) { return ToolResult(); }
  static ResultBody failure(Call&, const Error& error) { return failure_result(error); }
  template <class T>
  static ResultBody body(Call& call, T&& value) {
    using V = std::remove_cvref_t<T>;
    if constexpr (requires { tool_body(call, std::forward<T>(value)); } && !std::is_arithmetic_v<V>)
      return tool_body(call, std::forward<T>(value));
    else
      return tool_body_of(type_info<V>(), &value);
  }
};

ResultBody rpc_failure(const Error& error);

struct AsPrompt {
  static constexpr bool structured = false;
  static ResultBody nothing(Call&) { return PromptResult(); }
  static ResultBody failure(Call&, const Error& error) { return rpc_failure(error); }
  static ResultBody body(Call&, PromptResult result) { return result; }
};

struct AsResource {
  static constexpr bool structured = false;
  static ResultBody nothing(Call&) { return ResourceResult(); }
  static ResultBody failure(Call&, const Error& error) { return rpc_failure(error); }
  static ResultBody body(Call&, ResourceResult result) { return result; }
  static ResultBody body(Call& call, const std::string& text) { return call.resource_text(text); }
};

template <class As, class T>
ResultBody finish(Call& call, T&& value) {
  using V = std::remove_cvref_t<T>;
  if constexpr (is_result<V>) {
    if (!value) return As::failure(call, value.error());
    if constexpr (std::is_void_v<typename V::value_type>) {
      return As::nothing(call);
    } else {
      return As::body(call, *std::forward<T>(value));
    }
  } else {
    return As::body(call, std::forward<T>(value));
  }
}

template <class As, class In, class F, class R, class... A>
ResultBody run_plain(const F& f, Call& call, std::tuple<A...>*) {
  In input{};
  if constexpr (!std::is_same_v<In, NoInput>) {
    if (!call.bind(type_info<In>(), &input)) return call.argument_faults();
  }
  if constexpr (std::is_void_v<R>) {
    f(provide<A>(call, input)...);
    return As::nothing(call);
  } else {
    return finish<As>(call, f(provide<A>(call, input)...));
  }
}

template <class As, class In, class F, class R, class... A>
Task<ResultBody> run_coroutine(const F& f, Call& call, std::tuple<A...>*) {
  In input{};
  if constexpr (!std::is_same_v<In, NoInput>) {
    if (!call.bind(type_info<In>(), &input)) {
      ResultBody faults = call.argument_faults();
      co_return std::move(faults);
    }
  }
  R task = f(provide<A>(call, input)...);
  if constexpr (std::is_void_v<typename R::value_type>) {
    co_await std::move(task);
    ResultBody body = As::nothing(call);
    co_return std::move(body);
  } else {
    auto value = co_await std::move(task);
    ResultBody body = finish<As>(call, std::move(value));
    co_return std::move(body);
  }
}

template <class V>
constexpr const TypeInfo* output_type() {
  if constexpr (is_described_struct<V> || (is_list_or_map<V> && !std::is_same_v<V, std::vector<Content>>)) {
    return &type_info<V>();
  } else {
    return nullptr;
  }
}

/// `f` takes exactly the arguments of `Sig`.
template <class As, class Sig, class F>
Handler make_handler(F f) {
  using Args = typename Sig::Args;
  using Return = typename Sig::Return;
  constexpr Args* args = nullptr;
  constexpr int inputs = count_params(Param::input, args);
  static_assert(inputs <= 1, "a tool takes at most one input struct: put all arguments into one described struct");
  static_assert(all_good_references(args),
                "take the input by value or const reference, Principal and AuthUser by const reference, Context as "
                "Context&");
  using In = typename InputOf<Args>::type;
  constexpr bool described = std::is_same_v<In, NoInput> || is_described_struct<In>;
  static_assert(described,
                "the input is no described struct: write BOOST_DESCRIBE_STRUCT(Input, (), (members...)) after it");
  Handler handler;
  if constexpr (inputs <= 1 && all_good_references(args) && described) {
    if constexpr (!std::is_same_v<In, NoInput>) handler.input = &type_info<In>();
    handler.takes_raw = count_params(Param::raw, args) > 0;
    handler.takes_principal = count_params(Param::principal, args) > 0;
    handler.takes_user = count_params(Param::user, args) > 0;
    handler.takes_context = count_params(Param::context, args) > 0;
    if constexpr (As::structured) handler.output = output_type<typename Unwrap<Return>::type>();
    if constexpr (is_task<Return>) {
      handler.coroutine = [f = std::move(f)](Call& call) {
        return run_coroutine<As, In, F, Return>(f, call, static_cast<Args*>(nullptr));
      };
    } else {
      handler.plain = [f = std::move(f)](Call& call) {
        return run_plain<As, In, F, Return>(f, call, static_cast<Args*>(nullptr));
      };
    }
  }
  return handler;
}

template <class As, class F>
Handler handler_of(F f) {
  static_assert(Callable<F>,
                "the function's parameters cannot be seen: give a function, a method or a lambda without auto "
                "parameters; pick an overload with overload<Input>(&T::f)");
  if constexpr (Callable<F>) {
    return make_handler<As, SignatureFor<F>>(std::move(f));
  } else {
    return Handler();
  }
}

/// A method of a shared object.
template <class As, class S, class M>
Handler method_handler(std::shared_ptr<S> object, M method) {
  static_assert(std::is_member_function_pointer_v<M> || Callable<M>,
                "give a method of the service, such as &Service::method");
  if constexpr (std::is_member_function_pointer_v<M>) {
    auto bound = [object = std::move(object), method]<class... A>(A&&... args) -> typename SignatureFor<M>::Return {
      return ((*object).*method)(std::forward<A>(args)...);
    };
    return make_handler<As, SignatureFor<M>>(std::move(bound));
  } else {
    return handler_of<As>(std::move(method));
  }
}

}  // namespace detail

}  // namespace leanmcp::inline v0
