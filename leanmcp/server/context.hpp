#pragma once

#include <leanmcp/base/task_group.hpp>
#include <leanmcp/base/await_guard.hpp>
#include <leanmcp/json/type_info.hpp>
#include <leanmcp/protocol/form.hpp>
#include <leanmcp/server/call.hpp>
#include <leanmcp/server/once.hpp>

#include <tuple>
#include <utility>
#include <vector>

namespace leanmcp::inline v0 {

namespace detail {
template <class T>
inline constexpr bool is_task = false;
template <class T>
inline constexpr bool is_task<Task<T>> = true;

/// What functions that await nothing return.
template <class T>
inline constexpr bool is_plain_result = std::is_void_v<T> || std::is_arithmetic_v<T> || std::is_same_v<T, std::string> ||
                                        std::is_base_of_v<ResultBody, T> || DescribedClass<T> || is_list_or_map<T>;
template <class T>
inline constexpr bool is_plain_result<Result<T>> = true;

template <class T>
struct OnceValueOf {
  using type = T;
};
template <class T>
struct OnceValueOf<Task<T>> {
  using type = T;
};
template <class F>
using OnceValue = typename OnceValueOf<std::decay_t<std::invoke_result_t<F&>>>::type;
}  // namespace detail

/// MCP's log levels (RFC 5424, section 6.2.1), mildest first.
enum class McpLevel { debug, info, notice, warning, error, critical, alert, emergency };

/// The answer to a form. `value` is there exactly when `action` is accept.
template <class T>
class Answer {
 public:
  Answer(Action action, std::optional<T> value) : action_(action), value_(std::move(value)) {}
  Action action() const noexcept { return action_; }
  bool accepted() const noexcept { return action_ == Action::accept; }
  explicit operator bool() const noexcept { return accepted(); }
  const T& operator*() const& { return *value_; }
  T&& operator*() && { return std::move(*value_); }
  const T* operator->() const { return &*value_; }

 private:
  Action action_;
  std::optional<T> value_;
};

/// One of several forms that are put at once; see `Context::elicit_all`.
template <class T>
class FormFor {
 public:
  FormFor(std::string key, Form form) : key(std::move(key)), form(std::move(form)) {}
  /// The form is made from the struct's own fields.
  FormFor(std::string key, std::string message) : FormFor(std::move(key), Form::of<T>(std::move(message))) {}
  std::string key;
  Form form;
};

struct Root {
  std::string uri;
  std::string name;
};

/// The client's model was asked; `text` is the text of its answer, `json` the whole CreateMessageResult.
struct Sample {
  std::string text;
  std::string model;
  std::string stop_reason;
  std::string json;
};

/// A request to the client's model (2026-07-28, Sampling).
class SampleRequest {
 public:
  SampleRequest() = default;
  explicit SampleRequest(std::string prompt) { user(std::move(prompt)); }
  SampleRequest& user(std::string text) { return message("user", std::move(text)); }
  SampleRequest& assistant(std::string text) { return message("assistant", std::move(text)); }
  SampleRequest& system(std::string text);
  SampleRequest& max_tokens(int tokens) {
    max_tokens_ = tokens;
    return *this;
  }
  SampleRequest& temperature(double value);
  /// The answer ends before one of these comes; several can be given.
  SampleRequest& stop_at(std::string_view sequence);
  /// A model by its name or a part of it, the most wished for first. The client may take another.
  SampleRequest& prefer_model(std::string_view name);
  /// How much a low price, speed and intelligence count, each from 0 to 1 (2026-07-28, Sampling, Model Preferences).
  SampleRequest& priorities(double cost, double speed, double intelligence);
  /// Any other member of the parameters, such as `metadata`; throws std::logic_error when `json_text` is no JSON. With
  /// `tools` the call ends as for any capability the client lacks when it does not say `sampling.tools`.
  SampleRequest& member(std::string_view name, std::string_view json_text);
  /// The parameters as JSON text.
  std::string params() const;
  bool with_tools() const noexcept { return with_tools_; }

