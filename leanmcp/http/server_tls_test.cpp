#include <leanmcp/http/certificate_test.hpp>
#include <leanmcp/http/server.hpp>
#include <leanmcp/http/server_test_support.hpp>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <memory>

namespace leanmcp::http_test {
namespace {

/// A blocking TLS peer over a socket of its own.
class TlsPeer {
 public:
  TlsPeer(std::uint16_t port, int most_version = 0, const std::string& protocol = {})
      : context_(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free), ssl_(nullptr, &SSL_free) {
    if (most_version != 0) {
      SSL_CTX_set_security_level(context_.get(), 0);
      SSL_CTX_set_max_proto_version(context_.get(), most_version);
    }
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const timeval limit{10, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return;
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_fd(ssl_.get(), fd_);
    if (!protocol.empty()) {
      const std::string list = static_cast<char>(protocol.size()) + protocol;
      SSL_set_alpn_protos(ssl_.get(), reinterpret_cast<const unsigned char*>(list.data()),
                          static_cast<unsigned>(list.size()));
    }
    ready_ = SSL_connect(ssl_.get()) == 1;
  }
  ~TlsPeer() {
    ssl_.reset();
    ::close(fd_);
    ERR_clear_error();
  }
  bool ready() const { return ready_; }
  SSL* native() { return ssl_.get(); }
  int socket() const { return fd_; }

  bool send(std::string_view text) {
    return SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size())) == static_cast<int>(text.size());
  }
  std::string read_until(std::string_view end) {
    char bytes[16 * 1024];
    while (buffer_.find(end) == std::string::npos) {
      const int n = SSL_read(ssl_.get(), bytes, sizeof bytes);
      if (n <= 0) break;
      buffer_.append(bytes, static_cast<std::size_t>(n));
    }
    return std::exchange(buffer_, {});
  }
  bool ended_properly() {
    char byte;
    return SSL_read(ssl_.get(), &byte, 1) <= 0 && (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0;
  }

 private:
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
  std::unique_ptr<SSL, decltype(&SSL_free)> ssl_;
  int fd_ = -1;
  bool ready_ = false;
  std::string buffer_;
};

class HttpTls : public ::testing::Test {
 protected:
  void serve(HttpServerOptions options = HttpServerOptions()) {
    server.emplace(options.tls(certificate.chain(), certificate.key()));
    server->route_any("/", [](HttpExchange exchange) {
      EXPECT_TRUE(exchange.request().is_tls());
      echo(exchange);
    });
    server->route(HttpMethod::get, "/large", [](HttpExchange exchange) {
      exchange.respond(200, "text/plain", std::string(2'000'000, 'x') + "end");
    });
    server->route(HttpMethod::get, "/hold", [this](HttpExchange exchange) { held.set_value(std::move(exchange)); });
    start(*server);
  }
  Certificate certificate;
  std::promise<HttpExchange> held;
  std::optional<HttpServer> server;
};

TEST_F(HttpTls, AnswersAndKeepsTheConnection) {
  serve();
  TlsPeer peer(server->port());
  ASSERT_TRUE(peer.ready());
  EXPECT_EQ(SSL_version(peer.native()), TLS1_3_VERSION);
  for (int i = 0; i < 3; ++i) {
    peer.send(post("/", "hello"));
    EXPECT_NE(peer.read_until("hello").find("200 OK"), std::string::npos);
  }
  peer.send(post("/", "one") + post("/", "two"));
  EXPECT_NE(peer.read_until("POST / two").find("POST / one"), std::string::npos);
  peer.send(get("/large"));
  EXPECT_GT(peer.read_until("end").size(), 2'000'000U);
  peer.send(get("/", "Connection: close\r\n"));
  peer.read_until("GET / ");
  EXPECT_TRUE(peer.ended_properly());
}

TEST_F(HttpTls, SpeaksTls12ButNothingOlder) {
  serve();
  TlsPeer older(server->port(), TLS1_2_VERSION);
  EXPECT_TRUE(older.ready());
  TlsPeer old(server->port(), TLS1_1_VERSION);
  EXPECT_FALSE(old.ready());
}

TEST_F(HttpTls, ChoosesHttp11ByAlpn) {
  serve();
  TlsPeer peer(server->port(), 0, "http/1.1");
  ASSERT_TRUE(peer.ready());
  const unsigned char* chosen = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(peer.native(), &chosen, &size);
  EXPECT_EQ(std::string_view(reinterpret_cast<const char*>(chosen), size), "http/1.1");
  EXPECT_FALSE(TlsPeer(server->port(), 0, "h2").ready());
}

TEST_F(HttpTls, WhoSpeaksNoTlsIsClosed) {
  serve(HttpServerOptions().read_times(std::chrono::milliseconds(50), std::chrono::seconds(60)));
  Peer plain(server->port());
  plain.send(get("/"));
  EXPECT_EQ(plain.read_to_end().find("HTTP/"), std::string::npos);
  // Nor is anyone waited for who does not speak at all.
  Peer silent(server->port());
  EXPECT_TRUE(silent.closed());
}

TEST_F(HttpTls, TellsWhenThePeerGoesAway) {
  serve();
  std::promise<void> gone;
  std::optional<HttpExchange> kept;
  {
    TlsPeer peer(server->port());
    peer.send(get("/hold"));
    kept = held.get_future().get();
    HttpExchange exchange = *kept;
    std::promise<void> set;
    exchange.executor().post([&gone, &set, exchange]() mutable {
      exchange.on_disconnect([&] { gone.set_value(); });
      set.set_value();
    });
    set.get_future().wait();
  }
  gone.get_future().wait();
}

TEST_F(HttpTls, RefusalsArriveAlthoughTheRequestIsNotReadToItsEnd) {
  serve(HttpServerOptions().max_body(1'000));
  TlsPeer peer(server->port());
  peer.send(post("/", std::string(100'000, 'x')));
  EXPECT_NE(peer.read_until("Content Too Large\n").find("413"), std::string::npos);
}

TEST_F(HttpTls, StopsGracefully) {
  serve();
  TlsPeer idle(server->port());
  idle.send(get("/"));
  idle.read_until("GET / ");
  TlsPeer busy(server->port());
  busy.send(get("/hold"));
  HttpExchange exchange = held.get_future().get();
  server->stop();
  exchange.executor().post([exchange]() mutable { exchange.respond(200, "text/plain", "done"); });
  EXPECT_NE(busy.read_until("done").find("done"), std::string::npos);
  server->wait();
  EXPECT_TRUE(idle.ended_properly());
  EXPECT_TRUE(busy.ended_properly());
}

TEST_F(HttpTls, AWrongKeyStopsTheStart) {
  const Certificate other;
  HttpServer mixed(HttpServerOptions().tls(certificate.chain(), other.key()));
  EXPECT_FALSE(mixed.start());
  HttpServer swapped(HttpServerOptions().tls(certificate.key(), certificate.chain()));
  EXPECT_FALSE(swapped.start());
  ERR_clear_error();
}

}  // namespace
}  // namespace leanmcp::http_test
