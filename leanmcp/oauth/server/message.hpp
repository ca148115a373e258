#pragma once

#include <leanmcp/http/client.hpp>
#include <leanmcp/http/request.hpp>

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace leanmcp::inline v0::as {

/// What the endpoints see of an HTTP request: they are functions over values, without a socket.
class Request {
 public:
  Request() = default;
  Request(HttpMethod method, std::string at) : verb(method), path(std::move(at)) {}

  HttpMethod verb = HttpMethod::get;
  /// Below the issuer's own path, without the query: "/token".
  std::string path;
  std::string query;
  std::string body;
  /// Names in lower case, in the order of arrival, repeated ones too.
  HttpFields headers;
  /// The address limits are counted by.
  std::string peer;

  /// The first field of that name; empty when there is none.
  std::string_view header(std::string_view lower_case_name) const noexcept;
  std::size_t header_count(std::string_view lower_case_name) const noexcept;
};

/// What goes back. Names of fields as they are sent; several Set-Cookie fields are several entries.
class Answer {
 public:
  Answer() = default;
  Answer(int code, std::string type, std::string text)
      : status(code), content_type(std::move(type)), body(std::move(text)) {}

  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  HttpFields headers;

  Answer& with(std::string name, std::string value) & {
    headers.emplace_back(std::move(name), std::move(value));
    return *this;
  }
  Answer&& with(std::string name, std::string value) && { return std::move(with(std::move(name), std::move(value))); }
};

/// JSON text with `Cache-Control: no-store` and `Pragma: no-cache` (RFC 6749, section 5.1).
Answer json_answer(int status, std::string json_text);
/// `{"error":…,"error_description":…}` likewise (RFC 6749, section 5.2). 400, or 401 for invalid_client. The
/// description is ours, never a peer's words.
Answer oauth_error(int status, std::string_view error, std::string_view description);

/// Why a request to a JSON endpoint is refused: what is sent, and what is only logged.
class OAuthError {
 public:
  OAuthError() = default;
  OAuthError(std::string code, std::string sentence, std::string for_the_log = {})
      : error(std::move(code)), description(std::move(sentence)), reason(std::move(for_the_log)) {}

  /// As registered: `invalid_grant`, `invalid_client`, …
  std::string error = "server_error";
  std::string description;
  /// The cause in a word from a closed set, for the audit log.
  std::string reason;
  int status = 400;
  /// `WWW-Authenticate` for a client that tried Basic or DPoP; empty otherwise.
  std::string challenge;
  /// A fresh nonce for `DPoP-Nonce` (RFC 9449, section 8); empty otherwise.
  std::string dpop_nonce;
  /// `Retry-After`; none when zero.
  std::chrono::seconds retry_after{0};
};
Answer to_answer(const OAuthError& error);

}  // namespace leanmcp::inline v0::as