 private:
  SampleRequest& message(std::string_view role, std::string text);
  std::string messages_;
  std::string extra_;
  std::string stop_sequences_;
  std::string hints_;
  std::string priorities_;
  int max_tokens_ = 1000;
  bool with_tools_ = false;
};

/// What a handler can do during its call. Belongs to the call: use it in the handler's coroutine or function only.
/// `progress` and `log` may be called from a worker thread as well; the rest from the call's executor.
class Context {
 public:
  explicit Context(Call& call) noexcept : call_(call) {}
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  /// The caller, or null where no decorator authenticates.
  const Principal* principal() const { return call_.principal(); }
  const ClientInfo& client() const { return call_.info().client; }
  Version version() const { return call_.info().version; }
  const ClientCapabilities& capabilities() const { return call_.info().capabilities; }
  /// The URI a resource was read by.
  std::string_view uri() const;
  /// `_meta` of the request as JSON text.
  std::string meta_json() const;

  /// `notifications/progress`, if the caller asked for it; values must grow.
  void progress(double done, std::optional<double> total = std::nullopt, std::string_view message = {});
  /// `notifications/message`, if the caller asked for logs of this level.
  void log(McpLevel level, std::string_view text, std::string_view logger = {});
  void log_json(McpLevel level, std::string data_json, std::string_view logger = {});

  bool can_ask_form() const { return call_.can_ask_form(); }
  bool can_ask_url() const { return call_.can_ask_url(); }

  /// Asks the user to fill the form and gives the answers as a `T`, which must be a described struct. Answers that do
  /// not fit are asked for again, with the reason, three times at most; then the answer counts as cancelled. `key`
  /// names the question within the call. Where the client cannot be asked the call ends with the error the
  /// specification names (-32021); test `can_ask_form()` first to do something else.
  template <class T>
  Task<Answer<T>> elicit(std::string key, Form form) {
    T value{};
    Task<Action> asked = ask_form(std::move(key), std::move(form), type_info<T>(), &value);
    const Action action = co_await std::move(asked);
    std::optional<T> accepted;
    if (action == Action::accept) accepted.emplace(std::move(value));
    Answer<T> answer(action, std::move(accepted));
    co_return std::move(answer);
  }
  /// The same with the form made from the struct's own fields.
  template <class T>
  Task<Answer<T>> elicit(std::string key, std::string message) {
    return elicit<T>(std::move(key), Form::of<T>(std::move(message)));
  }
  /// The same with the answers as a JSON object's text; empty unless accepted.
  Task<Answer<std::string>> elicit_json(std::string key, Form form);
  /// Puts several forms at once, so that the modern era needs one round for all of them:
  /// `auto asking = ctx.elicit_all(FormFor<Size>("size", "How big?"), FormFor<Colour>("colour", "Which colour?"));`
  template <class... T>
  Task<std::tuple<Answer<T>...>> elicit_all(FormFor<T>... forms) {
    std::tuple<T...> values;
    std::vector<Task<Action>> asking;
    asking.reserve(sizeof...(T));
    std::apply(
        [&](T&... value) {
          (asking.push_back(ask_form(std::move(forms.key), std::move(forms.form), type_info<T>(), &value)), ...);
        },
        values);
    Task<std::vector<Action>> together = all(std::move(asking));
    const std::vector<Action> actions = co_await std::move(together);
    std::size_t next = 0;
    const auto answer = [&]<class A>(A& value) {
      const Action action = actions[next++];
      std::optional<A> accepted;
      if (action == Action::accept) accepted.emplace(std::move(value));
      return Answer<A>(action, std::move(accepted));
    };
    // Braces, since their order is fixed.
    std::tuple<Answer<T>...> answers =
        std::apply([&](T&... value) { return std::tuple<Answer<T>...>{answer(value)...}; }, values);
    co_return std::move(answers);
  }
  /// Asks the user to open `url` (http or https, without user name and password; throws std::logic_error otherwise).
  /// Accept means the user agreed to open it, not that anything is done there: see `wait_until`. `unavailable` where
  /// the client cannot be asked: then give the link in the result, see `url_needed`. The page must check by itself who
  /// opens it (2026-07-28, Elicitation, URL Mode), and no personal data belongs into the URL.
  Task<Action> elicit_url(std::string key, std::string url, std::string message);
  /// Waits until `check` is true: a function that gives a bool or a Task<bool>, called every half second from the
  /// call's executor; leave blocking work to `on_worker` inside it. On the legacy era the call waits, with progress
  /// notifications; on the modern one it holds the round for 20 s, ends it with nothing but a requestState, and goes on
  /// in the next, eight rounds at most. Neither is bound by the time limit for calls. What it came to is remembered
  /// over the rounds. `key` is one of the call's question keys.
  template <class F>
  Task<Waited> wait_until(std::string key, F&& check, WaitOptions options) {
    static_assert(detail::safe_beside_co_await<F>,
                  "g++ 12 miscompiles this: name the function first and pass the name, auto f = [x] { … }; co_await "
                  "ctx.wait_until(key, f, options);");
    std::function<Task<bool>()> look;
    if constexpr (detail::is_task<std::invoke_result_t<F&>>) {
      look = std::forward<F>(check);
    } else {
      look = [check = std::decay_t<F>(std::forward<F>(check))]() mutable -> Task<bool> { co_return check(); };
    }
    return call_.wait_until(std::move(key), std::move(look), std::move(options));
  }
  template <class F>
  Task<Waited> wait_until(std::string key, F&& check) {
    return wait_until(std::move(key), std::forward<F>(check), WaitOptions());
  }
  /// What to call, from any thread and at any time, when the thing behind `elicit_url(key, …)` or `url_needed` is done:
  /// tells the client that asked, and no other (2025-11-25, notifications/elicitation/complete). On the other revisions
  /// it does nothing. Does not keep the call or its session alive.
  std::function<void()> url_completion(const std::string& key) { return call_.url_completion(key); }
  /// An answer instead of a question: error -32042 with the URL for clients of 2025-11-25 that can open one, for all
  /// others a failure with the link in its text and as data. For where the call cannot or need not stay open.
  ToolResult url_needed(const std::string& key, const std::string& url, const std::string& message);
  /// Asks the client's model.
  Task<Sample> sample(std::string key, SampleRequest request);
  /// The client's roots.
  Task<std::vector<Root>> roots(std::string key = "roots");

