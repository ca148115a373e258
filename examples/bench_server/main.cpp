// The server that `./bench` measures: one typed tool in the three ways a function can be run.

#include <leanmcp/auth.hpp>
#include <leanmcp/auth/oidc.hpp>
#include <leanmcp/core.hpp>
#include <leanmcp/http/client.hpp>

#include <boost/describe.hpp>

#include <CLI/CLI.hpp>

#include <iostream>

using namespace leanmcp;

struct Echo {
  std::string text;
  std::int64_t n = 0;
};
BOOST_DESCRIBE_STRUCT(Echo, (), (text, n))

Echo echo(const Echo& input) { return input; }
Task<Echo> echo_coroutine(Echo input) { co_return std::move(input); }

int main(int argc, char** argv) {
  CLI::App app("An echo server for benchmarks");
  std::uint16_t port = 3002;
  unsigned threads = 1;
  std::string issuer;
  std::string audience = "bench";
  app.add_option("--port", port, "Port on 127.0.0.1");
  app.add_option("--threads", threads, "Event loops");
  app.add_option("--issuer", issuer, "An OpenID provider whose tokens a second tool, echo_protected, needs");
  app.add_option("--audience", audience, "What they must be for");
  CLI11_PARSE(app, argc, argv);

  const Logger logger([](LogLevel, std::string_view line) { std::cerr << line << '\n'; }, LogLevel::error);
  Server server("bench-server", "1.0.0", ServerOptions().logger(logger).workers(1));
  server.tool("echo_nonblocking", &echo, description("Echoes on the event loop"), nonblocking())
      .tool("echo_pooled", &echo, description("Echoes on the worker pool"))
      .tool("echo_coroutine", &echo_coroutine, description("Echoes in a coroutine"));
  if (!issuer.empty()) {
    const auto provider = oidc(OidcOptions(issuer, audience), std::make_shared<HttpClient>(HttpClientOptions()));
    const auto ready = provider->init();
    if (!ready) {
      std::cerr << ready.error().message() << '\n';
      return 1;
    }
    server.tool("echo_protected", &echo, description("Echoes for who has a token"), nonblocking(), authenticated(provider));
  }
  return serve_http(server, HttpOptions().port(port).threads(threads).logger(logger));
}
