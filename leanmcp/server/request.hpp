#pragma once

#include <leanmcp/base/executor.hpp>
#include <leanmcp/base/secret.hpp>
#include <leanmcp/json/fwd.hpp>
#include <leanmcp/protocol/capabilities.hpp>
#include <leanmcp/protocol/version.hpp>
#include <leanmcp/server/principal.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace leanmcp::inline v0 {

class Session;

/// How a request came in.
enum class Channel { http, stdio, memory };

/// HTTP headers of the request, for the rules that compare them with the body. Valid during dispatch only.
class HeaderView {
 public:
  virtual ~HeaderView() = default;
  /// The first value of the header, or nullopt.
  virtual std::optional<std::string_view> find(std::string_view name) const = 0;
  virtual std::size_t count(std::string_view name) const = 0;
  virtual void each(const std::function<void(std::string_view name, std::string_view value)>& visit) const = 0;
};

/// Proof of who calls, as it arrived; nothing in it is verified yet.
struct Credentials {
  /// `Authorization` header's value, or empty.
  std::string authorization_header;
  std::size_t authorization_headers = 0;
  std::string dpop_proof;
  std::size_t dpop_proofs = 0;
  std::string http_method;
  std::string http_target;
  /// A token given to the process itself (stdio: from the environment).
  Secret ambient_token;
  /// In-memory channel only: who the test says is calling. No other channel sets it.
  std::shared_ptr<const AuthUser> assumed_user;
};

/// Whom a request's token turned out to be of, so that nothing verifies it twice: a proof of possession is good once.
/// Shared by all that one request does; used on its executor only.
struct VerifiedCaller {
  /// The authority that verified (`Hook::authority`); null while nobody has.
  const void* authority = nullptr;
  Principal principal;
  Secret token;
  /// The `_meta` token that was verified beside it, or empty.
  Secret meta_token;
  /// What the authority keeps of a refusal, where it came to one instead of a principal.
  std::shared_ptr<const void> refusal;
};

/// All a request brings besides method and params.
struct RequestInfo {
  Version version = newest_version;
  Channel channel = Channel::memory;
  ClientCapabilities capabilities;
  ClientInfo client;
  /// Index of the log level asked for (debug 0 … emergency 7); -1 when the client asked for none.
  int log_level = -1;
  /// Legacy era: the session. On stdio also in the modern era, for what is in flight.
  std::shared_ptr<Session> session;
  Credentials credentials;
  std::string traceparent;
  std::string peer;
  /// Filled by the hook that authenticates; may be null.
  std::shared_ptr<VerifiedCaller> verified;
  /// Set on HTTP in the modern era, else null.
  const HeaderView* headers = nullptr;
  bool modern() const noexcept { return is_modern(version); }
};

/// An answer, rendered: the JSON-RPC message, and what HTTP needs besides.
struct Reply {
  std::string body;
  int http_status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
};

/// Where the messages of one request go; implemented by each transport. All methods are called on `executor()`.
/// After `respond`, or once the peer is gone, calls are ignored.
class RequestSink {
 public:
  virtual ~RequestSink() = default;
  virtual Executor& executor() noexcept = 0;
  /// A notification that belongs to this request: opens a stream if none is open. JSON text of the whole message.
  virtual void notify(std::string message) = 0;
  /// A request of ours to the client on this request's stream (legacy era only).
  virtual void ask(std::string message) = 0;
  /// The answer; ends the request.
  virtual void respond(Reply reply) = 0;
  /// What to call when the peer cancels or goes away in a way that means cancelling. Replaces the former one.
  virtual void on_cancel(std::function<void()> cancelled) = 0;
  /// The request was cancelled and gets no answer: ends what its channel holds open for it. Ends the request as
  /// `respond` does.
  virtual void cancelled() {}
  /// Closes the connection but not the stream; the client comes back for the rest (2025-11-25, SSE polling).
  /// False where that is not possible.
  virtual bool close_stream(int /*retry_ms*/) { return false; }
};

}  // namespace leanmcp::inline v0
