// The HTTP server alone: a fixed JSON answer to POST /mcp on one thread. Measured beside nginx, which answers the same
// bytes, it shows what the server costs before any protocol is spoken. Runs until its standard input ends.

#include <leanmcp/http/server.hpp>

#include <charconv>
#include <cstring>
#include <iostream>
#include <limits>

namespace {

constexpr std::string_view answer =
    R"({"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"{\"sum\":3}"}],)"
    R"("structuredContent":{"sum":3},"isError":false,"resultType":"complete"}})";

}  // namespace

int main(int argc, char** argv) {
  using namespace leanmcp;
  std::uint16_t port = 3000;
  if (argc > 1) std::from_chars(argv[1], argv[1] + std::strlen(argv[1]), port);
  HttpServer server(HttpServerOptions().port(port));
  server.route(HttpMethod::post, "/mcp",
               [](HttpExchange exchange) { exchange.respond(200, "application/json", answer); });
  const auto started = server.start();
  if (!started) {
    std::cerr << started.error().message() << '\n';
    return 1;
  }
  std::cout << "http://127.0.0.1:" << server.port() << "/mcp" << std::endl;
  std::cin.ignore(std::numeric_limits<std::streamsize>::max());
  server.stop();
  server.wait();
}
