#pragma once

#include <leanmcp/base/log.hpp>
#include <leanmcp/crypto/seal.hpp>
#include <leanmcp/protocol/message.hpp>
#include <leanmcp/server/denial.hpp>
#include <leanmcp/server/registry.hpp>
#include <leanmcp/server/request.hpp>
#include <leanmcp/server/rounds.hpp>
#include <leanmcp/server/server.hpp>
#include <leanmcp/server/session.hpp>
#include <leanmcp/server/subscriptions.hpp>
#include <leanmcp/server/wait.hpp>

#include <atomic>
#include <memory>
#include <optional>
#include <string>

namespace leanmcp::inline v0 {

class WorkerPool;

struct ServerOptions::Data {
  std::string instructions;
  std::string title;
  std::string website;
  std::string icons;
  std::size_t page_size = 100;
  std::chrono::milliseconds list_ttl = std::chrono::minutes(5);
  std::optional<KeyRing> keys;
  std::string audience;
  std::chrono::milliseconds state_lifetime = std::chrono::minutes(15);
  std::chrono::milliseconds human_wait = std::chrono::minutes(10);
  std::size_t human_waits_per_caller = 20;
  std::chrono::milliseconds call_timeout = std::chrono::milliseconds(0);
  unsigned workers = 4;
  std::size_t worker_queue = 1'000;
  std::size_t calls = 10'000;
  Logger logger;
  std::shared_ptr<const Clock> clock = std::make_shared<SystemClock>();
  bool force_replay = false;
};

/// A JSON-RPC error with the HTTP status that goes with it.
struct RpcError {
  int code = 0;
  std::string message;
  std::string data;  ///< JSON text, or empty
  int http_status = 200;
};

/// The dispatcher: methods to entries, for both eras. Opens no socket; transports give it messages and sinks.
/// Thread-safe. Requests run on the executor of their sink.
class Engine : public std::enable_shared_from_this<Engine> {
 public:
  Engine(std::string name, std::string version, const ServerOptions::Data& options);
  ~Engine();

  /// Makes a registry live; clients hear of the lists that changed.
  void publish(std::shared_ptr<const Registry> registry);
  /// Something of the registry may ask in the middle of a call. Says once in the log when there are no keys for that.
  void expect_questions();
  std::shared_ptr<const Registry> registry() const { return std::atomic_load(&registry_); }

  /// Serves one request of either era. The message's views must live as long as the sink, which the engine keeps until
  /// it has answered. `info.headers` is used during this call only.
  void request(std::shared_ptr<RequestSink> sink, const RequestMessage& message, RequestInfo info);
  /// Notifications of the client. `info.session` may be null.
  void notification(const NotificationMessage& message, const RequestInfo& info);
  /// The client's answer to a request of ours (legacy era).
  void response(const ResponseMessage& message, Session& session);

  /// Decides whether the caller may use the entry, without calling it. `admitted` hears the denial, or null and the
  /// principal (null when the entry is open); at once or later on the sink's executor. `message` must live as long as
  /// the sink.
  void admit(std::shared_ptr<RequestSink> sink, const RequestMessage& message, const RequestInfo& info,
             std::shared_ptr<const Entry> entry, UriVariables variables, bool with_arguments,
             std::function<void(const Denial*, const Principal*)> admitted);
  /// An entry somebody may want to use, with the values of its URI.
  struct Candidate {
    std::shared_ptr<const Entry> entry;
    UriVariables variables;
    bool with_arguments = false;
  };
  /// The same for several, with which of them are allowed and until when (Unix seconds; 0 for ever) the token is good.
  void admit_all(std::shared_ptr<RequestSink> sink, const RequestMessage& message, RequestInfo info,
                 std::vector<Candidate> candidates, bool stop_at_denial,
                 std::function<void(const Denial*, const std::vector<bool>& allowed, long long until)> done);
  /// Answers for a name that stands for nothing, and for a hidden entry whose caller may not know of it: where entries
  /// of the kind are hidden, in the same words, after the same question who calls.
  void absent(std::shared_ptr<RequestSink> sink, const RequestMessage& message, RequestInfo info, EntryKind kind);
  /// The session belongs to the first principal that uses it over HTTP; false for anyone else.
  bool bind_session(Session& session, const Entry& entry, const Principal& principal, const RequestInfo& info);

