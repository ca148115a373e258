#include <leanmcp/client/error.hpp>

#include <leanmcp/json/parse.hpp>
#include <leanmcp/protocol/codes.hpp>

#include <boost/json.hpp>

namespace leanmcp::inline v0 {

std::string_view to_string(ClientCause cause) noexcept {
  switch (cause) {
    case ClientCause::invalid_request:
      return "invalid_request";
    case ClientCause::unreachable:
      return "unreachable";
    case ClientCause::tls:
      return "tls";
    case ClientCause::timeout:
      return "timeout";
    case ClientCause::cancelled:
      return "cancelled";
    case ClientCause::closed:
      return "closed";
    case ClientCause::broken:
      return "broken";
    case ClientCause::too_large:
      return "too_large";
    case ClientCause::malformed:
      return "malformed";
    case ClientCause::http_status:
      return "http_status";
    case ClientCause::redirected:
      return "redirected";
    case ClientCause::unauthenticated:
      return "unauthenticated";
    case ClientCause::forbidden:
      return "forbidden";
    case ClientCause::unsupported_version:
      return "unsupported_version";
    case ClientCause::rpc:
      return "rpc";
    case ClientCause::unexpected_result:
      return "unexpected_result";
    case ClientCause::invalid_output:
      return "invalid_output";
    case ClientCause::tool_error:
      return "tool_error";
    case ClientCause::unanswered:
      return "unanswered";
    case ClientCause::too_many_rounds:
      return "too_many_rounds";
  }
  return "unknown";
}

ClientError& ClientError::with_data(std::string json_text) & {
  data_ = std::move(json_text);
  word_.clear();
  const auto parsed = parse_json(data_, ParseLimits());
  if (parsed && parsed->is_object()) {
    const json::value* const word = parsed->get_object().if_contains("code");
    if (word && word->is_string() && word->get_string().size() <= 64) word_ = word->get_string();
  }
  return *this;
}

bool ClientError::about_authentication() const noexcept {
  if (cause_ == ClientCause::unauthenticated || cause_ == ClientCause::forbidden) return true;
  // The word is the same wherever it comes: beside an HTTP status, in a JSON-RPC error, in a tool's result.
  if (word_ == "MISSING_TOKEN" || word_ == "INVALID_TOKEN" || word_ == "VERIFICATION_FAILED" ||
      word_ == "INSUFFICIENT_SCOPE")
    return true;
  return cause_ == ClientCause::rpc && (code_ == code::unauthenticated || code_ == code::insufficient_scope);
}

AuthenticationError::AuthenticationError(ClientError error)
    : ClientException(error),
      code_(!error.word().empty()                      ? error.word()
            : error.cause() == ClientCause::forbidden  ? "INSUFFICIENT_SCOPE"
            : error.code() == code::insufficient_scope ? "INSUFFICIENT_SCOPE"
                                                       : "INVALID_TOKEN") {}

void throw_client_error(ClientError error) {
  if (error.about_authentication()) throw AuthenticationError(std::move(error));
  throw ClientException(std::move(error));
}

}  // namespace leanmcp::inline v0
