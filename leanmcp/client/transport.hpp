#pragma once

#include <leanmcp/base/task.hpp>
#include <leanmcp/client/error.hpp>
#include <leanmcp/http/client.hpp>

#include <functional>
#include <memory>

#include <string>
#include <string_view>

namespace leanmcp::inline v0::detail {

/// One message on its way out.
struct Outgoing {
  /// JSON text without line breaks.
  std::string body;
  /// Of a request: its id as JSON text. Empty for notifications and answers.
  std::string id;
  /// As in an AuthRequest.
  std::string operation;
  /// What HTTP repeats of the message, and the revision.
  HttpFields headers;
  /// It begins a session: goes without the present one's id.
  bool initialize = false;
  /// The stream of its answer can be gone back to with Last-Event-ID (2025-11-25 and before).
  bool resumable = false;
};

/// Why a request will have no answer.
struct RequestFailure {
  ClientError error;
  /// What came with an error status: perhaps a JSON-RPC error.
  std::string body;
  /// The server does not know the session (any more): begin a new one.
  bool session_lost = false;
  /// The server had taken the request and may have done it: not to be sent again by itself.
  bool accepted = false;
};

/// Who gets what comes in. Called on the executor.
class TransportSink {
 public:
  /// A message as JSON text. `id` is that of the request on whose own stream or body it came; empty for what came on a
  /// channel shared by all.
  /// True when it was the answer to that request.
  virtual bool on_message(const std::string& id, std::string_view text) = 0;
  virtual void on_failed(const std::string& id, RequestFailure failure) = 0;
  /// The channel as a whole is gone: nothing in flight will be answered.
  virtual void on_lost(ClientError error) = 0;
  /// The authorizer may be asking a person: time stands still for this request, until the call with false.
  virtual void on_waiting(const std::string& id, bool waiting) = 0;
  /// The authorizer has other credentials than before.
  virtual void on_new_credentials() = 0;

 protected:
  ~TransportSink() = default;
};

/// Carries messages to one server and back. On the executor only.
class ClientTransport {
 public:
  virtual ~ClientTransport() = default;
  /// Before anything is sent: starts the program, finds the place to send to.
  virtual Task<ClientResult<void>> open() = 0;
  virtual void send(Outgoing message) = 0;
  /// Nobody waits for the answer any more: closes the request's own stream, where it has one.
  virtual void cancel(const std::string& id) = 0;
  /// A legacy session has begun with this revision: opens the stream for what the server sends on its own account, and
  /// ends when that is open or known not to be.
  virtual Task<void> established(std::string revision, bool listen) = 0;
  /// Tells the server that the session is over, where there is one; before `close`, which does not wait for it.
  virtual Task<void> leave() = 0;
  /// Drops everything under way. Not from inside a run of the transport's own. Nothing is told to the sink after it.
  virtual void close() = 0;
  /// Requests have headers, and closing the stream of one cancels it.
  virtual bool is_http() const noexcept = 0;
};

using TransportMaker = std::function<std::unique_ptr<ClientTransport>(Executor& executor, TransportSink& sink)>;

}  // namespace leanmcp::inline v0::detail
