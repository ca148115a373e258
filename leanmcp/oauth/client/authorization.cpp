#include <leanmcp/oauth/client/authorization.hpp>

#include <leanmcp/base/encoding.hpp>
#include <leanmcp/base/random.hpp>
#include <leanmcp/crypto/digest.hpp>

namespace leanmcp::inline v0 {

namespace {

bool is_state_of(const PendingAuthorization& pending, std::string_view state) {
  return !pending.state.empty() && constant_time_equal(state, pending.state.reveal());
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
  out.url = authorization_url(server.authorization_endpoint, parameters);
  return out;
}

std::string authorization_url(std::string_view endpoint, const FormParameters& parameters) {
  std::string url(endpoint.substr(0, endpoint.find('#')));
  url += url.find('?') == std::string::npos ? '?' : '&';
  return url + encode_form(parameters);
}

std::optional<AuthorizationAnswer> parse_answer(std::string_view query) {
  const auto parameters = decode_form(query);
  if (!parameters) return std::nullopt;
  std::optional<std::string> state;
  std::optional<std::string> code;
  std::optional<std::string> error;
  AuthorizationAnswer out;
  for (const auto& [name, member] : {std::pair<std::string_view, std::optional<std::string>*>("state", &state),
                                     std::pair<std::string_view, std::optional<std::string>*>("code", &code),
                                     std::pair<std::string_view, std::optional<std::string>*>("error", &error),
                                     std::pair<std::string_view, std::optional<std::string>*>("iss", &out.issuer)}) {
    for (const auto& [key, value] : *parameters) {
      if (key != name) continue;
      if (*member) return std::nullopt;
      *member = value;
    }
  }
  out.state = state.value_or(std::string());
  out.code = code.value_or(std::string());
  // An empty error is one all the same.
  if (error) out.error = error->empty() ? "unknown" : *error;
  return out;
}

bool issuer_fits(const std::optional<std::string>& issuer, std::string_view expected, bool announced) {
  if (!issuer) return !announced;
  return expected.empty() || *issuer == expected;
}

bool is_answer_to(const PendingAuthorization& pending, std::string_view query) {
  const auto parameters = decode_form(query);
  if (!parameters) return false;
  const std::string* state = nullptr;
  for (const auto& [name, value] : *parameters) {
    if (name != "state") continue;
    if (state) return false;
    state = &value;
  }
  return state && is_state_of(pending, *state);
}

Result<Secret, CallbackFault> read_callback(const PendingAuthorization& pending, std::string_view query) {
  const auto answer = parse_answer(query);
  if (!answer) return CallbackFault::malformed;
  if (!is_state_of(pending, answer->state)) return CallbackFault::wrong_state;
  if (!issuer_fits(answer->issuer, pending.issuer, pending.issuer_is_named)) return CallbackFault::wrong_issuer;
  if (!answer->error.empty())
    return answer->error == "access_denied" ? CallbackFault::denied : CallbackFault::server_failed;
  if (answer->code.empty()) return CallbackFault::no_code;
  return Secret(answer->code);
}

}  // namespace leanmcp::inline v0
