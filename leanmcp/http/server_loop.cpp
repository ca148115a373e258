#include <leanmcp/http/server_loop.hpp>

#include <leanmcp/http/connection.hpp>
#include <leanmcp/http/response_text.hpp>

#include <algorithm>

namespace leanmcp::inline v0::detail {

namespace {

/// A quarter of the shortest limit: deadlines are kept to within that.
std::chrono::milliseconds tick_period(const HttpServerOptions& options) {
  const auto shortest = std::min({options.header_time, options.body_time, options.keep_alive_time, options.send_time});
  return std::clamp<std::chrono::milliseconds>(shortest / 4, std::chrono::milliseconds(5), std::chrono::seconds(1));
}

}  // namespace

bool ServerShared::enter(const std::string& address) {
  if (options.most_connections_of_one == 0) return true;
  const std::lock_guard lock(mutex_);
  std::size_t& count = by_address_[address];
  if (count >= options.most_connections_of_one) return false;
  ++count;
  return true;
}

void ServerShared::leave(const std::string& address) {
  if (options.most_connections_of_one == 0) return;
  const std::lock_guard lock(mutex_);
  const auto found = by_address_.find(address);
  if (found != by_address_.end() && --found->second == 0) by_address_.erase(found);
}

ServerLoop::ServerLoop(std::shared_ptr<EventLoop> events, std::shared_ptr<ServerShared> shared, std::size_t index,
                       std::function<void()> drained)
    : events_(std::move(events)),
      shared_(std::move(shared)),
      drained_(std::move(drained)),
      stats_(shared_->counts->by_loop[index]),
      period_(tick_period(shared_->options)) {
  refresh_date();
}

void ServerLoop::adopt(Socket socket, std::string peer, std::string address) {
  if (stopping_) {
    shared_->leave(address);
    --counts().connections;
    --stats_.connections;
    return;
  }
  boost::system::error_code ignored;
  socket.non_blocking(true, ignored);
  socket.set_option(boost::asio::ip::tcp::no_delay(true), ignored);
  // Finds peers that went away without a word while nothing is sent to them.
  socket.set_option(boost::asio::socket_base::keep_alive(true), ignored);
  auto make = shared_->tls ? &make_tls_connection : &make_plain_connection;
  connections_.push_front(make(shared_from_this(), std::move(socket), std::move(peer), std::move(address)));
  const std::shared_ptr<Connection> connection = connections_.front();
  connection->set_entry(connections_.begin());
  if (!std::exchange(ticking_, true)) {
    refresh_date();
    events_->start_timer(period_, [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->tick();
    });
  }
  connection->begin();
}

void ServerLoop::remove(Entry entry, const std::string& address) {
  shared_->leave(address);
  --counts().connections;
  --stats_.connections;
  if (cursor_ == entry) ++cursor_;
  connections_.erase(entry);
  check_drained();
}

/// Any connection may end meanwhile and take its entry with it; `remove` moves the cursor on.
template <class Visit>
void ServerLoop::for_each(Visit visit) {
  for (cursor_ = connections_.begin(); cursor_ != connections_.end();) {
    const std::shared_ptr<Connection> connection = *cursor_++;
    visit(*connection);
  }
}

void ServerLoop::tick() {
  ++now_;
  refresh_date();
  for_each([this](Connection& connection) { connection.on_tick(now_); });
  ticking_ = !connections_.empty();
  if (!ticking_) return;
  events_->start_timer(period_, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->tick();
  });
}

void ServerLoop::refresh_date() {
  const TimePoint now = shared_->options.wall_clock->now();
  const std::int64_t second = unix_seconds(now);
  if (std::exchange(date_second_, second) != second) date_line_ = detail::date_line(now);
}

bool ServerLoop::host_allowed(std::string_view authority) {
  if (!authority.empty() && authority == last_host_) return true;
  if (!shared_->rules.host_allowed(authority)) return false;
  last_host_ = authority;
  return true;
}

void ServerLoop::begin_stop() {
  if (std::exchange(stopping_, true)) return;
  for_each([](Connection& connection) { connection.begin_stop(); });
  events_->start_timer(shared_->options.drain_time, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->close_all();
  });
  check_drained();
}

void ServerLoop::close_all() {
  stopping_ = true;
  while (!connections_.empty()) connections_.front()->close();
  check_drained();
}

void ServerLoop::check_drained() {
  if (!stopping_ || !connections_.empty() || !drained_) return;
  std::exchange(drained_, nullptr)();
}

}  // namespace leanmcp::inline v0::detail
