#include <leanmcp/oauth/client/authorization.hpp>

#include <leanmcp/base/encoding.hpp>
#include <leanmcp/base/random.hpp>
#include <leanmcp/crypto/digest.hpp>
#include <leanmcp/oauth/client/form.hpp>

#include <optional>

namespace leanmcp::inline v0 {

namespace {

/// nullptr when the parameter is not there; `twice` is set when it is there more than once.
const std::string* once(const FormParameters& parameters, std::string_view name, bool& twice) {
  const std::string* found = nullptr;
  for (const auto& [key, value] : parameters) {
    if (key != name) continue;
    if (found) twice = true;
    found = &value;
  }
  return found;
}

}  // namespace

std::string_view to_string(CallbackFault fault) noexcept {
  switch (fault) {
    case CallbackFault::malformed:
      return "the answer is malformed";
    case CallbackFault::wrong_state:
      return "the answer does not belong to this request";
    case CallbackFault::wrong_issuer:
      return "the answer is not from the authorization server that was asked";
    case CallbackFault::denied:
      return "the authorization was denied";
    case CallbackFault::server_failed:
      return "the authorization server reports an error";
    case CallbackFault::no_code:
      return "the answer holds no code";
  }
  return "unknown";
}

std::string s256_challenge(const Secret& verifier) { return base64url_encode(sha256(verifier.reveal())); }

Result<StartedAuthorization> start_authorization(const AuthorizationServer& server, const AuthorizationWish& wish) {
  if (server.authorization_endpoint.empty()) return Error("The authorization server has no authorization endpoint.");
  if (!server.supports_s256())
    return Error(
        "The authorization server does not say that it supports PKCE with S256, so signing in there is not safe.");
  StartedAuthorization out;
  PendingAuthorization& pending = out.pending;
  pending.issuer = server.issuer;
  pending.issuer_is_named = server.names_issuer;
  pending.token_endpoint = server.token_endpoint;
  pending.client_id = wish.client_id;
  pending.redirect_uri = wish.redirect_uri;
  pending.resource = wish.resource;
  pending.scope = wish.scope;
  pending.state = Secret(random_id(32));
  pending.verifier = Secret(random_id(32));
  FormParameters parameters{{"response_type", "code"},
                            {"client_id", wish.client_id},
                            {"redirect_uri", wish.redirect_uri},
                            {"state", std::string(pending.state.reveal())},
                            {"code_challenge", s256_challenge(pending.verifier)},
                            {"code_challenge_method", "S256"}};
  if (!wish.resource.empty()) parameters.emplace_back("resource", wish.resource);
  if (!wish.scope.empty()) parameters.emplace_back("scope", wish.scope);
  parameters.insert(parameters.end(), wish.more.begin(), wish.more.end());
  out.url = server.authorization_endpoint;
  out.url += out.url.find('?') == std::string::npos ? '?' : '&';
  out.url += encode_form(parameters);
  return out;
}

bool is_answer_to(const PendingAuthorization& pending, std::string_view query) {
  const auto parameters = decode_form(query);
  if (!parameters) return false;
  bool twice = false;
  const std::string* const state = once(*parameters, "state", twice);
  return state && !twice && constant_time_equal(*state, pending.state.reveal());
}

Result<Secret, CallbackFault> read_callback(const PendingAuthorization& pending, std::string_view query) {
  const auto parameters = decode_form(query);
  if (!parameters) return CallbackFault::malformed;
  bool twice = false;
  const std::string* const state = once(*parameters, "state", twice);
  const std::string* const issuer = once(*parameters, "iss", twice);
  const std::string* const error = once(*parameters, "error", twice);
  const std::string* const code = once(*parameters, "code", twice);
  if (twice) return CallbackFault::malformed;
  if (!state || !constant_time_equal(*state, pending.state.reveal())) return CallbackFault::wrong_state;
  if (issuer ? *issuer != pending.issuer : pending.issuer_is_named) return CallbackFault::wrong_issuer;
  if (error) return *error == "access_denied" ? CallbackFault::denied : CallbackFault::server_failed;
  if (!code || code->empty()) return CallbackFault::no_code;
  return Secret(*code);
}

}  // namespace leanmcp::inline v0
