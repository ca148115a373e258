#pragma once

#include <leanmcp/http/server.hpp>
#include <leanmcp/server/session.hpp>

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace leanmcp::inline v0 {

/// Memory for events that clients may come back for: of a session's streams, and through `of_all` of all sessions'.
/// Thread-safe.
class StreamBudget {
 public:
  explicit StreamBudget(std::size_t most_bytes, std::shared_ptr<StreamBudget> of_all = nullptr)
      : most_(most_bytes), of_all_(std::move(of_all)) {}
  void take(std::size_t bytes) noexcept {
    used_ += bytes;
    if (of_all_) of_all_->take(bytes);
  }
  void give_back(std::size_t bytes) noexcept {
    used_ -= bytes;
    if (of_all_) of_all_->give_back(bytes);
  }
  bool over() const noexcept { return used_ > most_ || all_over(); }
  bool all_over() const noexcept { return of_all_ && of_all_->over(); }

 private:
  const std::size_t most_;
  const std::shared_ptr<StreamBudget> of_all_;
  std::atomic<std::size_t> used_{0};
};

/// One SSE stream of the legacy era that outlives its connections: events are numbered and kept, bounded, so that a
/// client that comes back with `Last-Event-ID` gets the rest (2025-11-25, Transports, Resumability and Redelivery).
/// Thread-safe: written by a call on one loop, resumed by a connection on another.
class ResumableStream final : public Session::Stream, public std::enable_shared_from_this<ResumableStream> {
 public:
  struct Limits {
    std::size_t events = 512;
    std::size_t bytes = 1024 * 1024;
  };
  /// `name` is the part of event ids before the number. `primes`: begin each connection with an empty event that
  /// carries an id, as 2025-11-25 asks for.
  ResumableStream(std::string name, bool primes, std::shared_ptr<StreamBudget> budget)
      : ResumableStream(std::move(name), primes, std::move(budget), Limits()) {}
  ResumableStream(std::string name, bool primes, std::shared_ptr<StreamBudget> budget, Limits limits);
  ~ResumableStream() override;

  /// Writes to `exchange` from now on, first whatever came after event `after`. Begins the HTTP answer.
  void attach(HttpExchange exchange, std::uint64_t after,
              const std::vector<std::pair<std::string, std::string>>& headers);
  /// One more message for the client.
  void send(std::string message) override;
  /// The last message; the stream ends once it is delivered.
  void finish(std::string message);
  /// Ends the stream without another message.
  void close() override;
  /// Closes the connection, not the stream, and tells the client when to come back.
  void pause(int retry_ms);
  bool finished() const;
  /// A connection is attached.
  bool live() const override;
  const std::string& name() const noexcept { return name_; }

 private:
  struct Event {
    std::uint64_t number;
    std::string message;
  };
  void forget_oldest();
  /// Keeps the message as far as the limits allow; its text as an event.
  std::string append(std::string message);
  std::string event_text(const Event& event) const;
  /// Under the mutex: hands the text to the live connection's loop.
  void write(std::string text, bool end);
  void keep_alive(const std::shared_ptr<HttpExchange>& exchange);
  /// Under the mutex: no connection any more.
  std::shared_ptr<HttpExchange> detach() noexcept;

  const std::string name_;
  const bool primes_;
  const std::shared_ptr<StreamBudget> budget_;
  const Limits limits_;
  mutable std::mutex mutex_;
  std::deque<Event> events_;
  std::size_t bytes_ = 0;
  std::uint64_t last_ = 0;
  bool finished_ = false;
  std::shared_ptr<HttpExchange> live_;
  Executor::TimerId keep_alive_timer_ = 0;
};

/// The streams of one session, by name; the oldest finished ones make room. Thread-safe.
class StreamStore {
 public:
  explicit StreamStore(std::shared_ptr<StreamBudget> of_all)
      : budget_(std::make_shared<StreamBudget>(most_bytes, std::move(of_all))) {}
  std::shared_ptr<ResumableStream> create(bool primes);
  /// The stream and the event number a `Last-Event-ID` names.
  std::optional<std::pair<std::shared_ptr<ResumableStream>, std::uint64_t>> find(std::string_view event_id) const;
  /// Nobody can come back to it any more.
  void forget(const ResumableStream& stream);
  void close_all();

 private:
  static constexpr std::size_t most_streams = 64;
  static constexpr std::size_t most_bytes = 16 * 1024 * 1024;
  const std::shared_ptr<StreamBudget> budget_;
  mutable std::mutex mutex_;
  std::uint64_t last_ = 0;
  std::deque<std::shared_ptr<ResumableStream>> streams_;
};

}  // namespace leanmcp::inline v0
