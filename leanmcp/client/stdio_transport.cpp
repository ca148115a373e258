#include <leanmcp/client/stdio_transport.hpp>

namespace leanmcp::inline v0::detail {

Task<ClientResult<void>> StdioTransport::open() {
  close();
  if (was_started_ && !command_.restart_) {
    co_return ClientResult<void>(ClientError(ClientCause::closed, "the program has ended"));
  }
  was_started_ = true;
  ChildProcess::Callbacks callbacks;
  callbacks.on_line = [this](std::string_view line) { sink_.on_message({}, line); };
  callbacks.on_stderr = options_.on_stderr_;
  callbacks.on_end = [this](ClientError error) {
    close();
    sink_.on_lost(std::move(error));
  };
  auto started = ChildProcess::start(executor_, command_, options_.limits_, std::move(callbacks));
  if (!started) co_return ClientResult<void>(std::move(started).error());
  process_ = std::move(*started);
  co_return ClientResult<void>();
}

void StdioTransport::send(Outgoing message) {
  if (process_ && process_->write(message.body)) return;
  const bool lost = !process_;
  sink_.on_failed(message.id, RequestFailure{lost ? ClientError(ClientCause::closed, "the program has ended")
                                                  : ClientError(ClientCause::too_large, "the program does not read"),
                                             {},
                                             lost});
}

Task<void> StdioTransport::leave() {
  if (!process_) co_return;
  const OneShot<bool> gone;
  process_->stop([gone] { gone.set(true); });
  process_.reset();
  co_await gone;
}

void StdioTransport::close() {
  if (process_) process_->stop();
  process_.reset();
}

}  // namespace leanmcp::inline v0::detail