  /// Runs `fn` once per logical call, at least: later rounds get the recorded value. `fn` returns a described struct, a
  /// string, a number or a bool, or a Task of one. A lost answer or a parallel retry runs it again; give outside
  /// services `idempotency_key()`.
  template <class F>
  auto once(std::string key, F&& fn) -> Task<detail::OnceValue<std::decay_t<F>>> {
    static_assert(detail::safe_beside_co_await<F>,
                  "g++ 12 miscompiles this: name the function first and pass the name, auto f = [x] { … }; co_await "
                  "ctx.once(key, f);");
    return run_once(std::move(key), std::decay_t<F>(std::forward<F>(fn)));
  }

  /// Runs `fn` exactly once per logical call, however its rounds are replayed: what it did is recorded in the store
  /// before anyone goes on, and a parallel round waits for it. It is not cut by cancellation. If `fn` throws, it counts
  /// as not done. If the process dies between doing and recording, nobody can tell: later rounds then fail with a
  /// message that says so, instead of doing it twice.
  template <class F>
  auto once(OnceStore& store, std::string key, F&& fn) -> Task<detail::OnceValue<std::decay_t<F>>> {
    static_assert(detail::safe_beside_co_await<F>,
                  "g++ 12 miscompiles this: name the function first and pass the name, auto f = [x] { … }; co_await "
                  "ctx.once(store, key, f);");
    return run_once(store, std::move(key), std::decay_t<F>(std::forward<F>(fn)));
  }

  /// The same in every round of the call.
  TimePoint now() { return call_.rounds().now(); }
  std::uint64_t random() { return call_.rounds().next_random(); }
  std::string idempotency_key() { return call_.idempotency_key(); }

