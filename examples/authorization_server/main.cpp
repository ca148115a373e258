// A stand-alone authorization server: MCP clients register and get tokens here, people sign in at the provider that the
// app already has. docs/guides/oauth-server.md tells what to set.

#include "config.hpp"

#include <csignal>
#include <pthread.h>

using namespace leanmcp;

int main(int argc, char** argv) {
  // Blocked before any thread is made, so that the signals wait for the one thread that asks for them.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  Config config = read_config(argc, argv);
  const std::string issuer = config.oauth.issuer_;
  OAuthServer oauth(std::move(config.oauth), std::move(config.database));
  const auto ready = oauth.init();
  if (!ready)
    stop(ready.error().message() + (ready.error().detail().empty() ? "" : " (" + ready.error().detail() + ")"));

  HttpServer http(config.http);
  http.route_health("/health");
  oauth.mount(http);
  const auto listening = http.start();
  if (!listening) stop(listening.error().message());
  config.log.info("listening", {{"issuer", issuer}, {"port", std::to_string(http.port())}});

  int received = 0;
  sigwait(&signals, &received);
  http.stop();
  http.wait();
  oauth.stop();
  return 0;
}
