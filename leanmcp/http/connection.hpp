#pragma once

#include <leanmcp/http/exchange.hpp>
#include <leanmcp/http/request_reader.hpp>
#include <leanmcp/http/server_loop.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace leanmcp::inline v0::detail {

/// How exchanges reach their connection, which may be gone. Outlives both the connection and the server.
struct Link {
  std::shared_ptr<EventLoop> events;
  /// On the loop only; null once the connection is closed.
  Connection* connection = nullptr;
  /// On the loop only: the request that had no complete answer when the connection closed.
  std::uint64_t lost = 0;
  /// The last request that needs no answer any more.
  std::atomic<std::uint64_t> finished{0};
};

/// One connection: reads requests, has them answered one at a time, writes what is answered. On its loop's thread.
///
/// The transport below it (plain or TLS) is asked by `start_…` and tells by `on_…`; at most one read and one write are
/// under way, and each keeps the connection alive.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  using ErrorCode = boost::system::error_code;

  Connection(std::shared_ptr<ServerLoop> loop, std::string peer, std::string address, bool tls);
  virtual ~Connection() = default;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void set_entry(ServerLoop::Entry entry) noexcept { entry_ = entry; }
  void begin();
  /// The loop's clock has moved on.
  void on_tick(ServerLoop::Ticks now);
  /// The server is stopping: no request after the present one.
  void begin_stop();
  /// Ends it at once; whoever is answering is told.
  void close();

  // For the exchange of request `number`; false and nothing else when that one needs no answer any more.
  bool is_open(std::uint64_t number) const noexcept { return number == number_ && phase_ == Phase::answering; }
  void respond(int status, std::string_view content_type, std::string_view body, const HttpHeaders* headers,
               std::string_view header_lines);
  void begin_stream(int status, std::string_view content_type, const HttpHeaders& headers);
  bool write(std::string_view piece);
  void end_stream();
  void abandon();
  void on_disconnect(std::function<void()> gone);
  std::size_t buffered() const noexcept { return out_.size() + sending_.size() - sent_; }

 protected:
  virtual void start_handshake() = 0;
  virtual void start_read(std::span<char> into) = 0;
  /// Writes what can be written without waiting. Would-block is no failure.
  virtual std::size_t write_now(std::string_view bytes, ErrorCode& failed) = 0;
  virtual void start_write(std::string_view bytes) = 0;
  /// Tells the peer that nothing more comes: at once, for going on to read, or with an `on_farewell` at its end.
  virtual void end_output() noexcept = 0;
  virtual void start_farewell() = 0;
  virtual void close_socket() noexcept = 0;

  void on_handshake(const ErrorCode& failed);
  void on_read(const ErrorCode& failed, std::size_t size);
  void on_written(const ErrorCode& failed, std::size_t size);
  void on_farewell();

  ServerLoop& loop() noexcept { return *loop_; }

 private:
  enum class Phase {
    handshake,
    reading,    // a request, or waiting for one
    answering,  // a handler has the exchange, or a stream is being sent
    closing,    // the last answer is complete and on its way
    lingering,  // all is sent; the peer may still be sending
    parting,    // saying goodbye
    closed
  };
  enum class Waiting { nothing, idle, head, body };
  enum class Step { again, hungry, halt };

  // Reading: connection.cpp.
  void read();
  void turn();
  void post_turn();
  Step step();
  Step on_head();
  int check_head();
  void dispatch();
  void call_handler(const HttpHandler& handler);
  void answer_options();
  void refuse(int status);
  void answer_refusal(int status);
  bool charge_memory();
  void release_memory() noexcept;
  void wait_for(Waiting what);
  void on_lost_peer(bool orderly);
  void on_read_deadline();
  void say_goodbye();
  bool idle() const noexcept;
  bool has_more() const noexcept { return reader_.left_over() != 0 || !ahead_.empty(); }

  // Answering and writing: connection_write.cpp.
  void append_head(int status, std::string_view content_type, const HttpHeaders* headers,
                   std::string_view header_lines);
  void finish();
  void flush();
  void flush_later();
  void all_sent();
  void leave_flight() noexcept;

  const std::shared_ptr<ServerLoop> loop_;
  const std::shared_ptr<Link> link_;
  const std::string peer_;
  /// What counts as one address for the limit on connections.
  const std::string address_;
  ServerLoop::Entry entry_;
  RequestReader reader_;
  Phase phase_ = Phase::handshake;
  Waiting waiting_ = Waiting::nothing;

  std::uint64_t number_ = 0;
  const Route* route_ = nullptr;
  int refusal_ = 0;
  bool keep_alive_ = false;
  bool head_only_ = false;
  bool streaming_ = false;
  bool chunked_ = false;
  bool in_flight_ = false;
  /// The reader still holds the request that was answered.
  bool answered_ = false;

  bool in_turn_ = false;
  bool turn_posted_ = false;
  bool flush_posted_ = false;
  bool reading_ = false;
  bool writing_ = false;
  bool linger_ = false;
  bool peer_ended_ = false;

  std::string cors_;
  std::vector<std::function<void()>> on_disconnect_;
  /// Where the read under way goes, when that is behind a request that may be answered meanwhile.
  std::shared_ptr<RequestStore> read_store_;
  std::size_t read_at_ = 0;
  /// What such a read brought when the request was answered and the next one was at work already.
  std::string ahead_;

  std::string out_;
  std::string sending_;
  std::size_t sent_ = 0;
  std::size_t progress_ = 0;
  std::size_t charged_ = 0;
  std::size_t discarded_ = 0;

  ServerLoop::Ticks read_deadline_ = 0;
  ServerLoop::Ticks write_deadline_ = 0;
};

std::shared_ptr<Connection> make_plain_connection(std::shared_ptr<ServerLoop> loop, Socket socket, std::string peer,
                                                  std::string address);
std::shared_ptr<Connection> make_tls_connection(std::shared_ptr<ServerLoop> loop, Socket socket, std::string peer,
                                                std::string address);

}  // namespace leanmcp::inline v0::detail

namespace leanmcp::inline v0 {

class HttpExchange::Impl {
 public:
  Impl(std::shared_ptr<detail::Link> to, std::shared_ptr<detail::RequestStore> from, std::uint64_t request_number)
      : link(std::move(to)), store(std::move(from)), number(request_number) {}
  ~Impl();

  detail::Connection* connection() const noexcept {
    detail::Connection* const found = link->connection;
    return found && found->is_open(number) ? found : nullptr;
  }

  const std::shared_ptr<detail::Link> link;
  const std::shared_ptr<detail::RequestStore> store;
  const std::uint64_t number;
};

}  // namespace leanmcp::inline v0
