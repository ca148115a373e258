#pragma once

#include <leanmcp/base/clock.hpp>
#include <leanmcp/base/log.hpp>
#include <leanmcp/base/secret.hpp>
#include <leanmcp/client/authorizer.hpp>
#include <leanmcp/client/questions.hpp>
#include <leanmcp/http/client.hpp>
#include <leanmcp/protocol/version.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace leanmcp::inline v0 {

/// `notifications/progress` of a call.
class Progress {
 public:
  double done = 0;
  std::optional<double> total;
  std::string message;
};

/// A notification that belongs to no call: a changed list, an updated resource, a log line of an older revision.
class ClientNotification {
 public:
  std::string method;
  /// Never null.
  JsonObject params;
};

/// What a server may make the client hold or do.
class ClientLimits {
 public:
  /// One message: a body, an event's data, a line of standard output.
  std::size_t message_bytes = 8 * 1024 * 1024;
  std::size_t json_depth = 64;
  /// Messages on the stream of one request before its answer.
  std::size_t stream_messages = 100'000;
  /// Messages received and not yet looked at, of one stream.
  std::size_t queued_bytes = 32 * 1024 * 1024;
  std::size_t in_flight = 4'096;
  std::size_t pages = 1'000;
  std::size_t items = 100'000;
  std::size_t cached_results = 256;
  std::size_t cached_bytes = 64 * 1024 * 1024;
  /// Questions of a legacy server that are open at once.
  std::size_t open_questions = 32;
  /// Redirects within one origin.
  int redirects = 3;
  /// Attempts in a row to come back to a stream without receiving anything. Of the stream for what a server sends on
  /// its own account that is no message, unless the stream lasted for a while.
  int reconnects = 5;
  std::chrono::milliseconds longest_retry{60'000};
};

/// Options of a client. A value; copies share handlers and the authorizer.
class ClientOptions {
 public:
  ClientOptions() = default;

  /// What the client calls itself.
  ClientOptions& name(std::string client_name, std::string client_version) {
    client_name_ = std::move(client_name);
    client_version_ = std::move(client_version);
    return *this;
  }
  /// The revisions to speak, best first; by default all. One alone skips the detection of the server's era.
  ClientOptions& versions(std::vector<Version> best_first) {
    versions_ = std::move(best_first);
    return *this;
  }
  ClientOptions& authorizer(std::shared_ptr<Authorizer> source) {
    authorizer_ = std::move(source);
    return *this;
  }
  /// Always the same token.
  ClientOptions& token(Secret bearer) {
    authorizer_ = bearer_token(std::move(bearer));
    return *this;
  }
  /// Sends the token as `_meta.authorization {type, token}` of each request instead of in the `Authorization` header.
  /// On stdio it goes that way in any case.
  ClientOptions& token_in_meta(bool on = true) {
    token_in_meta_ = on;
    return *this;
  }
  /// A further header of every HTTP request. Not for credentials: it also goes where a redirect within the origin
  /// leads.
  ClientOptions& header(std::string header_name, std::string value) {
    headers_.emplace_back(std::move(header_name), std::move(value));
    return *this;
  }
  /// How long a request waits without an answer or progress, and how long in all. Time in which a person is asked or
  /// signs in is not counted.
  ClientOptions& timeout(std::chrono::milliseconds quiet, std::chrono::milliseconds longest) {
    timeout_ = quiet;
    longest_ = longest;
    return *this;
  }
  /// How long a program on stdio may take to answer the probe of its era before it counts as legacy.
  ClientOptions& probe_timeout(std::chrono::milliseconds time) {
    probe_timeout_ = time;
    return *this;
  }
  /// Rounds of questions that one call may have.
  ClientOptions& max_rounds(int rounds) {
    max_rounds_ = rounds;
    return *this;
  }
  /// Gives `InputRequired` back to the caller instead of asking the handlers.
  ClientOptions& manual_rounds(bool on = true) {
    manual_rounds_ = on;
    return *this;
  }
  /// Answers forms. Without it the server is told that nobody can be asked.
  ClientOptions& on_form(ElicitHandler handler) {
    on_form_ = std::move(handler);
    return *this;
  }
  /// Asks for the user's consent to open a URL, and opens it.
  ClientOptions& on_url(ElicitHandler handler) {
    on_url_ = std::move(handler);
    return *this;
  }
  ClientOptions& on_sample(SampleHandler handler) {
    on_sample_ = std::move(handler);
    return *this;
  }
  ClientOptions& roots(std::vector<ClientRoot> offered) {
    roots_ = std::move(offered);
    return *this;
  }
  /// Wants `notifications/message` from this level on: debug, info, notice, warning, error, critical, alert, emergency.
  ClientOptions& on_log(std::string level, std::function<void(JsonObject params)> handler) {
    log_level_ = std::move(level);
    on_log_ = std::move(handler);
    return *this;
  }
  /// Other notifications. Called on the client's executor; must be quick.
  ClientOptions& on_notification(std::function<void(const ClientNotification&)> handler) {
    on_notification_ = std::move(handler);
    return *this;
  }
  /// Lines that a program on stdio writes to its standard error, without their end; cut at 64 KiB.
  ClientOptions& on_stderr(std::function<void(std::string_view line)> handler) {
    on_stderr_ = std::move(handler);
    return *this;
  }
  /// Checks structured results against the advertised output schema. On by default.
  ClientOptions& validate_output(bool on) {
    validate_output_ = on;
    return *this;
  }
  /// Lists the server's tools before the first call, for headers and output schemas. On by default.
  ClientOptions& look_up_tools(bool on) {
    look_up_tools_ = on;
    return *this;
  }
  /// Legacy HTTP: keeps a stream open for what the server sends on its own account. On by default.
  ClientOptions& listen_stream(bool on) {
    listen_stream_ = on;
    return *this;
  }
  /// How often the authorizer is asked again for one request.
  ClientOptions& auth_attempts(int attempts) {
    auth_attempts_ = attempts;
    return *this;
  }
  ClientOptions& limits(ClientLimits limits) {
    limits_ = limits;
    return *this;
  }
  /// Of the HTTP connections: trust, proxy, address policy. Times and sizes of a request are the client's own.
  ClientOptions& http(HttpClientOptions options) {
    http_ = std::move(options);
    return *this;
  }
  ClientOptions& logger(Logger sink) {
    logger_ = std::move(sink);
    return *this;
  }
  ClientOptions& clock(std::shared_ptr<const Clock> source) {
    clock_ = std::move(source);
    return *this;
  }

