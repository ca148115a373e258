#pragma once

#include <leanmcp/client/http_caller.hpp>
#include <leanmcp/client/run_set.hpp>
#include <leanmcp/client/transport.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace leanmcp::inline v0::detail {

/// How long to wait before coming back to a stream: what the server asked for, or a second that doubles with each
/// attempt in vain; within the limits.
std::chrono::milliseconds retry_delay(std::optional<std::chrono::milliseconds> asked, int failures,
                                      std::chrono::milliseconds longest);
/// Visible ASCII only and not too long (2025-11-25, Transports, Session Management).
bool is_session_id(std::string_view text);

/// Streamable HTTP of all revisions: each message is a POST whose answer is a body or a stream of events. Sessions,
/// the stream of its own and going back to a stream with Last-Event-ID are those of 2025-11-25 and before.
class HttpTransport final : public ClientTransport {
 public:
  HttpTransport(Executor& executor, std::string url, const ClientOptions& options, TransportSink& sink);
  ~HttpTransport() override { close(); }

  Task<ClientResult<void>> open() override;
  void send(Outgoing message) override;
  void cancel(const std::string& id) override;
  Task<void> established(std::string revision, bool listen) override;
  Task<void> leave() override;
  void close() override;
  bool is_http() const noexcept override { return true; }

 private:
  struct Exchange {
    Outgoing message;
    std::shared_ptr<HttpCall> call;
    /// The one it was sent in: another has not this stream, though perhaps one of the same name.
    std::string session;
    bool answered = false;
    /// The server took the message; only the rest of its answer is still to come.
    bool accepted = false;
    Executor::TimerId linger = 0;
  };
  using ExchangePtr = std::shared_ptr<Exchange>;

  Task<void> exchange(ExchangePtr exchange);
  Task<void> listen(OneShot<bool> opened);
  std::shared_ptr<HttpCall> make_post(const ExchangePtr& exchange);
  std::shared_ptr<HttpCall> make_get(std::string last_event_id) const;
  /// The session that a server assigns with its answer to `initialize`.
  void take_session(const ClientResponse& head);
  void take_events(Exchange& exchange, std::vector<SseEvent>&& events);
  /// The exchange's end when there is nothing (more) to come back to.
  void report(const Exchange& exchange, HttpStreamEnd end);
  bool may_resume(const Exchange& exchange, const HttpStreamEnd& end, const std::string& last_event_id) const;
  void forget(const ExchangePtr& exchange);

  const std::string url_;
  TransportSink& sink_;
  HttpCaller caller_;
  std::string session_;
  std::string revision_;
  std::map<std::string, ExchangePtr> requests_;
  /// That the stream of its own is open, or will not be.
  OneShot<bool> opened_;
  /// The stream of its own: the run that keeps it, and its present request.
  std::uint64_t listener_run_ = 0;
  std::shared_ptr<HttpCall> listener_;
  /// Lives as long as the transport: what the HTTP client's thread posts finds out by it.
  std::shared_ptr<char> alive_ = std::make_shared<char>();
  RunSet runs_;
};

}  // namespace leanmcp::inline v0::detail
