#pragma once

#include <leanmcp/base/result.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace leanmcp::inline v0 {

/// Why a request got no response. A response with an error status is a response, not one of these.
enum class HttpClientCause {
  /// The URL is malformed, has a scheme other than http(s), carries credentials, is plain http to a host that is not
  /// loopback, or leads to an address that the client's policy forbids.
  refused_url,
  /// The method or a header cannot be sent as given (CR, LF or NUL in it, a framing header).
  refused_header,
  cannot_resolve,
  cannot_connect,
  /// Handshake failed or the certificate did not verify.
  tls,
  /// The connect, idle or total time ran out.
  timeout,
  /// The response's headers or body are over the limit.
  too_large,
  /// By `cancel`, a stop token, a callback that returned false, or the client's destruction.
  cancelled,
  /// The connection broke, or what came is not HTTP. The request may have been processed.
  protocol,
};

/// The enumerator's name, for logs.
std::string_view to_string(HttpClientCause cause) noexcept;

struct HttpClientFault {
  HttpClientCause cause = HttpClientCause::protocol;
  /// For logs: what libcurl said. Holds no header, body or query.
  std::string detail;
};

using HttpFields = std::vector<std::pair<std::string, std::string>>;

struct ClientResponse {
  int status = 0;
  /// In the order of arrival, names in lower case, values without surrounding white space.
  HttpFields headers;
  /// Empty when the request had `on_data`.
  std::string body;

  /// The first field of that name (given in lower case); empty when there is none.
  std::string_view header(std::string_view lower_case_name) const noexcept;
};

enum class AddressPolicy {
  any,
  /// Connects to globally routable addresses only, checked after name resolution on the address that is really
  /// connected to (so DNS rebinding does not help). For URLs that a peer supplies. Cannot be combined with a proxy.
  public_only,
};

struct ClientRequest {
  /// Not an aggregate on purpose: g++ 12 miscompiles aggregate temporaries beside `co_await`.
  ClientRequest() = default;
  ClientRequest(std::string method_name, std::string absolute_url)
      : method(std::move(method_name)), url(std::move(absolute_url)) {}

  std::string method = "GET";
  /// Absolute; http or https; without credentials. A fragment is not sent.
  std::string url;
  HttpFields headers;
  /// Sent when it is not empty or the method is POST, PUT or PATCH. The content type is the caller's to set.
  std::string body;

  /// Literal addresses of the URL's host, where the caller has looked them up: no other is connected to, and the name is
  /// not resolved again. Name, certificate and Host stay those of the URL. Not for a host that is an address itself.
  std::vector<std::string> connect_to;

  /// Limits of this request; the client's when absent. A total time of zero means none, for streams.
  std::optional<std::chrono::milliseconds> total_timeout;
  /// Ends the request when nothing arrives for that long. None by default.
  std::optional<std::chrono::milliseconds> idle_timeout;
  std::optional<std::size_t> max_body_bytes;
  /// Does not take a pooled connection, which the peer may have closed meanwhile. What is safe to repeat (RFC 9110,
  /// section 9.2.2) is then sent once more by itself; POST and PATCH never are, they fail with `protocol`. They go by HTTP/1.1.
  bool fresh_connection = false;
  /// Of this request; it can be stricter than the client's, never laxer. Behind a proxy, which resolves names and
  /// connects by itself, it holds only for addresses that stand in the URL.
  AddressPolicy addresses = AddressPolicy::any;

  /// Streaming: called on the client's thread with the final status and headers, before the body. False cancels.
  std::function<bool(const ClientResponse& head)> on_head;
  /// Streaming: called on the client's thread with each piece as it arrives; the body is then not collected and
  /// `max_body_bytes` counts only when given. False cancels. Must be quick: all requests of the client share the
  /// thread.
  std::function<bool(std::string_view piece)> on_data;
};

struct HttpClientOptions {
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds total_timeout{30'000};
  std::size_t max_body_bytes = 4 * 1024 * 1024;
  /// All header lines of one response together.
  std::size_t max_header_bytes = 64 * 1024;
  std::size_t max_connections = 64;
  std::size_t max_connections_per_host = 16;
  /// Allows plain http to hosts other than loopback (127.0.0.0/8, ::1, localhost).
  bool allow_plain_http = false;
  AddressPolicy addresses = AddressPolicy::any;
  /// `http://host:port` or `socks5h://host:port`; empty for none. The environment is never asked.
  std::string proxy;
  /// PEM file of the certificate authorities to trust instead of the system's; empty for the system's.
  std::string ca_file;
  std::string user_agent = "leanmcp-cpp";
};

/// Outbound HTTP/1.1 and HTTP/2 on libcurl, with one thread of its own and pooled connections. Certificates are
/// verified, redirects are not followed (the 3xx is the response), responses are not decompressed, cookies are not
/// kept. All functions are thread-safe.
class HttpClient {
 public:
  using RequestId = std::uint64_t;
  using Outcome = Result<ClientResponse, HttpClientFault>;
  using Callback = std::function<void(Outcome)>;

  explicit HttpClient(HttpClientOptions options = {});
  /// Ends what is under way with `cancelled`, then waits for the thread, except when called on it.
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// Starts a request. `done` is called exactly once, on the client's thread; it must be quick and must not throw.
  RequestId send(ClientRequest request, Callback done);
  /// Ends the request with `cancelled`, if it is still under way.
  void cancel(RequestId id);
  /// Sends and waits. Not to be called on the client's thread (throws std::logic_error).
  Outcome fetch(ClientRequest request, std::stop_token stop = {});

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace leanmcp::inline v0
