#pragma once

#include <leanmcp/base/log.hpp>
#include <leanmcp/base/result.hpp>
#include <leanmcp/base/task.hpp>
#include <leanmcp/json/fwd.hpp>
#include <leanmcp/server/denial.hpp>
#include <leanmcp/server/principal.hpp>
#include <leanmcp/server/request.hpp>
#include <leanmcp/server/result.hpp>
#include <leanmcp/server/rounds.hpp>
#include <leanmcp/server/wait.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

namespace leanmcp::inline v0 {

class Context;
class TypeInfo;
struct Entry;

/// What the client answered to a form, a URL or another question. `unavailable` only for a URL: the client cannot open
/// one (all before 2025-11-25, and those that do not say they can); give the link in the result instead.
enum class Action { accept, decline, cancel, unavailable };

/// One call of a tool, prompt or resource as decorators see it. Lives from dispatch to the answer. Used on the call's
/// executor only, except where a method says otherwise.
class Call {
 public:
  virtual ~Call() = default;

  virtual const Entry& entry() const = 0;
  virtual const RequestInfo& info() const = 0;
  /// `_meta` of the request, or null.
  virtual const json::object* meta() const = 0;
  /// The arguments as passed, with what was merged since.
  virtual const json::object& arguments() const = 0;
  /// Adds an answer to the arguments, as if the caller had passed it.
  virtual void merge_argument(std::string_view name, const json::value& value) = 0;

  /// Null while nobody is authenticated.
  virtual const Principal* principal() const = 0;
  virtual void set_principal(Principal principal) = 0;
  using UserLoader = std::function<Task<Result<std::shared_ptr<const AuthUser>, Denial>>()>;
  /// How to get the profile, when a handler asks for it.
  virtual void set_user_loader(UserLoader loader) = 0;
  /// The profile, fetched once a call; the denial when nobody is authenticated or the look-up fails.
  virtual Task<Result<std::shared_ptr<const AuthUser>, Denial>> load_user() = 0;

  /// True when the client can be asked in this way now.
  virtual bool can_ask_form() const = 0;
  virtual bool can_ask_url() const = 0;
  /// Puts a question and gives the JSON text of the client's answer (an ElicitResult, CreateMessageResult, …). On the
  /// modern era the run may end here and begin again from the top with the answer.
  virtual Task<std::string> ask(Question question) = 0;
  /// Notes that the answer to `key` was wrong and why, so that the next `ask` with the key asks again.
  virtual void reject_answer(const std::string& key, std::string reason) = 0;
  virtual int rejected_answers(const std::string& key) const = 0;
  virtual std::string rejection_reason(const std::string& key) const = 0;
  virtual Rounds& rounds() = 0;
  /// See Context::wait_until.
  virtual Task<Waited> wait_until(std::string key, std::function<Task<bool>()> check, WaitOptions options) = 0;
  /// See Context::url_completion.
  virtual std::function<void()> url_completion(const std::string& key) = 0;

  /// Runs blocking work on the worker pool and comes back to this call's executor.
  virtual Task<void> on_worker(std::function<void()> work) = 0;
  virtual Executor& executor() noexcept = 0;
  /// Stable over all rounds and retries of this logical call; for use with outside services.
  virtual std::string idempotency_key() = 0;
  virtual TimePoint now() const = 0;
  virtual const Logger& logger() const = 0;
  virtual Context& context() = 0;

  /// `notifications/progress` and `notifications/message`; dropped when the caller did not ask. From any thread.
  virtual void progress(double done, std::optional<double> total, std::string_view message) = 0;
  virtual void log(int level, std::string data_json, std::string_view logger_name) = 0;
  virtual void resource_updated(std::string_view uri) = 0;
  virtual bool close_stream(int retry_ms) = 0;
  /// The URI of a resource request, else empty.
  virtual std::string_view uri() const = 0;

  // For the generated handlers:
  /// Fills `object` from the arguments. False when they do not fit; `argument_faults` says all of it.
  virtual bool bind(const TypeInfo& type, void* object) = 0;
  virtual ResultBody argument_faults() = 0;
  virtual const json::value& raw_arguments() = 0;
  virtual const AuthUser& user() const = 0;
  virtual std::stop_token stop_token() = 0;
  /// A resource's contents under the URI that was asked for and the registered media type.
  virtual ResourceResult resource_text(std::string_view text) const = 0;
  virtual ResourceResult resource_blob(std::string_view bytes) const = 0;
};

/// Where in a call's fixed order a hook stands (see docs/architecture.md, Decorators).
/// From `limit` on the call is bound to its principal.
enum class Stage { authenticate, authorize, limit, entitle, elicit, authorize_arguments };

/// What a hook decides: go on, answer instead, or later.
class Verdict {
 public:
  static Verdict proceed() { return Verdict(); }
  static Verdict deny(Denial denial) {
    Verdict verdict;
    verdict.denial_ = std::make_unique<Denial>(std::move(denial));
    return verdict;
  }
  /// The call is over and this is its result; it may be an `isError` result.
  static Verdict answer(ToolResult result) {
    Verdict verdict;
    verdict.result_ = std::make_unique<ToolResult>(std::move(result));
    return verdict;
  }
  static Verdict later(Task<Verdict> task) {
    Verdict verdict;
    verdict.task_ = std::move(task);
    return verdict;
  }
  bool is_proceed() const noexcept { return !denial_ && !result_ && !task_; }
  bool is_later() const noexcept { return static_cast<bool>(task_); }
  Task<Verdict> take_task() { return std::move(task_); }
  const Denial* denial() const noexcept { return denial_.get(); }
  ToolResult* result() const noexcept { return result_.get(); }

 private:
  Verdict() = default;
  std::unique_ptr<Denial> denial_;
  std::unique_ptr<ToolResult> result_;
  Task<Verdict> task_;
};

/// The run-time part of a decorator. One object serves all calls at once: it must be thread-safe.
class Hook {
 public:
  virtual ~Hook() = default;
  virtual Stage stage() const = 0;
  virtual Verdict before(Call& call) = 0;
  /// Whose word an authenticating hook takes; null for others. Hooks of one authority verify alike.
  virtual const void* authority() const { return nullptr; }
  /// Whether `before` needs `Call::principal()`. `Server::build()` then refuses an entry where nothing authenticates,
  /// however its decorators are ordered and also when `public_access()` took the service's authentication off.
  virtual bool needs_principal() const { return false; }
  /// After the call, in reverse order, for every hook whose `before` let the call go on, and only when the function has
  /// really stopped, however long after a cancellation that is. `succeeded` is true when the function ran to its end
  /// and succeeded, whether or not anybody still waited for it; false for `isError` results, failures, calls that timed
  /// out or that another hook answered, functions a cancellation cut off, and runs that wait for another round. An
  /// empty task means there is nothing to do.
  virtual Task<void> after(Call& call, bool succeeded);
};

}  // namespace leanmcp::inline v0
