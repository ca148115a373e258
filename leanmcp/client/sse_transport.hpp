#pragma once

#include <leanmcp/client/http_caller.hpp>
#include <leanmcp/client/run_set.hpp>
#include <leanmcp/client/transport.hpp>

#include <map>
#include <memory>
#include <string>

namespace leanmcp::inline v0::detail {

/// HTTP+SSE of 2024-11-05, as a client only: a GET opens the one stream on which everything comes, its first event
/// names the place to post to (2024-11-05, Transports, HTTP with SSE). That place must be of the same origin.
class SseTransport final : public ClientTransport {
 public:
  SseTransport(Executor& executor, std::string url, const ClientOptions& options, TransportSink& sink);
  ~SseTransport() override { close(); }

  Task<ClientResult<void>> open() override;
  void send(Outgoing message) override;
  void cancel(const std::string& id) override;
  Task<void> established(std::string, bool) override { co_return; }
  Task<void> leave() override { co_return; }
  void close() override;
  bool is_http() const noexcept override { return false; }

 private:
  Task<void> read(OneShot<ClientResult<void>> opened);
  Task<void> post(std::shared_ptr<HttpCall> call);
  void take_events(std::vector<SseEvent>&& events, const OneShot<ClientResult<void>>& opened);

  const std::string url_;
  TransportSink& sink_;
  HttpCaller caller_;
  std::string endpoint_;
  std::shared_ptr<HttpCall> stream_;
  std::map<std::string, std::shared_ptr<HttpCall>> posts_;
  /// How `open` ends.
  OneShot<ClientResult<void>> opened_;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
  RunSet runs_;
};

}  // namespace leanmcp::inline v0::detail
