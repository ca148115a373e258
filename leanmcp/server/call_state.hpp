#pragma once

#include <leanmcp/server/engine.hpp>

#include <boost/json.hpp>

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace leanmcp::inline v0 {

/// Ends a call with an expected failure from a place that has no other way to say so, such as a question the client
/// refused to pass on.
class CallFailure : public std::runtime_error {
 public:
  explicit CallFailure(Error error) : std::runtime_error(error.message()), error_(std::move(error)) {}
  const Error& error() const noexcept { return error_; }

 private:
  Error error_;
};

/// One call from dispatch to its answer: `Call` for decorators and handlers, and the driver of its run.
///
/// Without a waiting hook or handler everything happens inside `start`. Otherwise a coroutine (`drive`) takes over; it
/// ends with a result, or is destroyed at a question of the modern era, and then the round is answered with
/// `input_required`.
class CallState final : public Call, public std::enable_shared_from_this<CallState> {
 public:
  CallState(std::shared_ptr<Engine> engine, std::shared_ptr<const Registry> registry, const Entry& entry,
            std::shared_ptr<RequestSink> sink, RequestInfo&& info, const RequestMessage& message, std::string name,
            UriVariables variables);
  ~CallState() override;

  void start();

  /// What an admission came to: the denial, or null and the principal (null when nothing authenticated).
  using Admitted = std::function<void(const Denial* denial, const Principal* principal)>;
  /// Decides by the entry's authenticating and authorizing hooks alone whether the caller may use it, and tells
  /// `admitted` instead of calling the function: for subscriptions, completion, lists and sessions.
  void admit(bool with_arguments, Admitted admitted);

  /// Something the call's entry needs to stay alive.
  void keep(std::shared_ptr<const void> owner) { owner_ = std::move(owner); }

  const Entry& entry() const override { return entry_; }
  const RequestInfo& info() const override { return info_; }
  const json::object* meta() const override { return meta_; }
  const json::object& arguments() const override { return arguments_->get_object(); }
  void merge_argument(std::string_view name, const json::value& value) override;
  const Principal* principal() const override { return principal_ ? &*principal_ : nullptr; }
  void set_principal(Principal principal) override { principal_ = std::move(principal); }
  void set_user_loader(UserLoader loader) override { user_loader_ = std::move(loader); }
  Task<Result<std::shared_ptr<const AuthUser>, Denial>> load_user() override;
  bool can_ask_form() const override;
  bool can_ask_url() const override;
  Task<std::string> ask(Question question) override;
  void reject_answer(const std::string& key, std::string reason) override { rounds().reject(key, std::move(reason)); }
  int rejected_answers(const std::string& key) const override { return rounds_ ? rounds_->rejections(key) : 0; }
  std::string rejection_reason(const std::string& key) const override {
    return rounds_ ? rounds_->rejection_reason(key) : std::string();
  }
  Rounds& rounds() override;
  Task<Waited> wait_until(std::string key, std::function<Task<bool>()> check, WaitOptions options) override;
  std::function<void()> url_completion(const std::string& key) override;
  Task<void> on_worker(std::function<void()> work) override;
  Executor& executor() noexcept override { return sink_->executor(); }
  std::string idempotency_key() override;
  TimePoint now() const override { return engine_->now(); }
  const Logger& logger() const override { return engine_->logger(); }
  Context& context() override { return context_; }
  void progress(double done, std::optional<double> total, std::string_view message) override;
  void log(int level, std::string data_json, std::string_view logger_name) override;
  void resource_updated(std::string_view uri) override { engine_->resource_updated(uri); }
  bool close_stream(int retry_ms) override { return sink_->close_stream(retry_ms); }
  std::string_view uri() const override;
  bool bind(const TypeInfo& type, void* object) override;
  ResultBody argument_faults() override;
  const json::value& raw_arguments() override { return *arguments_; }
  const AuthUser& user() const override { return *user_; }
  std::stop_token stop_token() override { return stop_.get_token(); }
  ResourceResult resource_text(std::string_view text) const override;
  ResourceResult resource_blob(std::string_view bytes) const override;

 private:
  std::optional<RpcError> read_params();
  std::optional<RpcError> check_header_params() const;
  /// After authentication: the session's owner and the sealed state are this principal's, or the call is refused.
  std::optional<RpcError> bind_to_principal();
  Rounds::Binding state_binding() const;
  /// All faults of the arguments that were passed; missing ones may still be asked for.
  bool arguments_passed_fit();
  bool raw_arguments_fit();

  /// Runs hooks from `hook_` on; true when all have let the call go on. Otherwise the call was answered, or
  /// `waiting_` holds the hook that decides later.
  bool run_hooks();
  bool concerns_admission(Stage stage) const;
  void admitted();
  bool settle_verdict(Verdict& verdict);
  bool before_stage(Stage stage);
  Task<ResultBody> drive(Task<Verdict> waiting);
  void spawn_drive(Task<Verdict> waiting);
  void invoke();
  ResultBody run_plain() noexcept;
  ResultBody failed(std::exception_ptr exception) noexcept;

  void on_run_end(RunOutcome<ResultBody> outcome);
  /// `ran`: it is what the function gave, not what was answered instead of calling it.
  void finish(ResultBody body, bool ran);
  void finish_round();
  void send(const ResultBody& body);
  void deny(const Denial& denial);
  /// Tells a denial of a hidden entry to those who may know of it.
  void conceal(const Denial& denial);
  void fail(const RpcError& error);
  void respond(Reply reply);
  void cancel();
  /// Runs the hooks' `after` in reverse order, then `next`.
  void run_after_hooks(bool succeeded, std::function<void()> next);
  /// What of the hooks' `after` takes time, in the order to run it in; the rest is done then.
  std::vector<Task<void>> after_hooks(bool succeeded);
  void run_in_turn(std::vector<Task<void>> tasks, std::function<void()> next);
  /// From here on the call can be ended from outside and counts against the most calls at once. False, and the call
  /// is refused, when there are too many already.
  bool listen_for_cancel();
  bool try_listen_for_cancel();
  void leave() noexcept;
  void start_timeout(std::chrono::milliseconds left);
  /// People are not bound by the time limit for calls: while one is waited for, it stands still.
  class HumanPause {
   public:
    explicit HumanPause(CallState& call);
    HumanPause(const HumanPause&) = delete;
    HumanPause& operator=(const HumanPause&) = delete;
    ~HumanPause();

   private:
    CallState& call_;
  };
  /// Whose waits are counted together: the principal's, or a nobody's session or address.
  std::string waiter() const;
  Task<bool> look_until(std::function<Task<bool>()>& check, std::chrono::milliseconds limit,
                        const WaitOptions& options);
  void notify(std::string message);
  /// The caller's trace (W3C Trace Context, section 3.2) for log lines, if it sent one.
  LogField trace() const { return info_.traceparent.empty() ? LogField() : LogField("traceparent", info_.traceparent); }
  static Task<std::exception_ptr> wait_for_worker(OneShot<std::exception_ptr> shot);
  std::string render(const ResultBody& body) const;
  bool carries_structured(const ResultBody& body) const;
  bool keeps_output_promise(const ResultBody& body) const;

  const std::shared_ptr<Engine> engine_;
  const std::shared_ptr<const Registry> registry_;
  const Entry& entry_;
  std::shared_ptr<RequestSink> sink_;
  RequestInfo info_;
  const std::string id_;
  const std::string_view method_;
  const json::object* const params_;
  const std::string name_;
  const json::object* meta_ = nullptr;
  json::value empty_arguments_;
  json::value merged_;
  const json::value* arguments_;
  const json::value* passed_arguments_;
  std::string progress_token_;
  std::vector<std::string> faults_;

  std::optional<Principal> principal_;
  UserLoader user_loader_;
  std::shared_ptr<const AuthUser> user_;
  std::optional<Rounds> rounds_;
  std::stop_source stop_;
  Context context_;
  RunHandle run_;
  std::shared_ptr<const void> owner_;
  std::size_t hook_ = 0;
  Admitted admitted_;
  bool admits_arguments_ = false;
  Stage reached_ = Stage::authenticate;
  bool listens_ = false;
  bool principal_bound_ = false;
  bool arguments_checked_ = false;
  /// What is wrong with the params of a hidden entry: told after the caller may know of it.
  std::optional<RpcError> params_fault_;
  bool known_of_ = false;
  Task<Verdict> waiting_;
  std::string missing_capability_;
  bool replay_ = false;
  /// The function was called; it may be running still, also after the call was answered by its cancellation.
  bool began_ = false;
  bool on_worker_ = false;
  /// There is a result; its hooks may still be at work before it is sent.
  bool finished_ = false;
  bool timed_out_ = false;
  bool answered_ = false;
  std::uint64_t tracked_ = 0;
  bool counted_ = false;
  Executor::TimerId timeout_ = 0;
  std::chrono::milliseconds timeout_left_{0};
  TimePoint timeout_started_;
  int human_pauses_ = 0;
  std::atomic<double> last_progress_;
};

}  // namespace leanmcp::inline v0
