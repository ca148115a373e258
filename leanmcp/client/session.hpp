#pragma once

#include <leanmcp/base/executor.hpp>
#include <leanmcp/base/task.hpp>
#include <leanmcp/client/detect.hpp>
#include <leanmcp/client/options.hpp>
#include <leanmcp/client/run_set.hpp>
#include <leanmcp/client/transport.hpp>
#include <leanmcp/client/types.hpp>
#include <leanmcp/protocol/message.hpp>

#include <boost/json.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace leanmcp::inline v0::detail {

/// What one request came to.
struct RequestOutcome {
  /// Absent when there is a result.
  std::optional<ClientError> error;
  /// The result, as an object and as a value; both alias the whole message.
  JsonObject result;
  JsonValue value;
  /// It came after questions were answered: it is not to be cached.
  bool after_rounds = false;
  /// Of a JSON-RPC error.
  JsonObject rpc_error;
  /// Of the message, for the cache.
  std::size_t bytes = 0;
  bool session_lost = false;
  /// The server had taken it: it is not sent again.
  bool accepted = false;
  /// That went in `_meta` with the request; empty when none did.
  Secret token;
};

/// How one request is sent.
struct RequestSettings {
  std::optional<std::chrono::milliseconds> quiet;
  std::optional<std::chrono::milliseconds> longest;
  std::function<void(const Progress&)> on_progress;
  /// Notifications that belong to the request (of a subscription). The request then has no time limits.
  std::function<void(const ClientNotification&)> on_notification;
  std::stop_token stop;
  /// Members for `_meta`.
  json::object meta;
  /// `Mcp-Param-*`.
  HttpFields headers;
};

/// The protocol on top of one transport: eras, ids, answers, time, questions of the server. On the executor only.
class ClientSession : public std::enable_shared_from_this<ClientSession>, public TransportSink {
 public:
  /// `address` is what questions are shown beside. `fallback`, if given, is tried when the first transport's server
  /// looks like one of HTTP+SSE.
  ClientSession(Executor& executor, ClientOptions options, std::string address, TransportMaker make,
                TransportMaker fallback);
  virtual ~ClientSession() = default;

  /// Opens the transport and learns the server's era.
  Task<ClientResult<void>> open();
  /// One request, sent again in a new session when the server forgot the old one.
  Task<RequestOutcome> request(std::string method, json::object params, RequestSettings settings);
  /// One request with its rounds of questions (2026-07-28, Multi Round-Trip Requests). `asked` of the outcome's result
  /// is left to the caller when `manual`.
  Task<RequestOutcome> request_rounds(std::string method, json::object params, RequestSettings settings, bool manual);
  void notify(std::string_view method, const json::object& params);
  /// Tells the server, then closes.
  Task<void> leave();
  /// Everything in flight fails; the transport goes later, outside of any of its runs.
  void close();

  bool is_open() const noexcept { return state_ == State::open; }
  bool is_modern() const noexcept { return leanmcp::is_modern(version_); }
  bool has_headers() const noexcept { return transport_ && transport_->is_http(); }
  Version version() const noexcept { return version_; }
  const ServerDescription& server() const noexcept { return server_; }
  const ClientOptions& options() const noexcept { return options_; }
  Executor& executor() noexcept { return executor_; }
  TimePoint now() const { return options_.clock_->now(); }
  /// Gets every notification that belongs to no request, before the user's handler.
  void observe(std::function<void(const ClientNotification&)> observer) { observer_ = std::move(observer); }
  void on_other_credentials(std::function<void()> handler) { other_credentials_ = std::move(handler); }
  /// Something to do again in each new session or process; the number is for `forget_reopened`.
  std::uint64_t on_reopened(std::function<void()> handler);
  void forget_reopened(std::uint64_t number) { reopened_.erase(number); }

  bool on_message(const std::string& id, std::string_view text) override;
  void on_failed(const std::string& id, RequestFailure failure) override;
  void on_lost(ClientError error) override;
  void on_waiting(const std::string& id, bool waiting) override;
  void on_new_credentials() override;

 private:
  enum class State { fresh, opening, open, lost, closed };
  struct Pending {
    OneShot<RequestOutcome> done;
    std::string method;
    RequestSettings settings;
    std::chrono::milliseconds quiet_left{0};
    std::chrono::milliseconds total_left{0};
    std::chrono::milliseconds quiet{0};
    TimePoint armed_at;
    Executor::TimerId timer = 0;
    int pauses = 0;
    /// Of the session it was sent in.
    std::uint64_t generation = 0;
    bool timed = false;
    std::optional<double> progress;
    std::size_t messages = 0;
  };
  class InFlight;

