#pragma once

#include <leanmcp/base/executor.hpp>
#include <leanmcp/base/task.hpp>
#include <leanmcp/client/error.hpp>
#include <leanmcp/client/options.hpp>
#include <leanmcp/http/client.hpp>
#include <leanmcp/http/sse.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace leanmcp::inline v0::detail {

/// How one HTTP exchange ended.
struct HttpStreamEnd {
  /// Why there is no (whole) answer; absent when the peer ended it in order.
  std::optional<ClientError> error;
  /// Status and headers as far as they came, and the body when it was no stream of events.
  ClientResponse response;
  bool was_stream = false;
  /// How many events came.
  std::size_t events = 0;
  /// Where and when to come back; the id is empty when the stream named none.
  std::string last_event_id;
  std::optional<std::chrono::milliseconds> retry;
};

/// One HTTP exchange whose answer is either a body or a stream of events. The body and the events are bounded, and
/// so is what waits for the executor. Made and used on the executor; the HTTP client's thread fills it.
class HttpStream : public std::enable_shared_from_this<HttpStream> {
 public:
  struct Callbacks {
    /// Status and headers of a stream of events, before its first event.
    std::function<void(const ClientResponse& head)> on_head;
    std::function<void(std::vector<SseEvent>&& events)> on_events;
  };

  HttpStream(HttpClient& http, Executor& executor, const ClientLimits& limits, Callbacks callbacks)
      : http_(http),
        executor_(executor),
        limits_(limits),
        callbacks_(std::move(callbacks)),
        parser_(limits.message_bytes) {}

  /// Sends the request; once.
  void start(ClientRequest request);
  /// Ends the exchange; `done` then tells `cancelled`.
  void cancel() { http_.cancel(id_); }
  /// Arrives once, after the last callback.
  const OneShot<HttpStreamEnd>& done() const noexcept { return done_; }

 private:
  // On the HTTP client's thread.
  bool take_head(const ClientResponse& head);
  bool take_data(std::string_view piece);
  void finish(HttpClient::Outcome outcome);
  bool refuse(ClientCause cause, std::string why);

  HttpClient& http_;
  Executor& executor_;
  const ClientLimits limits_;
  const Callbacks callbacks_;
  const OneShot<HttpStreamEnd> done_;
  HttpClient::RequestId id_ = 0;

  SseParser parser_;
  HttpStreamEnd end_;
  std::atomic<std::size_t> queued_{0};
};

/// What a failed HTTP exchange is to the client.
ClientError error_of(const HttpClientFault& fault);

}  // namespace leanmcp::inline v0::detail