  std::string client_name_ = "leanmcp-cpp";
  std::string client_version_ = "0.1.0";
  std::vector<Version> versions_{supported_versions.begin(), supported_versions.end()};
  std::shared_ptr<Authorizer> authorizer_;
  bool token_in_meta_ = false;
  HttpFields headers_;
  std::chrono::milliseconds timeout_{60'000};
  std::chrono::milliseconds longest_{600'000};
  std::chrono::milliseconds probe_timeout_{5'000};
  int max_rounds_ = 10;
  bool manual_rounds_ = false;
  ElicitHandler on_form_;
  ElicitHandler on_url_;
  SampleHandler on_sample_;
  std::optional<std::vector<ClientRoot>> roots_;
  std::string log_level_;
  std::function<void(JsonObject)> on_log_;
  std::function<void(const ClientNotification&)> on_notification_;
  std::function<void(std::string_view)> on_stderr_;
  bool validate_output_ = true;
  bool look_up_tools_ = true;
  bool listen_stream_ = true;
  int auth_attempts_ = 3;
  ClientLimits limits_;
  HttpClientOptions http_;
  Logger logger_;
  std::shared_ptr<const Clock> clock_ = std::make_shared<SystemClock>();
};

/// Options of one request.
class CallOptions {
 public:
  CallOptions() = default;
  CallOptions& timeout(std::chrono::milliseconds quiet, std::chrono::milliseconds longest) {
    timeout_ = quiet;
    longest_ = longest;
    return *this;
  }
  /// Called on the client's executor for each progress notification whose value grew; must be quick.
  CallOptions& on_progress(std::function<void(const Progress&)> handler) {
    on_progress_ = std::move(handler);
    return *this;
  }
  CallOptions& stop(std::stop_token token) {
    stop_ = std::move(token);
    return *this;
  }
  /// Further members of `_meta`, as the text of a JSON object.
  CallOptions& meta(std::string json_object) {
    meta_ = std::move(json_object);
    return *this;
  }
  CallOptions& manual_rounds(bool on = true) {
    manual_rounds_ = on;
    return *this;
  }
  /// Goes on with a call that came back with `asked`: the answers are JSON texts by the request's key.
  CallOptions& resume(InputRequired asked, std::vector<std::pair<std::string, std::string>> answers) {
    resume_ = std::move(asked);
    answers_ = std::move(answers);
    return *this;
  }
  /// Asks the server even when a fresh result is at hand.
  CallOptions& no_cache(bool on = true) {
    no_cache_ = on;
    return *this;
  }

  std::optional<std::chrono::milliseconds> timeout_;
  std::optional<std::chrono::milliseconds> longest_;
  std::function<void(const Progress&)> on_progress_;
  std::stop_token stop_;
  std::string meta_;
  std::optional<bool> manual_rounds_;
  std::optional<InputRequired> resume_;
  std::vector<std::pair<std::string, std::string>> answers_;
  bool no_cache_ = false;
};

/// A program that speaks MCP over its standard streams.
class StdioCommand {
 public:
  /// `program` is a path, or a name that is looked up in PATH. No shell is involved.
  explicit StdioCommand(std::string program, std::vector<std::string> arguments = {})
      : program_(std::move(program)), arguments_(std::move(arguments)) {}
  /// The whole environment, `NAME=value` each; without this call that of the calling process.
  StdioCommand& environment(std::vector<std::string> variables) {
    environment_ = std::move(variables);
    return *this;
  }
  /// How long each step of the end may take: closing its input, SIGTERM, SIGKILL (2026-07-28, stdio, Shutdown).
  StdioCommand& patience(std::chrono::milliseconds time) {
    patience_ = time;
    return *this;
  }
  /// Starts the program again at the next request when it ended by itself. On by default.
  StdioCommand& restart(bool on) {
    restart_ = on;
    return *this;
  }

  std::string program_;
  std::vector<std::string> arguments_;
  std::optional<std::vector<std::string>> environment_;
  std::chrono::milliseconds patience_{2'000};
  bool restart_ = true;
};

static_assert(!std::is_aggregate_v<ClientOptions> && !std::is_aggregate_v<CallOptions>);

}  // namespace leanmcp::inline v0