  // session_open.cpp
  Task<ClientResult<void>> detect();
  Task<ClientResult<void>> initialize(Version wished, bool perhaps_modern);
  Task<RequestOutcome> initialize_on(Version wished, bool again);
  ClientResult<void> accept_discovery(JsonObject result, Version version);
  Task<ClientResult<void>> ensure_open();
  void wake_waiters(ClientResult<void> result);
  json::object capabilities() const;
  json::object client_info() const;

  // session.cpp
  Task<RequestOutcome> roundtrip(std::string method, json::object params, RequestSettings settings);
  Task<ClientResult<void>> add_meta(json::object& params, const RequestSettings& settings, std::string_view method);
  /// Whether the authorizer has something better than what this outcome was refused with.
  Task<ClientResult<bool>> challenged(const RequestOutcome& outcome, std::string operation, unsigned attempt);
  Outgoing render(const std::string& id, std::string_view method, const json::object& params,
                  const HttpFields& param_headers) const;
  void settle(const std::string& id, RequestOutcome outcome);
  void fail_all(const ClientError& error, bool session_lost);
  void cancel_request(const std::string& id, ClientCause cause);
  void arm(const std::string& id, Pending& pending);
  void disarm(Pending& pending);
  void pause(const std::string& id, Pending& pending, bool on);

  // session_receive.cpp
  bool take_message(const std::string& stream, std::shared_ptr<const json::value> document, const json::value& message,
                    std::size_t bytes);
  bool take_response(const std::string& stream, std::shared_ptr<const json::value> document,
                     const ResponseMessage& response, std::size_t bytes);
  void take_notification(const std::string& stream, std::shared_ptr<const json::value> document,
                         const NotificationMessage& note);
  void take_progress(const json::object& params);
  void take_request(const std::string& stream, std::shared_ptr<const json::value> document,
                    const RequestMessage& message);
  void answer(std::string message);
  Task<void> answer_question(std::string id, std::uint64_t ticket, InputRequest question);
  /// Whether the question waits for its answer still; an id may be another question's by now.
  bool is_open(const std::string& id, std::uint64_t ticket) const;
  void question_cancelled(const std::string& id);
  /// Takes questions off the screen, unanswered, because whom they came from is gone: those of one request's stream, or
  /// all.
  void forget_questions(const std::optional<std::string>& stream = std::nullopt);

  // session_questions.cpp
  /// The JSON text of the answer to a question.
  Task<ClientResult<std::string>> ask(InputRequest question);
  Task<ClientResult<std::string>> elicit(JsonObject params);
  void person_asked(bool begins);

  Executor& executor_;
  const ClientOptions options_;
  const std::string address_;
  const TransportMaker make_;
  const TransportMaker fallback_;
  /// Shared with who waits inside it: `close` may come from elsewhere meanwhile. Null once closed.
  std::shared_ptr<ClientTransport> transport_;
  State state_ = State::fresh;
  Version version_ = newest_version;
  std::string version_text_;
  ServerDescription server_;
  /// The legacy era and its revision, once learned: a new session needs no new detection.
  std::optional<Version> known_legacy_;
  /// Of the session or process: a failure of an old one says nothing of the present one.
  std::uint64_t generation_ = 0;
  std::uint64_t last_id_ = 0;
  std::uint64_t last_handler_ = 0;
  std::map<std::string, Pending> pending_;
  std::vector<OneShot<ClientResult<void>>> waiters_;
  std::map<std::uint64_t, std::function<void()>> reopened_;
  std::function<void(const ClientNotification&)> observer_;
  std::function<void()> other_credentials_;
  struct OpenQuestion {
    std::uint64_t ticket = 0;
    std::uint64_t run = 0;
    /// The id of the request on whose stream it came; empty for what came on a channel shared by all.
    std::string stream;
  };
  /// Questions of a legacy server that are being answered, by the request's id as JSON text.
  std::map<std::string, OpenQuestion> questions_;
  std::uint64_t last_question_ = 0;
  int persons_asked_ = 0;
  RunSet runs_;
};

/// The outcome of a request that has none of the server's.
RequestOutcome failed(ClientError error);

}  // namespace leanmcp::inline v0::detail
