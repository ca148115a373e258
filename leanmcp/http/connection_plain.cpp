#include <leanmcp/http/connection.hpp>

#include <boost/asio/error.hpp>

namespace leanmcp::inline v0::detail {

namespace {

class PlainConnection final : public Connection {
 public:
  PlainConnection(std::shared_ptr<ServerLoop> loop, Socket socket, std::string peer, std::string address)
      : Connection(std::move(loop), std::move(peer), std::move(address), false), socket_(std::move(socket)) {}

 private:
  void start_handshake() override { on_handshake({}); }

  void start_read(std::span<char> into) override {
    socket_.async_read_some(
        boost::asio::buffer(into.data(), into.size()),
        [self = shared_from_this(), this](const ErrorCode& failed, std::size_t size) { on_read(failed, size); });
  }

  std::size_t write_now(std::string_view bytes, ErrorCode& failed) override {
    const std::size_t size = socket_.write_some(boost::asio::buffer(bytes.data(), bytes.size()), failed);
    if (failed == boost::asio::error::would_block || failed == boost::asio::error::try_again) {
      failed.clear();
      return 0;
    }
    return size;
  }

  void start_write(std::string_view bytes) override {
    socket_.async_write_some(
        boost::asio::buffer(bytes.data(), bytes.size()),
        [self = shared_from_this(), this](const ErrorCode& failed, std::size_t size) { on_written(failed, size); });
  }

  void end_output() noexcept override {
    ErrorCode ignored;
    socket_.shutdown(Socket::shutdown_send, ignored);
  }

  void start_farewell() override { on_farewell(); }

  void close_socket() noexcept override {
    ErrorCode ignored;
    socket_.close(ignored);
  }

  Socket socket_;
};

}  // namespace

std::shared_ptr<Connection> make_plain_connection(std::shared_ptr<ServerLoop> loop, Socket socket, std::string peer,
                                                  std::string address) {
  return std::make_shared<PlainConnection>(std::move(loop), std::move(socket), std::move(peer), std::move(address));
}

}  // namespace leanmcp::inline v0::detail
