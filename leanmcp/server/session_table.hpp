#pragma once

#include <leanmcp/base/result.hpp>
#include <leanmcp/server/session.hpp>

#include <list>
#include <string_view>

namespace leanmcp::inline v0 {

/// Why no session was made.
enum class SessionRefusal { too_many, too_many_from_address };

/// All sessions of one endpoint: bounded in total and per address, with an idle timeout. What is in use (see
/// `Session::busy`) is not idle. Thread-safe.
class SessionTable {
 public:
  struct Limits {
    std::size_t total = 10'000;
    std::size_t per_address = 1'000;
    std::chrono::milliseconds idle = std::chrono::minutes(30);
  };
  explicit SessionTable(Limits limits) : limits_(limits) {}

  /// A new session with an unguessable id. When the table is full, the session that has been idle longest makes room
  /// if it was idle for at least a tenth of the idle timeout.
  Result<std::shared_ptr<Session>, SessionRefusal> create(const std::string& address, TimePoint now);
  /// Null for an unknown, ended or idle-expired id.
  std::shared_ptr<Session> find(std::string_view id, TimePoint now);
  bool remove(std::string_view id);
  /// Drops what has been idle too long; to be called now and then.
  void sweep(TimePoint now);
  void each(const std::function<void(const std::shared_ptr<Session>&)>& visit);
  std::size_t size() const;
  void close_all();

 private:
  struct Place {
    std::shared_ptr<Session> session;
    std::string address;
    std::list<std::list<Place>::iterator>::iterator in_address;
  };
  // Both longest unused first, so that a flood of new sessions costs the same however many there are.
  using Order = std::list<Place>;
  using OfAddress = std::list<Order::iterator>;
  using Ended = std::vector<std::shared_ptr<Session>>;

  void touch(Order::iterator place, TimePoint now);
  void drop(Order::iterator place, Ended& ended);
  bool make_room(Order::iterator oldest, TimePoint now, Ended& ended);

  const Limits limits_;
  mutable std::mutex mutex_;
  Order order_;
  std::unordered_map<std::string, Order::iterator> by_id_;
  std::unordered_map<std::string, OfAddress> by_address_;
};

}  // namespace leanmcp::inline v0
