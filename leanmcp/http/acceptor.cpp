#include <leanmcp/http/acceptor.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>

namespace leanmcp::inline v0::detail {

namespace {

namespace ip = boost::asio::ip;

/// How long to wait when the system has no descriptor or memory for one more connection.
constexpr std::chrono::milliseconds out_of_resources_pause(100);

ip::address plain(const ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped()) return ip::make_address_v4(ip::v4_mapped, address.to_v6());
  return address;
}

/// What one customer of a network has: an IPv4 address, an IPv6 /64.
std::string counted_as(const ip::address& address) {
  if (address.is_v4()) return address.to_string();
  const auto bytes = address.to_v6().to_bytes();
  return {reinterpret_cast<const char*>(bytes.data()), 8};
}

}  // namespace

Acceptor::Acceptor(std::shared_ptr<ServerShared> shared, std::vector<std::shared_ptr<ServerLoop>> loops)
    : shared_(std::move(shared)), loops_(std::move(loops)), native_(loops_.front()->context()) {}

Result<std::uint16_t> Acceptor::listen() {
  boost::system::error_code failed;
  const HttpServerOptions& options = shared_->options;
  const ip::address address = ip::make_address(options.bind_address, failed);
  if (failed) return Error("\"" + options.bind_address + "\" is no IP address to listen on");
  const ip::tcp::endpoint endpoint(address, options.bind_port);
  const auto cannot = [&](const char* what) {
    return Error("cannot " + std::string(what) + " " + options.bind_address + " port " +
                 std::to_string(options.bind_port) + ": " + failed.message());
  };
  native_.open(endpoint.protocol(), failed);
  if (failed) return cannot("open a socket for");
  native_.set_option(boost::asio::socket_base::reuse_address(true), failed);
  if (address.is_v6()) native_.set_option(ip::v6_only(false), failed);
  native_.bind(endpoint, failed);
  if (failed) return cannot("bind");
  native_.listen(boost::asio::socket_base::max_listen_connections, failed);
  if (failed) return cannot("listen on");
  native_.non_blocking(true, failed);
  return native_.local_endpoint(failed).port();
}

void Acceptor::accept() {
  if (!native_.is_open()) return;
  const auto& loop = *std::min_element(loops_.begin(), loops_.end(), [](const auto& a, const auto& b) {
    return a->stats().connections < b->stats().connections;
  });
  native_.async_accept(
      loop->context(), peer_,
      [self = shared_from_this(), loop](const boost::system::error_code& failed, Socket socket) {
        if (failed == boost::asio::error::operation_aborted) return;
        if (!failed) {
          self->take(std::move(socket), loop);
        } else if (failed != boost::asio::error::connection_aborted) {
          self->shared_->options.log.warning("cannot accept a connection", {{"why", failed.message()}});
          self->loops_.front()->events().start_timer(out_of_resources_pause, [self] { self->accept(); });
          return;
        }
        self->accept();
      });
}

void Acceptor::take(Socket socket, const std::shared_ptr<ServerLoop>& loop) {
  const ip::address address = plain(peer_.address());
  std::string counted = counted_as(address);
  if (shared_->counts->connections >= shared_->options.most_connections || !shared_->enter(counted)) {
    ++shared_->counts->refused;
    return turn_away(std::move(socket));
  }
  ++shared_->counts->connections;
  ++loop->stats().connections;
  if (loop == loops_.front()) return loop->adopt(std::move(socket), address.to_string(), std::move(counted));
  boost::asio::post(loop->context(), [loop, socket = std::move(socket), peer = address.to_string(),
                                      counted = std::move(counted)]() mutable {
    loop->adopt(std::move(socket), std::move(peer), std::move(counted));
  });
}

/// As much of an answer as goes into the socket at once; nobody waits for such a peer.
void Acceptor::turn_away(Socket socket) {
  if (shared_->tls) return;
  boost::system::error_code ignored;
  socket.non_blocking(true, ignored);
  constexpr std::string_view answer =
      "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nRetry-After: 1\r\nConnection: close\r\n\r\n";
  socket.write_some(boost::asio::buffer(answer.data(), answer.size()), ignored);
  socket.shutdown(Socket::shutdown_send, ignored);
}

void Acceptor::close() {
  boost::system::error_code ignored;
  native_.close(ignored);
}

}  // namespace leanmcp::inline v0::detail
