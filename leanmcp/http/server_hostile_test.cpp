#include <leanmcp/http/server.hpp>
#include <leanmcp/http/server_test_support.hpp>

#include <atomic>
#include <random>

namespace leanmcp::http_test {
namespace {

/// After whatever a hostile peer did, others are served and nothing is left over.
class Hostile : public ::testing::Test {
 protected:
  void SetUp() override {
    server.route_any("/", &echo);
    start(server);
  }
  void TearDown() override {
    Peer peer(server.port());
    EXPECT_EQ(peer.ask(get("/"))->status, 200);
    peer.close();
    server.stop();
    server.wait();
    EXPECT_EQ(server.connections(), 0U);
  }
  HttpServer server{HttpServerOptions().threads(2).max_header(4'096, 50).max_body(20'000).read_times(
      std::chrono::milliseconds(400), std::chrono::milliseconds(400))};
};

TEST_F(Hostile, RandomBytes) {
  std::mt19937 random(1);
  for (int round = 0; round < 300; ++round) {
    std::string bytes(random() % 3'000, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    Peer peer(server.port());
    peer.send(bytes);
    peer.end_output();
    const std::string answer = peer.read_to_end();
    EXPECT_TRUE(answer.empty() || answer.starts_with("HTTP/1.1 4") || answer.starts_with("HTTP/1.1 5")) << answer;
  }
}

TEST_F(Hostile, RequestsWithBytesChangedDroppedAndDoubled) {
  std::mt19937 random(2);
  const std::string seeds[] = {
      post("/", "hello") + get("/"),
      get("/", "Connection: keep-alive\r\nExpect: 100-continue\r\nCookie: a=b\r\n") + post("/", "x"),
      "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n" +
          get("/"),
  };
  for (int round = 0; round < 1'500; ++round) {
    std::string bytes = seeds[random() % std::size(seeds)];
    for (unsigned change = 1 + random() % 4; change > 0; --change) {
      const std::size_t at = random() % bytes.size();
      switch (random() % 4) {
        case 0:
          bytes[at] = static_cast<char>(random());
          break;
        case 1:
          bytes.erase(at, 1 + random() % 5);
          break;
        case 2:
          bytes.insert(at, bytes.substr(at, random() % 20));
          break;
        default:
          bytes.insert(at, 1, "\r\n\0 :;,0"[random() % 8]);
      }
    }
    Peer peer(server.port());
    peer.send(bytes);
    peer.end_output();
    const std::string answer = peer.read_to_end();
    EXPECT_TRUE(answer.empty() || answer.starts_with("HTTP/1.1 ")) << answer;
  }
}

TEST_F(Hostile, PeersThatLeaveAtEveryByte) {
  const std::string request = post("/", "hello", "Content-Type: text/plain\r\n");
  for (std::size_t n = 0; n <= request.size(); ++n) {
    Peer orderly(server.port());
    orderly.send(request.substr(0, n));
    orderly.close();
    Peer hard(server.port());
    hard.send(request.substr(0, n));
    hard.reset();
  }
}

TEST_F(Hostile, EndlessHeaderLineEndsAtTheLimit) {
  Peer peer(server.port());
  peer.send("GET / HTTP/1.1\r\nHost: localhost\r\nX: ");
  const std::string more(1'000, 'x');
  int sent = 0;
  while (sent < 100'000 && peer.send(more)) ++sent;
  EXPECT_LT(sent, 100'000);
}

TEST_F(Hostile, ChunksWithoutEnd) {
  Peer peer(server.port());
  peer.send("POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n");
  int sent = 0;
  while (sent < 1'000'000 && peer.send("1\r\nx\r\n")) ++sent;
  EXPECT_LT(sent, 1'000'000);
}

TEST_F(Hostile, AnswersNobodyReads) {
  for (int i = 0; i < 20; ++i) {
    Peer peer(server.port(), 4'096);
    std::string many;
    for (int n = 0; n < 200; ++n) many += post("/", std::string(10'000, 'x'));
    // As much as goes; then the peer is gone with all answers unread.
    peer.send(std::string_view(many).substr(0, 300'000));
    peer.reset();
  }
}

TEST_F(Hostile, ATlsHandshakeOnAPlainPort) {
  Peer peer(server.port());
  const auto seen = peer.ask(std::string("\x16\x03\x01\x00\xf4\x01\x00\x00\xf0\x03\x03", 11) + std::string(240, 'r'));
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->status, 400);
}

}  // namespace
}  // namespace leanmcp::http_test
