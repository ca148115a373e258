#pragma once

#include <leanmcp/base/result.hpp>
#include <leanmcp/base/secret.hpp>
#include <leanmcp/base/task.hpp>
#include <leanmcp/http/client.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace leanmcp::inline v0 {

/// What goes with one request to show who asks.
class AccessCredentials {
 public:
  AccessCredentials() = default;
  explicit AccessCredentials(Secret access_token, std::string auth_scheme = "Bearer")
      : token(std::move(access_token)), scheme(std::move(auth_scheme)) {}

  /// Empty for none: the request goes without.
  Secret token;
  /// Of the `Authorization` header: `Bearer` (RFC 6750) or `DPoP` (RFC 9449).
  std::string scheme = "Bearer";
  /// Further headers of this one request, such as a `DPoP` proof.
  HttpFields headers;
};

/// The request that credentials are for. On stdio the method is `POST` and the URL empty.
class AuthRequest {
 public:
  AuthRequest() = default;
  AuthRequest(std::string http_method, std::string absolute_url, std::string what_for = {})
      : method(std::move(http_method)), url(std::move(absolute_url)), operation(std::move(what_for)) {}

  std::string method;
  std::string url;
  /// What the request is for: the MCP method, followed by a space and the tool, prompt or URI it names, if any. Empty
  /// where it is no request of MCP, such as the opening of a stream.
  std::string operation;
};

/// An answer that asks for (other) credentials: status 401 or 403 of the MCP endpoint.
class AuthChallenge {
 public:
  AuthChallenge() = default;

  int status = 0;
  /// `POST`, `GET` or `DELETE`, and the URL that answered: the MCP endpoint as the user gave it, without fragment.
  std::string method;
  std::string url;
  /// As in the AuthRequest.
  std::string operation;
  /// The access token that the refused request went with; empty when it went without.
  Secret token;
  /// All `WWW-Authenticate` fields joined by ", " (RFC 9110, section 11.6.1); empty when there was none.
  std::string www_authenticate;
  /// All of the response's headers, names in lower case: `dpop-nonce` and the like.
  HttpFields headers;
  /// 1 for the first challenge that this request met, then 2, …: for retry limits.
  unsigned attempt = 1;
};

/// Where the client has its tokens from. Shared by all requests of a client and called on the client's executor only;
/// calls interleave at their waits, so an implementation that refreshes keeps others waiting for the one refresh.
/// Waiting is not counted as time of the request: a person may be signing in.
class Authorizer {
 public:
  virtual ~Authorizer() = default;
  /// Before each request. A failure ends the request as an authentication error with that message.
  virtual Task<Result<AccessCredentials>> credentials(AuthRequest request) = 0;
  /// After a 401, or a 403 with a challenge. True: there are other credentials now, send the request again.
  /// False: there is nothing more to try, and the request ends with the server's own answer. A failure ends the
  /// request with that message. The client itself asks at most `ClientOptions::auth_attempts` times for one request.
  virtual Task<Result<bool>> challenged(AuthChallenge challenge) = 0;
  /// The head of every other answer of the endpoint: for a `DPoP-Nonce` that comes with success (RFC 9449, section
  /// 8.2). Must be quick.
  virtual void answered(const AuthRequest& request, const ClientResponse& head);
  /// Names of protocol extensions that this way of getting tokens is; the client declares them among its capabilities
  /// (2026-07-28, Extensions). None by default.
  virtual std::vector<std::string> extensions() const;
};

/// Sends the same token always, as a Bearer token.
std::shared_ptr<Authorizer> bearer_token(Secret token);

}  // namespace leanmcp::inline v0
