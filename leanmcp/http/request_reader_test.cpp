#include <leanmcp/http/request_reader.hpp>

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <string>
#include <vector>

namespace leanmcp::detail {
namespace {

using Status = RequestReader::Status;

RequestReader::Limits small_limits() {
  RequestReader::Limits limits;
  limits.header_bytes = 1024;
  limits.header_fields = 10;
  limits.body_bytes = 5000;
  return limits;
}

void give(RequestReader& reader, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto space = reader.space();
    const std::size_t n = std::min(space.size(), bytes.size());
    std::memcpy(space.data(), bytes.data(), n);
    reader.commit(n);
    bytes.remove_prefix(n);
  }
}

/// Status codes of faults, 0 when bytes are missing, 200 for a complete request.
int outcome(RequestReader& reader) {
  for (;;) switch (reader.advance()) {
      case Status::need_more:
        return 0;
      case Status::head:
        break;
      case Status::complete:
        return 200;
      case Status::failed:
        return reader.fault();
    }
}

/// The same whether the bytes come at once or one by one.
int outcome_of(std::string_view bytes, std::string* body = nullptr) {
  RequestReader at_once(small_limits(), "peer", false);
  give(at_once, bytes);
  const int result = outcome(at_once);
  if (body) *body = at_once.request().body();
  RequestReader dripping(small_limits(), "peer", false);
  int dripped = 0;
  for (const char c : bytes) {
    give(dripping, {&c, 1});
    dripped = outcome(dripping);
    if (dripped != 0) break;
  }
  // Without the empty line at its end a request may stay unfinished, bad or not; the deadlines see to that.
  if (dripped != 0 || bytes.find("\r\n\r\n") != std::string_view::npos) {
    EXPECT_EQ(result, dripped) << bytes;
  }
  EXPECT_TRUE(dripped != 200 || result == 200) << bytes;
  if (result == 200) {
    EXPECT_EQ(at_once.request().body(), dripping.request().body());
    EXPECT_EQ(at_once.request().target(), dripping.request().target());
  }
  return result;
}

std::string with(std::string_view lines, std::string_view rest = {}) {
  return "POST /mcp HTTP/1.1\r\nHost: a\r\n" + std::string(lines) + "\r\n" + std::string(rest);
}

TEST(RequestReader, ReadsARequest) {
  RequestReader reader({}, "192.0.2.7", true);
  give(reader,
       "POST /mcp?a=1&b HTTP/1.1\r\nHost:  example.com:80 \r\nMCP-protocol-VERSION: 2026-07-28\r\nX-Empty:\r\n"
       "Cookie: a\r\ncookie: b\r\nContent-Length: 5\r\n\r\nhelloGET");
  EXPECT_EQ(reader.advance(), Status::head);
  EXPECT_EQ(reader.advance(), Status::complete);
  const HttpRequest& request = reader.request();
  EXPECT_EQ(request.method(), "POST");
  EXPECT_EQ(request.verb(), HttpMethod::post);
  EXPECT_EQ(request.target(), "/mcp?a=1&b");
  EXPECT_EQ(request.path(), "/mcp");
  EXPECT_EQ(request.query(), "a=1&b");
  EXPECT_EQ(request.version_minor(), 1);
  EXPECT_EQ(request.header("host"), "example.com:80");
  EXPECT_EQ(request.header(KnownHeader::host), "example.com:80");
  EXPECT_EQ(request.header(KnownHeader::mcp_protocol_version), "2026-07-28");
  EXPECT_EQ(request.header("Mcp-Protocol-Version"), "2026-07-28");
  EXPECT_EQ(request.header_count("X-EMPTY"), 1U);
  EXPECT_EQ(request.header("x-empty"), "");
  EXPECT_EQ(request.header("x-absent"), "");
  EXPECT_EQ(request.header_count("x-absent"), 0U);
  EXPECT_EQ(request.header("Cookie"), "a");
  EXPECT_EQ(request.header_count("Cookie"), 2U);
  EXPECT_EQ(request.header_count(KnownHeader::cookie), 2U);
  EXPECT_EQ(request.header_count(KnownHeader::origin), 0U);
  EXPECT_EQ(request.header_count(KnownHeader::other), 0U);
  EXPECT_EQ(request.body(), "hello");
  EXPECT_EQ(request.peer(), "192.0.2.7");
  EXPECT_TRUE(request.is_tls());
  std::string names;
  request.for_each_header([&](std::string_view name, std::string_view) { names += std::string(name) + " "; });
  EXPECT_EQ(names, "Host MCP-protocol-VERSION X-Empty Cookie cookie Content-Length ");
  EXPECT_EQ(reader.left_over(), 3U);
  EXPECT_TRUE(reader.keep_alive());
}

TEST(RequestReader, GoesOnToTheNextAndLeavesTheLastToItsHolder) {
  RequestReader reader({}, "peer", false);
  give(reader, "GET /one HTTP/1.1\r\nHost: a\r\nX-One: 1\r\n\r\nGET /two HTTP/1.1\r\nHost: b\r\n\r\n");
  ASSERT_EQ(outcome(reader), 200);
  const auto held = reader.store();
  reader.next();
  ASSERT_EQ(outcome(reader), 200);
  EXPECT_NE(held, reader.store());
  EXPECT_EQ(held->request.target(), "/one");
  EXPECT_EQ(held->request.header("x-one"), "1");
  EXPECT_EQ(reader.request().target(), "/two");
  EXPECT_EQ(reader.request().header("host"), "b");
  EXPECT_EQ(reader.request().header_count("x-one"), 0U);
  const RequestStore* const before = reader.store().get();
  reader.next();
  EXPECT_EQ(reader.store().get(), before) << "nobody held it, so it is used again";
  EXPECT_FALSE(reader.begun());
}

TEST(RequestReader, DoesNotMoveACompleteRequest) {
  // A body that fills the buffer to its last byte.
  RequestReader reader({}, "peer", false);
  const std::string head = with("Content-Length: 1900\r\n");
  give(reader, head + std::string(1900, 'x'));
  ASSERT_EQ(outcome(reader), 200);
  EXPECT_GE(reader.tail().size(), 1U);
  const char* const body = reader.request().body().data();
  const auto tail = reader.tail();
  std::memset(tail.data(), 'y', tail.size());
  reader.commit(tail.size());
  EXPECT_TRUE(reader.tail().empty());
  EXPECT_EQ(reader.request().body().data(), body);
  EXPECT_EQ(reader.left_over(), tail.size());
}

TEST(RequestReader, MemoryFollowsWhatHasComeAndNotWhatWasPromised) {
  RequestReader::Limits limits;
  limits.body_bytes = 100'000'000;
  RequestReader reader(limits, "peer", false);
  give(reader, with("Content-Length: 100000000\r\n", std::string(1000, 'x')));
  ASSERT_EQ(outcome(reader), 0);
  EXPECT_LE(reader.capacity(), 8'192U);
  give(reader, std::string(1'000'000, 'x'));
  EXPECT_LE(reader.capacity(), 4'000'000U);
}

TEST(RequestReader, RefusesWhatIsNoHttp) {
  const std::pair<std::string_view, int> cases[] = {
      {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", 200},
      {"\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 200},
      {"\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET / HTTP/1.0\r\n\r\n", 200},
      {"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET /\r\nHost: a\r\n\r\n", 400},
      {"GET / HTTP/1.1\nHost: a\n\n", 400},
      {"GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400},
      {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
      {"GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505},
      {"GET / ICAP/1.1\r\nHost: a\r\n\r\n", 400},
      {"G\x01T / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET a HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 200},
      {"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400},
      {"GET / HTTP/1.0\r\nHost: a\r\nhost: b\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\r\nX: a\x01\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\r\nX: a\nb: c\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\r\nnocolon\r\n\r\n", 400},
      // Folded lines (RFC 9112, section 5.2).
      {"GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n\tb\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\r\nX:\r\n b\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\r\nX:\r\n \r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n \r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\r\nExpect: 200-ok\r\n\r\n", 417},
      {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400},
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
  };
  for (const auto& [bytes, status] : cases) EXPECT_EQ(outcome_of(bytes), status) << bytes;
}

TEST(RequestReader, RefusesWhatCouldBeReadInTwoWays) {
  const std::pair<std::string, int> cases[] = {
      {with("Content-Length: 3\r\n", "abc"), 200},
      {with("Content-Length: 3\r\nContent-Length: 3\r\n", "abc"), 400},
      {with("Content-Length: 3\r\nContent-Length: 4\r\n", "abcd"), 400},
      {with("Content-Length: 3, 3\r\n", "abc"), 400},
      {with("Content-Length: +3\r\n", "abc"), 400},
      {with("Content-Length: -3\r\n", "abc"), 400},
      {with("Content-Length: 0x3\r\n", "abc"), 400},
      {with("Content-Length: 3a\r\n", "abc"), 400},
      {with("Content-Length: 3 3\r\n", "abc"), 400},
      {with("Content-Length:\r\n", "abc"), 400},
      {with("Content-Length: 18446744073709551619\r\n", "abc"), 400},
      {with("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400},
      {with("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"), 400},
      {with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400},
      {with("Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400},
      {with("Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n"), 400},
      {with("Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n"), 400},
      {with("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"), 400},
      {with("Transfer-Encoding: chunked;q=1\r\n", "0\r\n\r\n"), 501},
      {with("Transfer-Encoding: identity\r\nContent-Length: 3\r\n", "abc"), 400},
      {with("Transfer-Encoding:\r\nContent-Length: 3\r\n", "abc"), 400},
      {with("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), 501},
      {with("Transfer-Encoding: Chunked\r\n", "0\r\n\r\n"), 200},
      {"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
  };
  for (const auto& [bytes, status] : cases) EXPECT_EQ(outcome_of(bytes), status) << bytes;
}

TEST(RequestReader, ReadsChunks) {
  const auto chunked = [](std::string_view body) { return with("Transfer-Encoding: chunked\r\n", body); };
  const std::pair<std::string, std::string> good[] = {
      {"0\r\n\r\n", ""},
      {"5\r\nhello\r\n0\r\n\r\n", "hello"},
      {"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", "hello world"},
      {"005\r\nhello\r\n000\r\n\r\n", "hello"},
      {"A\r\n0123456789\r\n0\r\n\r\n", "0123456789"},
      {"a;x=y;z=\"q\"\r\n0123456789\r\n0;e\r\n\r\n", "0123456789"},
      {"5\r\nhello\r\n0\r\nX-Trailer: 1\r\nHost: other\r\n\r\n", "hello"},
      {"2\r\n\r\n\r\n0\r\n\r\n", "\r\n"},
  };
  for (const auto& [bytes, expected] : good) {
    std::string body;
    EXPECT_EQ(outcome_of(chunked(bytes), &body), 200) << bytes;
    EXPECT_EQ(body, expected);
  }
  const std::pair<std::string, int> bad[] = {
      {"5\r\nhelloX\r\n0\r\n\r\n", 400},
      {"5\r\nhello0\r\n\r\n", 400},
      {"-5\r\nhello\r\n0\r\n\r\n", 400},
      {"0x5\r\nhello\r\n0\r\n\r\n", 400},
      {" 5\r\nhello\r\n0\r\n\r\n", 400},
      {"5 \r\nhello\r\n0\r\n\r\n", 400},
      {"5\nhello\n0\n\nxx\r\n", 400},
      {"\r\n\r\n\r\n", 400},
      {"fffffffffffffffff\r\n", 400},
      {"g\r\nhello\r\n", 400},
      {"ffffffffffffffff\r\nx", 413},
      {"1389\r\n", 413},
      {"5\r\nhello\r\n0\r\nContent-Length: 5\r\n\r\n", 400},
      {"5\r\nhello\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {"5;" + std::string(300, 'x') + "\r\nhello\r\n0\r\n\r\n", 400},
      {"5;" + std::string(3000, 'x'), 400},
      {"0\r\nX: " + std::string(3000, 'x'), 400},
  };
  for (const auto& [bytes, status] : bad) EXPECT_EQ(outcome_of(chunked(bytes)), status) << bytes;
}

TEST(RequestReader, TrailersAreNoHeaders) {
  RequestReader reader({}, "peer", false);
  give(reader, with("Transfer-Encoding: chunked\r\n", "0\r\nAuthorization: Bearer x\r\n\r\nnext"));
  ASSERT_EQ(outcome(reader), 200);
  EXPECT_EQ(reader.request().header_count("authorization"), 0U);
  EXPECT_EQ(reader.left_over(), 4U);
}

TEST(RequestReader, ChunksAreDecodedInPlaceHoweverTheyAreCut) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    std::string expected, bytes = with("Transfer-Encoding: chunked\r\n");
    for (int chunk = static_cast<int>(random() % 20); chunk > 0; --chunk) {
      const std::string data(1 + random() % 200, static_cast<char>('a' + random() % 26));
      char size[16];
      std::snprintf(size, sizeof size, "%zx\r\n", data.size());
      bytes += size + data + "\r\n";
      expected += data;
    }
    bytes += "0\r\n\r\nrest";
    RequestReader reader(small_limits(), "peer", false);
    std::string_view left = bytes;
    int result = 0;
    while (!left.empty()) {
      const std::size_t n = std::min<std::size_t>(left.size(), 1 + random() % 90);
      give(reader, left.substr(0, n));
      left.remove_prefix(n);
      if (result == 0) result = outcome(reader);
      ASSERT_TRUE(result == 0 || result == 200) << result;
    }
    ASSERT_EQ(result, 200);
    EXPECT_EQ(reader.request().body(), expected);
    EXPECT_EQ(reader.left_over(), 4U);
  }
}

TEST(RequestReader, Limits) {
  EXPECT_EQ(outcome_of("GET /" + std::string(1100, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n"), 431);
  EXPECT_EQ(outcome_of("GET /" + std::string(2000, 'a')), 431);
  EXPECT_EQ(outcome_of(with("X: " + std::string(1100, 'a') + "\r\n")), 431);
  std::string fields;
  for (int i = 0; i < 9; ++i) fields += "X: y\r\n";
  EXPECT_EQ(outcome_of(with(fields)), 200);
  EXPECT_EQ(outcome_of(with(fields + "X: y\r\n")), 431);
  EXPECT_EQ(outcome_of(with("Content-Length: 5000\r\n", std::string(5000, 'x'))), 200);
  EXPECT_EQ(outcome_of(with("Content-Length: 5001\r\n")), 413);
  std::string chunks;
  for (int i = 0; i < 50; ++i) chunks += "64\r\n" + std::string(100, 'x') + "\r\n";
  EXPECT_EQ(outcome_of(with("Transfer-Encoding: chunked\r\n", chunks + "0\r\n\r\n")), 200);
  EXPECT_EQ(outcome_of(with("Transfer-Encoding: chunked\r\n", chunks + "1\r\nx\r\n0\r\n\r\n")), 413);
}

TEST(RequestReader, AbsoluteForm) {
  const auto check = [](std::string target, std::string_view expected, std::string_view authority) {
    RequestReader reader({}, "peer", false);
    give(reader, "GET " + target + " HTTP/1.1\r\nHost: other\r\n\r\n");
    ASSERT_EQ(outcome(reader), 200) << target;
    EXPECT_EQ(reader.request().target(), expected);
    EXPECT_EQ(reader.authority(), authority);
  };
  check("http://a.example:80/x?y=z", "/x?y=z", "a.example:80");
  check("HTTPS://a.example/", "/", "a.example");
  check("http://a.example", "/", "a.example");
  check("/http://a.example", "/http://a.example", "other");
  EXPECT_EQ(outcome_of("GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
  EXPECT_EQ(outcome_of("GET http://a?x HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
  EXPECT_EQ(outcome_of("GET ftp://a/x HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
}

TEST(RequestReader, KeepAliveAndExpect) {
  const auto kept = [](std::string_view head) {
    RequestReader reader({}, "peer", false);
    give(reader, head);
    EXPECT_EQ(outcome(reader), 200) << head;
    return reader.keep_alive();
  };
  EXPECT_TRUE(kept("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  EXPECT_FALSE(kept("GET / HTTP/1.1\r\nHost: a\r\nConnection: foo, Close\r\n\r\n"));
  EXPECT_FALSE(kept("GET / HTTP/1.0\r\n\r\n"));
  EXPECT_TRUE(kept("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"));

  RequestReader reader({}, "peer", false);
  give(reader, with("Expect: 100-Continue\r\nContent-Length: 3\r\n"));
  EXPECT_EQ(reader.advance(), Status::head);
  EXPECT_TRUE(reader.wants_continue());
  RequestReader impatient({}, "peer", false);
  give(impatient, with("Expect: 100-continue\r\nContent-Length: 3\r\n", "a"));
  EXPECT_EQ(impatient.advance(), Status::head);
  EXPECT_FALSE(impatient.wants_continue());
}

TEST(KnownHeaderNames, AreFoundInAnyCaseAndNothingElseIs) {
  EXPECT_EQ(known_header("Last-Event-ID"), KnownHeader::last_event_id);
  EXPECT_EQ(known_header("ACCESS-CONTROL-REQUEST-METHOD"), KnownHeader::access_control_request_method);
  EXPECT_EQ(known_header("tracestate"), KnownHeader::tracestate);
  EXPECT_EQ(known_header("Mcp-Methof"), KnownHeader::other);
  EXPECT_EQ(known_header(""), KnownHeader::other);
  EXPECT_EQ(known_header("x-forwarded-for"), KnownHeader::other);
}

}  // namespace
}  // namespace leanmcp::detail
