#pragma once

#include <leanmcp/base/result.hpp>

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace leanmcp::inline v0 {

/// Why a client has no result.
enum class ClientCause {
  /// The caller's own request cannot be sent: a malformed URL, arguments that are no JSON object, a bad header.
  invalid_request,
  /// No connection: the name does not resolve, nobody listens, the program cannot be started.
  unreachable,
  /// The TLS handshake failed or the certificate did not verify.
  tls,
  timeout,
  cancelled,
  /// The client was closed, or the server ended the connection or its process.
  closed,
  /// The connection broke in the middle, or what came is not HTTP. The server may have done the work.
  broken,
  /// A line, body, event, list or number of messages is over the client's limits.
  too_large,
  /// What came is not JSON, not JSON-RPC, or not of the type that the transport allows.
  malformed,
  /// An HTTP status without a JSON-RPC answer.
  http_status,
  /// The server sends the client elsewhere: to another host, or round in circles. Never followed with a token.
  redirected,
  /// 401, or the authorizer has no credentials to give.
  unauthenticated,
  /// 403.
  forbidden,
  /// No protocol revision that both sides speak.
  unsupported_version,
  /// The server answered with a JSON-RPC error: see `code()` and `data()`.
  rpc,
  /// A result that is not of the shape its method has.
  unexpected_result,
  /// A result that does not fit the output schema which the tool advertises, or a schema that cannot be used.
  invalid_output,
  /// The tool answered with `isError`; the message is its text. Of typed calls only.
  tool_error,
  /// The server asks for something that no handler is there to answer, or that a handler failed at.
  unanswered,
  /// More rounds of questions than `ClientOptions::max_rounds`.
  too_many_rounds,
};

/// The enumerator's name.
std::string_view to_string(ClientCause cause) noexcept;

/// What went wrong with a request. A value; holds no token. Texts of the server are bounded in length and come as
/// they are: escape them before showing them on a terminal or page.
class ClientError {
 public:
  ClientError() = default;
  ClientError(ClientCause cause, std::string message) : cause_(cause), message_(std::move(message)) {}

  ClientCause cause() const noexcept { return cause_; }
  /// One sentence: ours, or the server's own for `rpc` and `tool_error`.
  const std::string& message() const noexcept { return message_; }
  /// The JSON-RPC error code; 0 when there is none.
  int code() const noexcept { return code_; }
  /// The HTTP status; 0 when there is none.
  int http_status() const noexcept { return http_status_; }
  /// `data` of the JSON-RPC error, or the structured detail of a tool's error, as JSON text; empty when there is none.
  const std::string& data() const noexcept { return data_; }
  /// `data.code`: the word for people and programs, such as `MISSING_TOKEN`; empty when there is none.
  const std::string& word() const noexcept { return word_; }

  ClientError& with_code(int code) & {
    code_ = code;
    return *this;
  }
  ClientError& with_status(int status) & {
    http_status_ = status;
    return *this;
  }
  /// JSON text; the word is read from it.
  ClientError& with_data(std::string json_text) &;
  ClientError&& with_code(int code) && { return std::move(with_code(code)); }
  ClientError&& with_status(int status) && { return std::move(with_status(status)); }
  ClientError&& with_data(std::string json_text) && { return std::move(with_data(std::move(json_text))); }

  /// The failure is about who asks: sign in (again) and retry.
  bool about_authentication() const noexcept;

 private:
  ClientCause cause_ = ClientCause::closed;
  std::string message_;
  int code_ = 0;
  int http_status_ = 0;
  std::string data_;
  std::string word_;
};

template <class T>
using ClientResult = Result<T, ClientError>;

/// For programs that prefer exceptions: what `or_throw` throws.
class ClientException : public std::runtime_error {
 public:
  explicit ClientException(ClientError error) : std::runtime_error(error.message()), error_(std::move(error)) {}
  const ClientError& error() const noexcept { return error_; }

 private:
  ClientError error_;
};

/// The server wants (other) credentials. `code()` is MISSING_TOKEN, INVALID_TOKEN, VERIFICATION_FAILED or
/// INSUFFICIENT_SCOPE: the server's own word where it gave one, else what the status says.
class AuthenticationError : public ClientException {
 public:
  explicit AuthenticationError(ClientError error);
  const std::string& code() const noexcept { return code_; }

 private:
  std::string code_;
};

/// Throws the error as AuthenticationError or ClientException.
[[noreturn]] void throw_client_error(ClientError error);

namespace detail {
/// The server's answer is none that its method may have.
inline ClientError odd(std::string what) { return ClientError(ClientCause::unexpected_result, std::move(what)); }
}  // namespace detail

/// The value, or the error thrown.
template <class T>
T or_throw(ClientResult<T> result) {
  if (!result) throw_client_error(std::move(result).error());
  if constexpr (!std::is_void_v<T>) return std::move(result).value();
}

}  // namespace leanmcp::inline v0
