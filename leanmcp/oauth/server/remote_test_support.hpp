#pragma once

#include <leanmcp/http/client.hpp>
#include <leanmcp/http/client_test_server.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace leanmcp::as {

/// Listens on every address of this machine, IPv4 and IPv6, and takes nothing: whether anybody came is all it knows.
class Trap {
 public:
  Trap() {
    socket_ = ::socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, 0);
    const int off = 0;
    setsockopt(socket_, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(socket_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(socket_, 64), 0);
    getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = std::to_string(ntohs(address.sin6_port));
  }
  ~Trap() { close(socket_); }
  Trap(const Trap&) = delete;
  Trap& operator=(const Trap&) = delete;

  const std::string& port() const { return port_; }
  /// How many connections were made since the last time, whatever was sent on them.
  int visitors() {
    int count = 0;
    for (pollfd wait{socket_, POLLIN, 0}; poll(&wait, 1, 20) > 0;) {
      const int visitor = accept(socket_, nullptr, nullptr);
      if (visitor < 0) break;
      ++count;
      close(visitor);
    }
    return count;
  }

 private:
  int socket_ = -1;
  std::string port_;
};

inline std::shared_ptr<HttpClient> guarded_client() {
  HttpClientOptions options;
  options.addresses = AddressPolicy::public_only;
  return std::make_shared<HttpClient>(options);
}

inline leanmcp::detail::ScriptedServer::Answer http_answer(int status, const std::string& body,
                                                           const std::string& headers = {}) {
  return {"HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
          headers + "\r\n" + body};
}

}  // namespace leanmcp::as
