#pragma once

#include <leanmcp/base/result.hpp>
#include <leanmcp/http/exchange.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace leanmcp::inline v0 {

/// One server-sent event (WHATWG HTML, section 9.2).
class SseEvent {
 public:
  SseEvent() = default;
  explicit SseEvent(std::string text) : data(std::move(text)) {}
  SseEvent& with_event(std::string name) {
    event = std::move(name);
    return *this;
  }
  SseEvent& with_id(std::string value) {
    id = std::move(value);
    return *this;
  }
  SseEvent& with_retry(std::chrono::milliseconds value) {
    retry = value;
    return *this;
  }

  /// The type; readers take an empty one for "message".
  std::string event;
  std::string data;
  /// When written: the event's own id, left out when absent. When read: the last id the stream named, which holds for
  /// all events after it.
  std::optional<std::string> id;
  /// When written: how long to wait before coming back. Readers find it in `SseParser::retry`.
  std::optional<std::chrono::milliseconds> retry;
};

/// Appends the event's text to `out`; data is split at CR LF, LF and CR. Line ends in `event` and `id`, and NUL in
/// `id`, are left out, since they would end the field.
void append_sse_event(std::string& out, const SseEvent& event);
/// Appends a comment, which readers ignore: what keeps an idle stream open.
void append_sse_comment(std::string& out, std::string_view text);

/// A stream of events as the answer to a request. As thread-safe as the exchange: on its loop only.
class SseStream {
 public:
  /// Begins the answer: 200, `text/event-stream`, no caching or buffering on the way.
  explicit SseStream(HttpExchange exchange) : SseStream(std::move(exchange), HttpHeaders()) {}
  SseStream(HttpExchange exchange, HttpHeaders headers);

  /// False when the peer is gone, as of `HttpExchange::write`.
  bool send(const SseEvent& event);
  bool comment(std::string_view text);
  void end() { exchange_.end(); }
  HttpExchange& exchange() noexcept { return exchange_; }

 private:
  HttpExchange exchange_;
  std::string text_;
};

/// Why a stream of events cannot be read on.
enum class SseFault {
  /// A line, or an event's data, is over the limit.
  too_large,
  /// The callback asked for the end.
  stopped,
};

/// Reads a stream of events piece by piece, whatever the borders of the pieces. Holds at most about twice `most_bytes`.
class SseParser {
 public:
  using OnEvent = std::function<bool(SseEvent&&)>;

  explicit SseParser(std::size_t most_bytes = 4 * 1024 * 1024) : most_(most_bytes) {}

  /// Calls `on_event` for each event that is complete; it returns false to stop. After a fault nothing more is read.
  /// What has no empty line behind it when the stream ends is no event and stays unseen, as the standard says.
  Result<void, SseFault> feed(std::string_view piece, const OnEvent& on_event);

  /// What to send as `Last-Event-ID` when coming back; empty for nothing.
  const std::string& last_event_id() const noexcept { return last_id_; }
  /// How long the server asked to wait before coming back.
  std::optional<std::chrono::milliseconds> retry() const noexcept { return retry_; }

 private:
  bool take_line(std::string_view line, const OnEvent& on_event);
  bool dispatch(const OnEvent& on_event);
  void take_field(std::string_view name, std::string_view value);

  std::size_t most_;
  std::string line_;
  std::string event_;
  std::string data_;
  std::string last_id_;
  bool any_data_ = false;
  bool begun_ = false;
  bool after_cr_ = false;
  std::optional<SseFault> fault_;
  std::optional<std::chrono::milliseconds> retry_;
};

}  // namespace leanmcp::inline v0