  void resource_updated(std::string_view uri);
  /// Sessions of the legacy era that should hear of changes register here.
  Subscriptions& subscriptions() noexcept { return subscriptions_; }
  HumanWaits& human_waits() noexcept { return human_waits_; }
  /// Counts one more call that may wait; false when there are as many as there may be.
  bool begin_call() noexcept;
  void end_call() noexcept { --calls_; }
  /// Ends every listening stream with its closing answer.
  void shutdown();
  /// Joins the workers. Calls in flight may keep the engine alive after that; they get no worker any more.
  void stop_workers();

  const ServerOptions::Data& options() const noexcept { return options_; }
  const Logger& logger() const noexcept { return options_.logger; }
  TimePoint now() const { return options_.clock->now(); }
  WorkerPool& workers() noexcept { return *workers_; }
  const Sealer& state_sealer() const noexcept { return *sealer_; }
  const std::string& name() const noexcept { return name_; }

  /// `"io.modelcontextprotocol/serverInfo":{…}`: what goes into `_meta` of modern results.
  const std::string& server_info_meta() const noexcept { return info_meta_; }
  std::string_view capabilities_json() const;

 private:
  friend class CallState;
  std::string discover() const;
  std::string initialize(const json::object* params, const RequestInfo& info, std::optional<RpcError>& error);
  std::string list(EntryKind kind, std::string_view member, const json::object* params, const RequestInfo& info,
                   const std::function<bool(const Entry&)>& visible, std::optional<RpcError>& error) const;
  void list(std::shared_ptr<RequestSink> sink, const RequestMessage& message, const RequestInfo& info, EntryKind kind,
            std::string_view member);
  void subscribe(std::shared_ptr<RequestSink> sink, const RequestMessage& message, const RequestInfo& info);
  void start_listening(std::shared_ptr<RequestSink> sink, const std::string& id, const RequestInfo& info,
                       SubscriptionFilter filter);
  Executor::TimerId end_listening_at(RequestSink& sink, const std::string& id, std::uint64_t number, long long until);
  std::string listening_over(std::string_view id) const;
  void run_completer(std::shared_ptr<RequestSink> sink, const RequestMessage& message, Version version,
                     std::shared_ptr<const Registry> registry, const Completer& completer);
  void call(std::shared_ptr<RequestSink> sink, const RequestMessage& message, RequestInfo&& info);
  void complete(std::shared_ptr<RequestSink> sink, const RequestMessage& message, const RequestInfo& info);
  void listen(std::shared_ptr<RequestSink> sink, const RequestMessage& message, const RequestInfo& info);
  std::optional<RpcError> legacy_method(const RequestMessage& message, const RequestInfo& info, std::string& result);

  std::string name_;
  ServerOptions::Data options_;
  std::string implementation_;  ///< the Implementation object as JSON text
  std::string info_meta_;
  std::shared_ptr<const Registry> registry_;
  std::unique_ptr<WorkerPool> workers_;
  std::unique_ptr<Sealer> sealer_;
  Subscriptions subscriptions_;
  HumanWaits human_waits_;
  std::atomic<std::size_t> calls_{0};
  std::atomic<bool> warns_of_keys_{false};
};

/// Reads and checks what a modern request must carry in `_meta` (2026-07-28, Overview, Per-request protocol fields).
std::optional<RpcError> read_modern_meta(const json::object* params, RequestInfo& info);
/// The version a request names in `_meta`, or nullopt when it names none (which makes it a legacy request).
std::optional<std::string_view> modern_version_of(const json::object* params);

/// The JSON-RPC error of a denial, with its HTTP status and headers.
Reply denial_reply(std::string_view id, const Denial& denial);
/// The HTTP status of a JSON-RPC error in the modern era.
int http_status_of(int rpc_code);
/// A result's JSON text for the era: modern results carry `resultType` and the server's info.
std::string finish_result(const Engine& engine, Version version, std::string members, std::string_view meta = {});
/// The same for a result whose members stand in `out` already, behind its opening brace.
void append_result_end(std::string& out, const Engine& engine, Version version, std::string_view meta);
RpcError unsupported_version(std::string_view requested);
/// The index of a log level by its name, or -1.
int log_level_of(std::string_view name);
std::string_view log_level_name(int level);

}  // namespace leanmcp::inline v0
