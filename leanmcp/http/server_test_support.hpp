#pragma once

#include <leanmcp/http/server.hpp>

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <future>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace leanmcp::http_test {

/// What a peer saw of one answer.
struct Seen {
  int status = 0;
  std::string head;
  std::string body;
  std::multimap<std::string, std::string> headers;  // names in lower case

  std::string header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? std::string() : found->second;
  }
};

/// A blocking socket that knows just enough HTTP. Everything gives up after ten seconds, so that a broken server fails
/// its test instead of holding it up.
class Peer {
 public:
  explicit Peer(std::uint16_t port, int receive_buffer = 0) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (receive_buffer != 0) ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    const timeval limit{10, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    const int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  ~Peer() { close(); }
  Peer(Peer&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)), connected_(other.connected_), buffer_(std::move(other.buffer_)) {}
  Peer(const Peer&) = delete;
  Peer& operator=(Peer&&) = delete;

  bool connected() const { return connected_; }

  /// False when the server no longer takes it.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }
  void end_output() { ::shutdown(fd_, SHUT_WR); }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  /// Closes with RST instead of FIN.
  void reset() {
    const linger hard{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close();
  }

  /// False at the end of the stream, or after ten seconds.
  bool fill() {
    char bytes[16 * 1024];
    const ssize_t n = ::recv(fd_, bytes, sizeof bytes, 0);
    timed_out_ = n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
    if (n <= 0) return false;
    buffer_.append(bytes, static_cast<std::size_t>(n));
    return true;
  }
  std::string read_to_end() {
    while (fill()) {
    }
    EXPECT_FALSE(timed_out_) << "the server does not close";
    return std::exchange(buffer_, {});
  }
  /// Whether nothing more comes and the server has closed.
  bool closed() { return buffer_.empty() && !fill() && !timed_out_; }
  /// Reads on until the text was seen; false when it does not come.
  bool read_until(std::string_view text) {
    while (buffer_.find(text) == std::string::npos)
      if (!fill()) return false;
    return true;
  }
  std::string& buffer() { return buffer_; }

  /// One answer; without a value when the connection ends before it is complete.
  std::optional<Seen> receive(bool without_body = false) {
    if (!read_until("\r\n\r\n")) return std::nullopt;
    Seen seen;
    const auto end = buffer_.find("\r\n\r\n") + 4;
    seen.head = buffer_.substr(0, end);
    buffer_.erase(0, end);
    seen.status = std::atoi(seen.head.c_str() + 9);
    for (auto line = seen.head.find("\r\n") + 2; line + 2 < seen.head.size();) {
      const auto next = seen.head.find("\r\n", line);
      const auto colon = seen.head.find(": ", line);
      std::string name = seen.head.substr(line, colon - line);
      std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
      seen.headers.emplace(std::move(name), seen.head.substr(colon + 2, next - colon - 2));
      line = next + 2;
    }
    if (without_body || seen.status == 204 || seen.status == 304 || seen.status < 200) return seen;
    if (seen.header("transfer-encoding") == "chunked") return receive_chunks(seen);
    if (!seen.headers.contains("content-length")) {
      seen.body = read_to_end();
      return seen;
    }
    const std::size_t size = std::stoul(seen.header("content-length"));
    while (buffer_.size() < size)
      if (!fill()) return std::nullopt;
    seen.body = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return seen;
  }

  std::optional<Seen> ask(std::string_view request) {
    send(request);
    return receive();
  }

 private:
  std::optional<Seen> receive_chunks(Seen& seen) {
    for (;;) {
      if (!read_until("\r\n")) return std::nullopt;
      const auto line = buffer_.find("\r\n");
      const std::size_t size = std::stoul(buffer_.substr(0, line), nullptr, 16);
      buffer_.erase(0, line + 2);
      while (buffer_.size() < size + 2)
        if (!fill()) return std::nullopt;
      seen.body += buffer_.substr(0, size);
      EXPECT_EQ(buffer_.substr(size, 2), "\r\n");
      buffer_.erase(0, size + 2);
      if (size == 0) return seen;
    }
  }

  int fd_;
  bool connected_ = false;
  bool timed_out_ = false;
  std::string buffer_;
};

inline std::string get(std::string_view path, std::string_view more = {}) {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\n" + std::string(more) + "\r\n";
}

inline std::string post(std::string_view path, std::string_view body, std::string_view more = {}) {
  return "POST " + std::string(path) +
         " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + std::string(more) +
         "\r\n" + std::string(body);
}

/// Log lines of a server, from any of its threads.
class LogLines {
 public:
  Logger logger() {
    return Logger(
        [this](LogLevel, std::string_view line) {
          const std::lock_guard lock(mutex_);
          lines_ += std::string(line) + "\n";
        },
        LogLevel::debug);
  }
  std::string text() {
    const std::lock_guard lock(mutex_);
    return lines_;
  }

 private:
  std::mutex mutex_;
  std::string lines_;
};

/// Answers with what it was asked, so that a test sees what the handler saw.
inline void echo(HttpExchange exchange) {
  const HttpRequest& request = exchange.request();
  exchange.respond(
      200, "text/plain",
      std::string(request.method()) + " " + std::string(request.target()) + " " + std::string(request.body()));
}

inline void start(HttpServer& server) {
  const auto started = server.start();
  ASSERT_TRUE(started) << started.error().message();
}

}  // namespace leanmcp::http_test
