#pragma once

#include <leanmcp/base/event_loop_internal.hpp>
#include <leanmcp/http/access_rules.hpp>
#include <leanmcp/http/router.hpp>

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>

#include <array>
#include <atomic>
#include <condition_variable>
#include <list>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

namespace leanmcp::inline v0::detail {

class Connection;
using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, boost::asio::io_context::executor_type>;

/// Counted by one thread, read by any.
class LoopCount {
 public:
  void add(std::uint64_t by) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
  }
  std::uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

/// On a cache line of its own, so that loops do not slow each other down.
struct alignas(64) LoopStats {
  std::array<LoopCount, 6> answers;  // by status class
  LoopCount bytes_in;
  LoopCount bytes_out;
  LoopCount cut_off;
  std::atomic<std::size_t> connections{0};
};

/// A server's figures. Apart from the server, because whoever renders them may outlive it.
struct ServerCounts {
  explicit ServerCounts(std::size_t loops) : by_loop(loops) {}

  std::vector<LoopStats> by_loop;
  std::atomic<std::size_t> connections{0};
  std::atomic<std::size_t> refused{0};
  /// Exchanges whose answer has not begun when their handler returned.
  std::atomic<std::size_t> in_flight{0};
  std::atomic<std::size_t> body_memory{0};
};

/// What all loops of a server share. Set up before the first connection, constant from then on but for the counts.
struct ServerShared {
  ServerShared(HttpServerOptions given, AccessRules access, std::size_t loops)
      : options(std::move(given)), rules(std::move(access)), counts(std::make_shared<ServerCounts>(loops)) {}

  const HttpServerOptions options;
  const AccessRules rules;
  Router router;
  std::optional<boost::asio::ssl::context> tls;
  std::atomic<bool> stopping{false};
  const std::shared_ptr<ServerCounts> counts;

  /// Counts one more connection of that address; false when it has too many.
  bool enter(const std::string& address);
  void leave(const std::string& address);

 private:
  std::mutex mutex_;
  std::unordered_map<std::string, std::size_t> by_address_;
};

/// The connections of one event loop. All but the constructor and the stats belong to the loop's thread.
class ServerLoop : public std::enable_shared_from_this<ServerLoop> {
 public:
  using Duration = std::chrono::milliseconds;
  using Ticks = std::uint64_t;
  using Entry = std::list<std::shared_ptr<Connection>>::iterator;

  /// The `index`th loop of the server. `drained` is called once, on the loop, when a stop is complete here.
  ServerLoop(std::shared_ptr<EventLoop> events, std::shared_ptr<ServerShared> shared, std::size_t index,
             std::function<void()> drained);

  EventLoop& events() noexcept { return *events_; }
  const std::shared_ptr<EventLoop>& shared_events() const noexcept { return events_; }
  boost::asio::io_context& context() noexcept { return events_->internal().context; }
  ServerShared& shared() noexcept { return *shared_; }
  const HttpServerOptions& options() const noexcept { return shared_->options; }
  ServerCounts& counts() noexcept { return *shared_->counts; }
  LoopStats& stats() noexcept { return stats_; }

  /// Serves a socket that was just accepted; `address` is counted for it.
  void adopt(Socket socket, std::string peer, std::string address);
  void remove(Entry entry, const std::string& address);

  /// When something that begins now and may take `time` is over. Coarse: one timer of the loop looks after all
  /// connections, so that a deadline costs a store.
  Ticks deadline(Duration time) const noexcept { return now_ + 2 + static_cast<Ticks>(time.count() / period_.count()); }
  const std::string& date_line() const noexcept { return date_line_; }
  /// Whether that authority is served; remembers the last one that was.
  bool host_allowed(std::string_view authority);

  void begin_stop();
  void close_all();

 private:
  template <class Visit>
  void for_each(Visit visit);
  void tick();
  void refresh_date();
  void check_drained();

  const std::shared_ptr<EventLoop> events_;
  const std::shared_ptr<ServerShared> shared_;
  std::function<void()> drained_;
  LoopStats& stats_;
  std::list<std::shared_ptr<Connection>> connections_;
  Entry cursor_ = connections_.end();
  Duration period_;
  Ticks now_ = 0;
  bool ticking_ = false;
  bool stopping_ = false;
  std::int64_t date_second_ = -1;
  std::string date_line_;
  std::string last_host_;
};

}  // namespace leanmcp::inline v0::detail
