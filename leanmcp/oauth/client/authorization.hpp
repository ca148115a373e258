#pragma once

#include <leanmcp/base/result.hpp>
#include <leanmcp/base/secret.hpp>
#include <leanmcp/oauth/client/form.hpp>
#include <leanmcp/oauth/client/metadata.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace leanmcp::inline v0 {

/// What is asked of the person at the authorization server.
class AuthorizationWish {
 public:
  std::string client_id;
  std::string redirect_uri;
  /// RFC 8707: what the token is to be for.
  std::string resource;
  /// Space-separated; empty to leave it out.
  std::string scope;
  /// Further parameters such as `prompt`, already decided by the caller.
  std::vector<std::pair<std::string, std::string>> more;
};

/// An authorization that a browser was sent off with: what its answer is checked against. Not to be sent anywhere.
class PendingAuthorization {
 public:
  std::string issuer;
  bool issuer_is_named = false;
  std::string token_endpoint;
  std::string client_id;
  std::string redirect_uri;
  std::string resource;
  std::string scope;
  Secret state;
  /// PKCE (RFC 7636, section 4.1).
  Secret verifier;
};

class StartedAuthorization {
 public:
  /// Where the browser goes.
  std::string url;
  PendingAuthorization pending;
};

/// The authorization request with PKCE, S256 only, and a state of 256 bits (RFC 6749, section 4.1.1; RFC 7636,
/// section 4.3; RFC 8707, section 2). The endpoint's own query is kept. An error where the server does not list S256:
/// without PKCE a code that leaks is worth a token (MCP 2025-11-25, Authorization Code Protection).
Result<StartedAuthorization> start_authorization(const AuthorizationServer& server, const AuthorizationWish& wish);

/// The endpoint with the parameters; its own query is kept, a fragment is not (RFC 6749, section 3.1).
std::string authorization_url(std::string_view endpoint, const FormParameters& parameters);

/// What a browser came back with, of which nothing is to be believed yet.
class AuthorizationAnswer {
 public:
  std::string state;
  std::string code;
  std::string error;
  std::optional<std::string> issuer;
};
/// nullopt for what is no query, and for one in which state, code, error or iss is there twice (RFC 6749, section 3.1).
std::optional<AuthorizationAnswer> parse_answer(std::string_view query);

/// RFC 9207, section 2.4: what is there must be the issuer, byte for byte; what was announced must be there. With an
/// empty `expected` there is nothing to compare.
bool issuer_fits(const std::optional<std::string>& issuer, std::string_view expected, bool announced);

/// How the browser's answer was taken.
enum class CallbackFault {
  malformed,      ///< a parameter twice, or no query at all
  wrong_state,    ///< not the answer to this request: ignore it and go on waiting
  wrong_issuer,   ///< RFC 9207, section 2.4: missing though announced, or another one
  denied,         ///< the person, or the server's rules, said no
  server_failed,  ///< any other `error`
  no_code,
};
std::string_view to_string(CallbackFault fault) noexcept;

/// Whether the query is an answer to this request at all: its `state`, there once, compared in constant time.
bool is_answer_to(const PendingAuthorization& pending, std::string_view query);

/// The code, when everything is as it must be. The state is checked before the issuer, and the issuer before the code
/// or the error is believed. Nothing of the query goes into the fault.
Result<Secret, CallbackFault> read_callback(const PendingAuthorization& pending, std::string_view query);

/// base64url of the SHA-256 (RFC 7636, section 4.2).
std::string s256_challenge(const Secret& verifier);

}  // namespace leanmcp::inline v0
