#pragma once

#include <leanmcp/base/executor.hpp>
#include <leanmcp/base/task.hpp>
#include <leanmcp/client/http_stream.hpp>
#include <leanmcp/client/options.hpp>
#include <leanmcp/client/transport.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace leanmcp::inline v0::detail {

/// Scheme, host and port, with the default port written out; empty when the URL is not http(s) with a host, or carries
/// user name and password.
std::string origin_of(std::string_view url);
/// `reference` resolved against `base` (RFC 3986, section 5), without fragment; empty when it cannot be.
std::string resolve_url(std::string_view base, std::string_view reference);

/// One request of a transport, to be sent as often as challenges and redirects make necessary.
class HttpCall {
 public:
  HttpCall(std::string call_method, std::string call_url) : method(std::move(call_method)), url(std::move(call_url)) {}

  std::string method;
  std::string url;
  HttpFields headers;
  std::string body;
  /// As in an AuthRequest.
  std::string operation;
  /// For whom time stands still while the authorizer works; may be empty.
  std::string id;
  /// Status and headers of an answer that is a stream, before its first event.
  std::function<void(const ClientResponse& head)> on_head;
  std::function<void(std::vector<SseEvent>&&)> on_events;
  /// The exchange under way, for `cancel`.
  std::shared_ptr<HttpStream> stream;
  bool cancelled = false;
};

/// Sends requests to one origin: with credentials, answering challenges, following redirects within the origin. No
/// credentials ever go to another origin, and nothing else does either.
class HttpCaller {
 public:
  HttpCaller(Executor& executor, const ClientOptions& options, std::string origin, TransportSink& sink);

  /// Sends the call until its answer is one. `error` of the result is set when the answer is none of the server's, or
  /// tells 401, 403 or a redirect that is not followed.
  Task<HttpStreamEnd> run(std::shared_ptr<HttpCall> call);
  static void cancel(HttpCall& call);

  Executor& executor() noexcept { return executor_; }
  const ClientOptions& options() const noexcept { return options_; }

 private:
  ClientRequest prepare(const HttpCall& call, const AccessCredentials& credentials) const;
  /// The place to go on to; an error when there is none.
  ClientResult<std::string> redirect(const HttpCall& call, const ClientResponse& response, int& left) const;
  Task<ClientResult<AccessCredentials>> credentials(const HttpCall& call);
  Task<ClientResult<bool>> challenge(const HttpCall& call, const Secret& token, const ClientResponse& response,
                                     unsigned attempt);

  Executor& executor_;
  const ClientOptions options_;
  const std::string origin_;
  TransportSink& sink_;
  HttpClient http_;
};

}  // namespace leanmcp::inline v0::detail
