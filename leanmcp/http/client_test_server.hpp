#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace leanmcp::inline v0::detail {

/// Answers each request by a function from its bytes to the bytes to send. A closing answer ends the connection.
class ScriptedServer {
 public:
  struct Answer {
    std::string bytes;
    bool close = false;
    std::chrono::milliseconds delay{0};
  };
  using Script = std::function<Answer(const std::string& request)>;

  explicit ScriptedServer(Script script) : script_(std::move(script)) {
    listener_ = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(listener_, 64), 0);
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  ~ScriptedServer() {
    stopping_ = true;
    shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    {
      const std::lock_guard lock(mutex_);
      for (const int socket : sockets_) shutdown(socket, SHUT_RDWR);
    }
    for (auto& thread : threads_) thread.join();
    for (const int socket : sockets_) close(socket);
    close(listener_);
  }

  std::string url(const std::string& path = "/") const { return "http://127.0.0.1:" + std::to_string(port_) + path; }
  int port() const { return port_; }
  int connections() const { return connections_; }
  std::string last_request() {
    const std::lock_guard lock(mutex_);
    return last_;
  }

 private:
  void accept_all() {
    for (;;) {
      const int socket = accept(listener_, nullptr, nullptr);
      if (socket < 0) return;
      ++connections_;
      const std::lock_guard lock(mutex_);
      sockets_.push_back(socket);
      threads_.emplace_back([this, socket] { serve(socket); });
    }
  }

  void serve(int socket) {
    std::string buffer;
    for (;;) {
      const std::string request = read_request(socket, buffer);
      if (request.empty()) return;
      {
        const std::lock_guard lock(mutex_);
        last_ = request;
      }
      const Answer answer = script_(request);
      std::this_thread::sleep_for(answer.delay);
      send(socket, answer.bytes.data(), answer.bytes.size(), MSG_NOSIGNAL);
      if (answer.close) {
        shutdown(socket, SHUT_RDWR);
        return;
      }
    }
  }

  static std::string read_request(int socket, std::string& buffer) {
    std::size_t need = std::string::npos;
    for (;;) {
      const auto end = buffer.find("\r\n\r\n");
      if (end != std::string::npos && need == std::string::npos) {
        const auto length = buffer.find("Content-Length: ");
        need = end + 4 + (length < end ? std::stoul(buffer.substr(length + 16)) : 0);
      }
      if (!buffer.empty() && buffer[0] == '\x16') return std::exchange(buffer, {});  // a TLS handshake
      if (need != std::string::npos && buffer.size() >= need) {
        const std::string request = buffer.substr(0, need);
        buffer.erase(0, need);
        return request;
      }
      char piece[4096];
      const auto got = recv(socket, piece, sizeof piece, 0);
      if (got <= 0) return {};
      buffer.append(piece, static_cast<std::size_t>(got));
    }
  }

  Script script_;
  int listener_ = -1;
  int port_ = 0;
  std::thread acceptor_;
  std::mutex mutex_;
  std::vector<std::thread> threads_;
  std::vector<int> sockets_;
  std::string last_;
  std::atomic<int> connections_ = 0;
  std::atomic<bool> stopping_ = false;
};

inline ScriptedServer::Answer ok(const std::string& body, const std::string& more = {}) {
  return {"HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + more + "\r\n" + body};
}

}  // namespace leanmcp::inline v0::detail
