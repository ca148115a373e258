#include <leanmcp/auth/auth_denial.hpp>

#include <leanmcp/auth/challenge.hpp>
#include <leanmcp/auth/words.hpp>
#include <leanmcp/protocol/codes.hpp>
#include <leanmcp/protocol/message.hpp>

namespace leanmcp::inline v0 {

namespace {

std::string json_list(const std::vector<std::string>& words) {
  std::string out = "[";
  for (const auto& word : words) {
    if (out.size() > 1) out += ',';
    append_json_string(out, word);
  }
  return out + "]";
}

const char* action_of(AuthCode code) {
  switch (code) {
    case AuthCode::missing_token:
      return "authenticate";
    case AuthCode::invalid_token:
      return "refresh_or_reauthenticate";
    case AuthCode::verification_failed:
      return "retry";
    case AuthCode::insufficient_scope:
      return "request_scope";
  }
  return "";
}

const char* message_of(AuthCode code) {
  switch (code) {
    case AuthCode::missing_token:
      return "Sign in first: this needs an access token.";
    case AuthCode::invalid_token:
      return "The access token is not valid here: it may have expired.";
    case AuthCode::verification_failed:
      return "The access token cannot be checked right now; try again.";
    case AuthCode::insufficient_scope:
      return "The access token does not allow this.";
  }
  return "";
}

Denial blank(AuthCode code, bool soft) {
  Denial denial;
  denial.word = to_string(code);
  denial.message = message_of(code);
  denial.action = action_of(code);
  denial.as_tool_result = soft;
  denial.rpc_code = code == AuthCode::insufficient_scope ? code::insufficient_scope : code::unauthenticated;
  denial.http_status = code == AuthCode::insufficient_scope ? 403 : 401;
  return denial;
}

Challenge challenge_of(const char* scheme, const std::string& error, const AuthProvider& provider,
                       const std::vector<std::string>& scopes) {
  Challenge challenge(scheme);
  if (!error.empty()) challenge.add("error", error);
  if (!provider.metadata_url().empty()) challenge.add("resource_metadata", provider.metadata_url());
  if (!scopes.empty()) challenge.add("scope", detail::join(scopes));
  return challenge;
}

}  // namespace

Denial denial_of(const AuthDenial& what, const AuthProvider& provider, TimePoint now) {
  Denial denial = blank(what.code, what.soft);
  denial.reason = what.reason;
  if (what.code == AuthCode::verification_failed) {
    denial.rpc_code = code::unavailable;
    denial.http_status = 503;
    const auto wait = std::to_string(what.retry_after.count() > 0 ? what.retry_after.count() : 5);
    denial.headers.emplace_back("Retry-After", wait);
    denial.data = "\"retryAfter\":" + wait;
    return denial;
  }
  std::string error;
  if (what.code == AuthCode::invalid_token) error = "invalid_token";
  if (what.code == AuthCode::insufficient_scope) error = "insufficient_scope";
  const std::vector<std::string>& scopes = what.scopes.empty() ? provider.scopes() : what.scopes;
  if (!scopes.empty()) denial.data = "\"scopes\":" + json_list(scopes);
  const DpopGuard* const guard = provider.dpop();
  if (!guard || !guard->required()) {
    // The error belongs to the scheme that was used; the other challenge only says that it exists.
    const auto bearer = challenge_of("Bearer", what.sent_dpop ? "" : error, provider, scopes);
    denial.headers.emplace_back("WWW-Authenticate", bearer.text());
  }
  if (guard) {
    const bool named = what.sent_dpop || guard->required();
    auto dpop = challenge_of("DPoP", what.use_nonce ? "use_dpop_nonce" : (named ? error : ""), provider, scopes);
    dpop.add("algs", DpopGuard::algorithms());
    denial.headers.emplace_back("WWW-Authenticate", dpop.text());
    if (const std::string nonce = guard->nonce_now(now); !nonce.empty())
      denial.headers.emplace_back("DPoP-Nonce", nonce);
  }
  return denial;
}

Denial stronger_sign_in_denial(const AuthProvider& provider, const std::vector<std::string>& acr_values,
                               std::chrono::seconds max_age, bool soft) {
  Denial denial = blank(AuthCode::invalid_token, soft);
  denial.message = "Sign in again for this: it needs a stronger or more recent sign-in.";
  denial.action = "reauthenticate";
  denial.reason = "sign-in not strong or not recent enough";
  Challenge challenge("Bearer");
  challenge.add("error", "insufficient_user_authentication");
  if (!provider.metadata_url().empty()) challenge.add("resource_metadata", provider.metadata_url());
  if (!acr_values.empty()) {
    challenge.add("acr_values", detail::join(acr_values));
    denial.data = "\"acrValues\":" + json_list(acr_values);
  }
  if (max_age.count() > 0) {
    challenge.add("max_age", std::to_string(max_age.count()));
    denial.data += (denial.data.empty() ? "\"maxAge\":" : ",\"maxAge\":") + std::to_string(max_age.count());
  }
  denial.headers.emplace_back("WWW-Authenticate", challenge.text());
  return denial;
}

Denial forbidden(std::string message, std::string reason, bool soft) {
  Denial denial;
  denial.rpc_code = code::insufficient_scope;
  denial.http_status = 403;
  denial.word = "FORBIDDEN";
  denial.message = std::move(message);
  denial.action = "ask_for_access";
  denial.reason = std::move(reason);
  denial.as_tool_result = soft;
  return denial;
}

}  // namespace leanmcp::inline v0
