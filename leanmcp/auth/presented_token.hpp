#pragma once

#include <leanmcp/json/fwd.hpp>
#include <leanmcp/server/request.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace leanmcp::inline v0 {

/// A longer token is refused unread.
constexpr std::size_t most_token_bytes = 16 * 1024;

/// What an `Authorization` header came to.
enum class AuthorizationForm {
  none,      ///< no header, or of a scheme that is not ours: as if nothing was sent
  bearer,    ///< RFC 6750, section 2.1
  dpop,      ///< RFC 9449, section 7.1
  malformed  ///< ours, but not `scheme 1*SP b64token`
};
struct Authorization {
  AuthorizationForm form = AuthorizationForm::none;
  std::string_view token;  ///< a view into the header
};

/// Reads the header's value. Spaces between scheme and token, one token of `b64token`, at most 16 KiB.
Authorization parse_authorization(std::string_view value) noexcept;

/// The tokens that one request brought, in all the places where they may be. Nothing is verified.
struct PresentedTokens {
  Authorization header;
  std::string_view meta;     ///< `_meta.authorization {type: "bearer", token}`
  std::string_view ambient;  ///< given to the process itself
  bool malformed = false;
  /// Refusals are told as tool results: on stdio, and where the token came in `_meta` alone.
  bool soft = false;
};
/// Views into `info` and `meta`. The query is never looked at (RFC 6750, section 2.3).
PresentedTokens presented_tokens(const RequestInfo& info, const json::object* meta);

}  // namespace leanmcp::inline v0
