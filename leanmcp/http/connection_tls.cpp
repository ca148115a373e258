#include <leanmcp/http/connection.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/ssl/stream.hpp>

namespace leanmcp::inline v0::detail {

namespace {

/// As the plain one, but never writes without waiting: OpenSSL's records cannot be taken back when the socket is full.
class TlsConnection final : public Connection {
 public:
  TlsConnection(std::shared_ptr<ServerLoop> loop, Socket socket, std::string peer, std::string address)
      : Connection(loop, std::move(peer), std::move(address), true), stream_(std::move(socket), *loop->shared().tls) {}

 private:
  void start_handshake() override {
    stream_.async_handshake(boost::asio::ssl::stream_base::server,
                            [self = shared_from_this(), this](const ErrorCode& failed) { on_handshake(failed); });
  }

  void start_read(std::span<char> into) override {
    stream_.async_read_some(
        boost::asio::buffer(into.data(), into.size()),
        [self = shared_from_this(), this](ErrorCode failed, std::size_t size) { on_read(failed, size); });
  }

  std::size_t write_now(std::string_view, ErrorCode&) override { return 0; }

  void start_write(std::string_view bytes) override {
    stream_.async_write_some(
        boost::asio::buffer(bytes.data(), bytes.size()),
        [self = shared_from_this(), this](const ErrorCode& failed, std::size_t size) { on_written(failed, size); });
  }

  // What follows is read and thrown away; a close_notify now would make OpenSSL take that for an error.
  void end_output() noexcept override {}

  // Sends close_notify without waiting for the peer's (RFC 8446, section 6.1). Asio's shutdown waits for it, but a
  // write behind it fails as soon as ours is on its way.
  void start_farewell() override {
    stream_.async_shutdown([self = shared_from_this()](const ErrorCode&) {});
    stream_.async_write_some(boost::asio::buffer("", 1),
                             [self = shared_from_this(), this](const ErrorCode&, std::size_t) { on_farewell(); });
  }

  void close_socket() noexcept override {
    ErrorCode ignored;
    stream_.next_layer().close(ignored);
  }

  boost::asio::ssl::stream<Socket> stream_;
};

}  // namespace

std::shared_ptr<Connection> make_tls_connection(std::shared_ptr<ServerLoop> loop, Socket socket, std::string peer,
                                                std::string address) {
  return std::make_shared<TlsConnection>(std::move(loop), std::move(socket), std::move(peer), std::move(address));
}

}  // namespace leanmcp::inline v0::detail
