#pragma once

#include <leanmcp/http/server.hpp>
#include <leanmcp/server/engine.hpp>
#include <leanmcp/server/session_table.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace leanmcp::inline v0 {

class StreamBudget;

/// How the MCP endpoint treats its clients.
class StreamableHttpOptions {
 public:
  StreamableHttpOptions() = default;
  /// Limits on sessions of the legacy era.
  StreamableHttpOptions& sessions(SessionTable::Limits limits) {
    session_limits = limits;
    return *this;
  }
  /// How often a comment keeps an idle stream open.
  StreamableHttpOptions& keep_alive(std::chrono::milliseconds every) {
    keep_alive_every = every;
    return *this;
  }
  SessionTable::Limits session_limits;
  std::chrono::milliseconds keep_alive_every = std::chrono::seconds(20);
  std::size_t most_batch = 100;
  /// What all sessions together keep for clients that lost their connection.
  std::size_t most_kept_bytes = 256 * 1024 * 1024;
};

/// The Streamable HTTP transport of all revisions behind one endpoint: each request says by its headers and `_meta`
/// which era it belongs to (2026-07-28, Streamable HTTP; Versioning, Backward Compatibility; 2025-11-25, Transports).
/// Thread-safe; must outlive the HTTP server that calls it.
class StreamableHttp {
 public:
  StreamableHttp(std::shared_ptr<Engine> engine, StreamableHttpOptions options);
  ~StreamableHttp();

  /// Serves POST, GET and DELETE of the endpoint; anything else gets 405.
  void handle(HttpExchange exchange);
  /// Drops idle sessions; to be called now and then.
  void sweep();
  std::size_t sessions() const;
  /// The server is stopping: listening streams end with their closing answer, questions without one. Calls go on.
  void shutdown();
  /// Ends all sessions, and with them the calls that are left.
  void close();

 private:
  void post(HttpExchange exchange);
  void get(HttpExchange exchange);
  void remove(HttpExchange exchange);
  /// `body_version`: what `_meta` names.
  void modern(const HttpExchange& exchange, std::shared_ptr<class HttpSink> sink,
              std::optional<std::string_view> body_version);
  void legacy(HttpExchange exchange, std::shared_ptr<class HttpSink> sink);
  void batch(HttpExchange exchange, std::shared_ptr<class HttpSink> sink, const std::shared_ptr<Session>& session);
  void initialize(HttpExchange exchange, const std::shared_ptr<class HttpSink>& sink);
  void run_batch(const std::shared_ptr<class HttpSink>& sink, const RequestInfo& info);
  RequestInfo session_info(const HttpExchange& exchange, const std::shared_ptr<Session>& session) const;
  /// Null where the request was answered with an error, with the request's `id` (JSON text, or empty).
  std::shared_ptr<Session> session_of(HttpExchange& exchange, std::string_view id, bool& answered);

  std::shared_ptr<Engine> engine_;
  StreamableHttpOptions options_;
  SessionTable sessions_;
  std::shared_ptr<StreamBudget> stream_budget_;
};

}  // namespace leanmcp::inline v0