  std::stop_token stop_token() { return call_.stop_token(); }
  Executor& executor() noexcept { return call_.executor(); }
  /// Runs blocking work on the worker pool and comes back.
  template <class F>
  Task<void> on_worker(F&& work) {
    static_assert(detail::safe_beside_co_await<F>,
                  "g++ 12 miscompiles this: name the function first and pass the name, auto f = [x] { … }; co_await "
                  "ctx.on_worker(f);");
    return call_.on_worker(std::function<void()>(std::forward<F>(work)));
  }
  /// Runs `task` to its end even when the call is cancelled or its round ends: for work that must not be cut in half.
  template <class T>
  Task<T> shield(Task<T> task) {
    return leanmcp::shield(std::move(task));
  }
  /// Tells subscribers that a resource changed.
  void resource_updated(std::string_view uri);
  /// Legacy era: closes the connection for now; the client comes back for the rest after `retry_ms`.
  bool close_stream(int retry_ms);

 private:
  template <class F>
  auto run_once(std::string key, F fn) -> Task<detail::OnceValue<F>> {
    using T = detail::OnceValue<F>;
    T value{};
    const bool known = recall(key, type_info<T>(), &value);
    if (!known) {
      if constexpr (detail::is_task<std::invoke_result_t<F&>>) {
        auto task = fn();
        value = co_await std::move(task);
      } else {
        value = fn();
      }
      remember(std::move(key), type_info<T>(), &value);
    }
    co_return std::move(value);
  }
  template <class F>
  auto run_once(OnceStore& store, std::string key, F fn) -> Task<detail::OnceValue<F>> {
    using T = detail::OnceValue<F>;
    T value{};
    for (;;) {
      // Claimed and done in one piece: a cancellation between the two would leave a claim that nobody takes up.
      Task<bool> attempt = leanmcp::shield(try_once(store, key, fn, value));
      const bool settled = co_await std::move(attempt);
      if (settled) break;
      Task<void> waiting = sleep_for(std::chrono::milliseconds(200));
      co_await std::move(waiting);
    }
    co_return std::move(value);
  }
  Task<Action> ask_form(std::string key, Form form, const TypeInfo& type, void* object);
  bool recall(const std::string& key, const TypeInfo& type, void* object);
  void remember(std::string key, const TypeInfo& type, const void* object);
  /// `done`: the result is in `object`. Never `unknown`: that ends the call.
  Task<OnceStore::State> claim_once(OnceStore& store, std::string key, const TypeInfo& type, void* object);
  Task<void> finish_once(OnceStore& store, std::string key, const TypeInfo& type, const void* object);
  Task<void> release_once(OnceStore& store, std::string key);
  /// False while somebody else is doing it.
  template <class F>
  Task<bool> try_once(OnceStore& store, const std::string& key, F& fn, detail::OnceValue<F>& value) {
    Task<OnceStore::State> claiming = claim_once(store, key, type_info<detail::OnceValue<F>>(), &value);
    const OnceStore::State state = co_await std::move(claiming);
    if (state != OnceStore::State::mine) co_return state == OnceStore::State::done;
    std::exception_ptr thrown;
    try {
      if constexpr (detail::is_task<std::invoke_result_t<F&>>) {
        auto task = fn();
        value = co_await std::move(task);
      } else {
        value = fn();
      }
    } catch (...) {
      thrown = std::current_exception();
    }
    if (thrown) {
      Task<void> releasing = release_once(store, key);
      co_await std::move(releasing);
      std::rethrow_exception(thrown);
    }
    Task<void> finishing = finish_once(store, key, type_info<detail::OnceValue<F>>(), &value);
    co_await std::move(finishing);
    co_return true;
  }

  std::string holder_;
  Call& call_;
};

}  // namespace leanmcp::inline v0

/// @cond A function that takes a Context and awaits something without being a coroutine of ours: told in words.
template <class R, class... A>
  requires(leanmcp::detail::is_plain_result<R> && (std::is_same_v<A, leanmcp::Context&> || ...))
struct std::coroutine_traits<R, A...> {
  static_assert(leanmcp::detail::is_task<R>,
                "a function that awaits returns a Task: write Task<std::string> instead of std::string");
  using promise_type = typename leanmcp::Task<void>::promise_type;
};  /// @endcond
