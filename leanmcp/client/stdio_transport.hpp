#pragma once

#include <leanmcp/client/child_process.hpp>
#include <leanmcp/client/options.hpp>
#include <leanmcp/client/transport.hpp>

#include <memory>
#include <string>

namespace leanmcp::inline v0::detail {

/// A program's standard streams: one message a line, all on one channel.
class StdioTransport final : public ClientTransport {
 public:
  StdioTransport(Executor& executor, StdioCommand command, const ClientOptions& options, TransportSink& sink)
      : executor_(executor), command_(std::move(command)), options_(options), sink_(sink) {}
  ~StdioTransport() override { close(); }

  Task<ClientResult<void>> open() override;
  void send(Outgoing message) override;
  void cancel(const std::string&) override {}
  Task<void> established(std::string, bool) override { co_return; }
  Task<void> leave() override;
  void close() override;
  bool is_http() const noexcept override { return false; }

 private:
  Executor& executor_;
  const StdioCommand command_;
  const ClientOptions options_;
  TransportSink& sink_;
  bool was_started_ = false;
  std::shared_ptr<ChildProcess> process_;
};

}  // namespace leanmcp::inline v0::detail
