#include <leanmcp/server/call_state.hpp>

#include <leanmcp/base/encoding.hpp>
#include <leanmcp/base/worker_pool.hpp>
#include <leanmcp/crypto/digest.hpp>
#include <leanmcp/json/bind.hpp>
#include <leanmcp/json/parse.hpp>
#include <leanmcp/json/schema_validator.hpp>
#include <leanmcp/protocol/codes.hpp>

#include <limits>
#include <optional>

namespace leanmcp::inline v0 {

namespace {

constexpr const char* details_in_log = "The server failed to do this; the details are in its log.";

bool is_text(const json::object& object, std::string_view key) {
  const json::value* const value = object.if_contains(key);
  return value && value->is_string();
}

RpcError busy() {
  return RpcError{code::unavailable, "The server is busy; try again.", R"({"code":"BUSY","action":"retry"})", 503};
}

RpcError invalid_params(std::string message) { return RpcError{code::invalid_params, std::move(message), {}, 200}; }

}  // namespace

CallState::CallState(std::shared_ptr<Engine> engine, std::shared_ptr<const Registry> registry, const Entry& entry,
                     std::shared_ptr<RequestSink> sink, RequestInfo&& info, const RequestMessage& message,
                     std::string name, UriVariables variables)
    : engine_(std::move(engine)),
      registry_(std::move(registry)),
      entry_(entry),
      sink_(std::move(sink)),
      info_(std::move(info)),
      id_(message.id),
      method_(message.method),
      params_(message.params),
      name_(std::move(name)),
      empty_arguments_(json::object()),
      arguments_(&empty_arguments_),
      passed_arguments_(&empty_arguments_),
      stop_(std::nostopstate),
      context_(*this),
      last_progress_(-std::numeric_limits<double>::infinity()) {
  for (auto& [key, value] : variables) empty_arguments_.get_object()[key] = value;
}

CallState::~CallState() { leave(); }

std::optional<RpcError> CallState::read_params() {
  if (!params_) return std::nullopt;
  if (const json::value* const meta = params_->if_contains("_meta")) {
    meta_ = meta->if_object();
    if (!meta_) return invalid_params("_meta must be an object");
    if (const json::value* const token = meta_->if_contains("progressToken")) {
      if (!token->is_string() && !token->is_int64() && !token->is_uint64())
        return invalid_params("progressToken must be a string or an integer");
      progress_token_ = json_text(*token);
    }
  }
  if (entry_.kind == EntryKind::tool || entry_.kind == EntryKind::prompt) {
    if (const json::value* const arguments = params_->if_contains("arguments")) {
      if (!arguments->is_object()) return invalid_params("arguments must be an object");
      arguments_ = arguments;
      passed_arguments_ = arguments;
    }
  }
  if (!info_.modern()) return std::nullopt;
  if (const json::value* const responses = params_->if_contains("inputResponses"); responses && !responses->is_object())
    return invalid_params("inputResponses must be an object");
  if (params_->contains("requestState") && !is_text(*params_, "requestState"))
    return invalid_params("requestState must be a string");
  return check_header_params();
}

void CallState::start() {
  // What ends inside start() never hears of a cancellation: registering is left to the paths that wait.
  const bool may_end_here = entry_.nonblocking && entry_.handler.plain;
  if (!may_end_here && !listen_for_cancel()) return;
  params_fault_ = read_params();
  if (params_fault_ && !entry_.hidden) return fail(*params_fault_);
  if (!run_hooks()) {
    if (waiting_ && listen_for_cancel()) spawn_drive(std::move(waiting_));
    return;
  }
  invoke();
}

bool CallState::listen_for_cancel() {
  if (try_listen_for_cancel()) return true;
  engine_->logger().warning("too many calls at once", {{"name", name_}, trace()});
  fail(busy());
  return false;
}

bool CallState::try_listen_for_cancel() {
  if (listens_) return true;
  // On the legacy era calls outlive their connections, so that the limits on those do not bound them.
  if (!counted_ && !engine_->begin_call()) return false;
  counted_ = true;
  const std::weak_ptr<CallState> weak = weak_from_this();
  sink_->on_cancel([weak] {
    if (const auto self = weak.lock()) self->cancel();
  });
  if (info_.session && tracked_ == 0) {
    tracked_ = info_.session->track(id_, [weak, &executor = sink_->executor()] {
      executor.post([weak] {
        if (const auto self = weak.lock()) self->cancel();
      });
    });
    if (tracked_ == 0) return false;
  }
  listens_ = true;
  stop_ = std::stop_source();
  if (engine_->options().call_timeout.count() > 0 && timeout_ == 0 && timeout_left_.count() == 0)
    start_timeout(engine_->options().call_timeout);
  return true;
}

/// Nothing can end the call from outside any more.
void CallState::leave() noexcept {
  if (timeout_ != 0) sink_->executor().cancel_timer(std::exchange(timeout_, 0));
  if (tracked_ != 0) info_.session->untrack(std::exchange(tracked_, 0));
  if (std::exchange(counted_, false)) engine_->end_call();
}

bool CallState::before_stage(Stage stage) {
  if (admitted_) return true;
  if (stage >= Stage::limit && params_fault_) {
    fail(*params_fault_);
    return false;
  }
  if (stage >= Stage::limit && !principal_bound_) {
    if (const auto error = bind_to_principal()) {
      fail(*error);
      return false;
    }
  }
  if (stage >= Stage::entitle && stage < Stage::authorize_arguments && !arguments_checked_) {
    arguments_checked_ = true;
    if (!arguments_passed_fit()) {
      finish(argument_faults(), false);
      return false;
    }
  }
  return true;
}

bool CallState::run_hooks() {
  while (hook_ < entry_.hooks.size()) {
    Hook& hook = *entry_.hooks[hook_];
    if (admitted_ && !concerns_admission(hook.stage())) {
      ++hook_;
      continue;
    }
    if (!before_stage(hook.stage())) return false;
    Verdict verdict = Verdict::proceed();
    try {
      verdict = hook.before(*this);
    } catch (...) {
      finish(failed(std::current_exception()), false);
      return false;
    }
    if (verdict.is_later()) {
      waiting_ = verdict.take_task();
      return false;
    }
    if (!settle_verdict(verdict)) return false;
  }
  if (params_fault_ && !admitted_) {
    fail(*params_fault_);
    return false;
  }
  if (!principal_bound_ && !admitted_) {
    if (const auto error = bind_to_principal()) {
      fail(*error);
      return false;
    }
  }
  return true;
}

bool CallState::settle_verdict(Verdict& verdict) {
  if (const Denial* const denial = verdict.denial()) {
    deny(*denial);
    return false;
  }
  if (verdict.result()) {
    finish(std::move(*verdict.result()), false);
    return false;
  }
  ++hook_;
  return true;
}

void CallState::invoke() {
  if (entry_.raw_input && !raw_arguments_fit()) return finish(argument_faults(), false);
  if (entry_.handler.coroutine || (entry_.handler.takes_user && !user_)) {
    if (listen_for_cancel()) spawn_drive(Task<Verdict>());
    return;
  }
  if (entry_.nonblocking) return finish(run_plain(), true);
  const bool taken = engine_->workers().submit([self = shared_from_this()] {
    // Nobody waits for it any more: the worker is for those that somebody waits for.
    const bool runs = !self->stop_.stop_requested();
    auto body = std::make_shared<ResultBody>(runs ? self->run_plain() : ResultBody());
    Executor& executor = self->sink_->executor();
    executor.post([self, body, runs] {
      self->on_worker_ = false;
      self->finish(std::move(*body), runs);
    });
  });
  on_worker_ = taken;
  if (!taken) {
    engine_->logger().warning("worker queue full", {{"name", name_}, trace()});
    fail(busy());
  }
}

ResultBody CallState::run_plain() noexcept {
  try {
    if (!entry_.serial) return entry_.handler.plain(*this);
    const std::lock_guard lock(*entry_.serial);
    return entry_.handler.plain(*this);
  } catch (...) {
    return failed(std::current_exception());
  }
}

ResultBody CallState::failed(std::exception_ptr exception) noexcept {
  std::string what = "unknown exception";
  try {
    std::rethrow_exception(exception);
  } catch (const CallFailure& failure) {
    if (entry_.kind == EntryKind::tool) return failure_result(failure.error());
    ResultBody body;
    body.failed = true;
    body.error = failure.error();
    body.rpc_code = code::internal_error;
    return body;
  } catch (const std::exception& e) {
    what = e.what();
  } catch (...) {
  }
  engine_->logger().error("handler threw", {{"name", name_}, {"what", what}, trace()});
  ToolResult result = ToolResult::failure(details_in_log);
  if (entry_.kind != EntryKind::tool) {
    result.failed = true;
    result.rpc_code = code::internal_error;
    result.error = Error(details_in_log);
  }
  return result;
}

void CallState::spawn_drive(Task<Verdict> waiting) {
  const auto self = shared_from_this();
  auto done = [self](RunOutcome<ResultBody> outcome) { self->on_run_end(std::move(outcome)); };
  RunHandle run = spawn(sink_->executor(), drive(std::move(waiting)), std::move(done));
  if (!run.ended()) run_ = std::move(run);
}

Task<ResultBody> CallState::drive(Task<Verdict> waiting) {
  // An empty body after `answered_` was set stands for "already answered by a verdict".
  while (waiting) {
    Verdict verdict = co_await std::move(waiting);
    waiting = Task<Verdict>();
    if (verdict.is_later()) {
      waiting = verdict.take_task();
      continue;
    }
    // Cancelled while the hook decided: the function is never called, and what the hook let through is undone.
    if (answered_) {
      if (verdict.is_proceed()) ++hook_;
      co_return ResultBody();
    }
    const bool settled = settle_verdict(verdict);
    const bool through = settled && run_hooks();
    if (through && admitted_) {
      admitted();
      co_return ResultBody();
    }
    if (through) break;
    if (!waiting_) co_return ResultBody();
    waiting = std::move(waiting_);
  }
  if (entry_.handler.takes_user && !user_) {
    auto loading = load_user();
    auto loaded = co_await std::move(loading);
    if (!loaded) {
      deny(loaded.error());
      co_return ResultBody();
    }
  }
  if (answered_) co_return ResultBody();
  ResultBody body;
  const bool fits = !entry_.raw_input || raw_arguments_fit();
  began_ = fits;
  if (!fits) {
    body = argument_faults();
  } else if (entry_.handler.coroutine) {
    auto running = entry_.handler.coroutine(*this);
    body = co_await std::move(running);
  } else if (entry_.nonblocking) {
    body = run_plain();
  } else {
    const auto out = std::make_shared<std::optional<ResultBody>>();
    std::function<void()> work = [this, out] {
      if (!stop_.stop_requested()) *out = run_plain();
    };
    co_await on_worker(std::move(work));
    began_ = out->has_value();
    if (began_) body = std::move(**out);
  }
  co_return std::move(body);
}

void CallState::on_run_end(RunOutcome<ResultBody> outcome) {
  run_ = RunHandle();
  if (finished_) return;  // by a verdict, whose hooks may still be at work
  if (outcome.value) return finish(std::move(*outcome.value), began_);
  if (outcome.exception) return finish(failed(outcome.exception), began_);
  if (answered_) return run_after_hooks(false, {});
  if (!missing_capability_.empty()) {
    run_after_hooks(false, {});
    if (info_.modern()) {
      return fail(RpcError{code::missing_client_capability, "The client lacks a capability this needs",
                           "{\"requiredCapabilities\":" + missing_capability_ + "}", 400});
    }
    return send(failure_result(
        Error("Your client cannot ask you what this needs: it lacks the capability " + missing_capability_)));
  }
  if (std::exchange(replay_, false)) {
    rounds_->start_again();
    arguments_ = passed_arguments_;
    began_ = false;
    return run_after_hooks(false, [self = shared_from_this()] {
      if (!self->answered_) self->start();
    });
  }
  if (rounds_ && (rounds_->paused() || !rounds_->pending().empty())) return finish_round();
}

void CallState::finish(ResultBody body, bool ran) {
  if (std::exchange(finished_, true)) return;
  const auto self = shared_from_this();
  if ((ran || !answered_) && !keeps_output_promise(body)) body = ToolResult::failure(details_in_log);
  const bool succeeded = ran && !body.is_error && !body.failed && !timed_out_;
  // Nobody waits any more. What was done is done all the same: a caller who cancels at the last moment gets nothing
  // for free, and hooks hear of the end only now, when the function has really stopped.
  if (answered_) return run_after_hooks(succeeded, {});
  if (entry_.hooks.empty()) return send(body);
  auto tasks = after_hooks(succeeded);
  if (tasks.empty()) return send(body);
  // A handler's failure is the answer even when a hook has something to say afterwards, so it is kept until then.
  auto kept = std::make_shared<ResultBody>(std::move(body));
  run_in_turn(std::move(tasks), [self, kept] { self->send(*kept); });
}

std::vector<Task<void>> CallState::after_hooks(bool succeeded) {
  std::vector<Task<void>> tasks;
  const std::size_t passed = std::exchange(hook_, 0);
  for (std::size_t i = passed; i-- > 0;) {
    Task<void> task = entry_.hooks[i]->after(*this, succeeded);
    if (task) tasks.push_back(std::move(task));
  }
  return tasks;
}

void CallState::run_after_hooks(bool succeeded, std::function<void()> next) {
  run_in_turn(after_hooks(succeeded), std::move(next));
}

void CallState::run_in_turn(std::vector<Task<void>> tasks, std::function<void()> next) {
  if (tasks.empty()) {
    if (next) next();
    return;
  }
  // What the function did is done, whether or not the server would begin one more call now.
  if (!answered_) try_listen_for_cancel();
  struct Sequence {
    static Task<void> run(std::vector<Task<void>> tasks) {
      for (auto& task : tasks) co_await std::move(task);
    }
  };
  const auto self = shared_from_this();
  auto done = [self, next](RunOutcome<void> outcome) {
    if (outcome.exception) self->failed(outcome.exception);
    if (next) next();
  };
  spawn(sink_->executor(), shield(Sequence::run(std::move(tasks))), std::move(done));
}

}  // namespace leanmcp::inline v0
