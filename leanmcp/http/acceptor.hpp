#pragma once

#include <leanmcp/base/result.hpp>
#include <leanmcp/http/server_loop.hpp>

#include <boost/asio/basic_socket_acceptor.hpp>

#include <memory>
#include <vector>

namespace leanmcp::inline v0::detail {

/// Takes connections in on the first loop and hands each to the loop that has the fewest. (With SO_REUSEPORT the
/// kernel would spread them by a hash, unevenly when they are few, and a port that is taken would not show.)
class Acceptor : public std::enable_shared_from_this<Acceptor> {
 public:
  Acceptor(std::shared_ptr<ServerShared> shared, std::vector<std::shared_ptr<ServerLoop>> loops);

  /// Binds and listens; the port.
  Result<std::uint16_t> listen();
  /// On the first loop.
  void accept();
  void close();

 private:
  using Native = boost::asio::basic_socket_acceptor<boost::asio::ip::tcp, boost::asio::io_context::executor_type>;

  void take(Socket socket, const std::shared_ptr<ServerLoop>& loop);
  void turn_away(Socket socket);

  const std::shared_ptr<ServerShared> shared_;
  const std::vector<std::shared_ptr<ServerLoop>> loops_;
  Native native_;
  boost::asio::ip::tcp::endpoint peer_;
};

}  // namespace leanmcp::inline v0::detail
