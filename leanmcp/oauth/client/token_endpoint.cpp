#include <leanmcp/oauth/client/token_endpoint.hpp>

#include <leanmcp/base/encoding.hpp>
#include <leanmcp/base/random.hpp>
#include <leanmcp/client/types.hpp>
#include <leanmcp/json/parse.hpp>
#include <leanmcp/json/write.hpp>

#include <boost/json.hpp>

#include <algorithm>
#include <charconv>

namespace leanmcp::inline v0 {

namespace {

constexpr std::size_t most_token_answer_bytes = 256 * 1024;
constexpr std::chrono::seconds token_patience{10};
constexpr long long longest_lifetime = 10LL * 365 * 86'400;
constexpr std::chrono::seconds early{60};
constexpr std::chrono::seconds first_wait{5};
constexpr std::chrono::seconds longest_back_off{300};
constexpr std::string_view assertion_type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

bool same_letters(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return (x | 0x20) == (y | 0x20); });
}

TokenCause cause_of(std::string_view error) {
  for (const auto& [name, cause] :
       {std::pair<std::string_view, TokenCause>("invalid_grant", TokenCause::invalid_grant),
        std::pair<std::string_view, TokenCause>("invalid_client", TokenCause::invalid_client),
        std::pair<std::string_view, TokenCause>("use_dpop_nonce", TokenCause::use_dpop_nonce),
        std::pair<std::string_view, TokenCause>("invalid_scope", TokenCause::invalid_scope),
        std::pair<std::string_view, TokenCause>("invalid_target", TokenCause::invalid_target)})
    if (error == name) return cause;
  return TokenCause::refused;
}

/// Seconds as a number, or as digits in a text as some servers write it.
std::optional<long long> seconds_of(const json::object& in, std::string_view name) {
  const json::value* value = in.if_contains(name);
  if (!value) return std::nullopt;
  json::value read;
  if (value->is_string()) {
    const auto parsed = parse_json(value->get_string(), ParseLimits());
    if (!parsed) return std::nullopt;
    read = *parsed;
    value = &read;
  }
  if (value->is_int64()) return std::clamp<long long>(value->get_int64(), 0, longest_lifetime);
  if (value->is_double() && value->get_double() >= 0)
    return static_cast<long long>(std::min(value->get_double(), static_cast<double>(longest_lifetime)));
  return std::nullopt;
}

}  // namespace

std::string_view to_string(ClientAuthentication method) noexcept {
  switch (method) {
    case ClientAuthentication::none:
      return "none";
    case ClientAuthentication::basic:
      return "client_secret_basic";
    case ClientAuthentication::post:
      return "client_secret_post";
    case ClientAuthentication::private_key_jwt:
      return "private_key_jwt";
  }
  return "none";
}

std::optional<ClientAuthentication> parse_client_authentication(std::string_view name) noexcept {
  for (const auto method : {ClientAuthentication::none, ClientAuthentication::basic, ClientAuthentication::post,
                            ClientAuthentication::private_key_jwt})
    if (to_string(method) == name) return method;
  return std::nullopt;
}

std::string_view to_string(TokenCause cause) noexcept {
  switch (cause) {
    case TokenCause::unreachable:
      return "the token endpoint cannot be reached";
    case TokenCause::invalid_grant:
      return "the token endpoint says invalid_grant";
    case TokenCause::invalid_client:
      return "the token endpoint says invalid_client";
    case TokenCause::use_dpop_nonce:
      return "the token endpoint asks for a nonce";
    case TokenCause::invalid_scope:
      return "the token endpoint says invalid_scope";
    case TokenCause::invalid_target:
      return "the token endpoint says invalid_target";
    case TokenCause::refused:
      return "the token endpoint refuses";
    case TokenCause::malformed:
      return "the token endpoint's answer holds no usable token";
    case TokenCause::no_authentication:
      return "the token endpoint takes no way of authentication that this client has";
  }
  return "unknown";
}

Result<ClientAuthentication> choose_authentication(const OAuthClientIdentity& identity,
                                                   const AuthorizationServer& server) {
  const auto& listed = server.token_auth_methods;
  const auto takes = [&listed](ClientAuthentication method) {
    return listed && std::find(listed->begin(), listed->end(), to_string(method)) != listed->end();
  };
  const auto& algorithms = server.token_auth_algorithms;
  if (identity.key && !algorithms.empty() &&
      std::find(algorithms.begin(), algorithms.end(), to_string(identity.key->algorithm())) == algorithms.end())
    return Error("The authorization server does not take signatures of the client's key.");
  if (identity.method && (!listed || takes(*identity.method))) return *identity.method;
  if (identity.key && (!listed || takes(ClientAuthentication::private_key_jwt)))
    return ClientAuthentication::private_key_jwt;
  if (!identity.secret.empty()) {
    if (!listed || takes(ClientAuthentication::basic)) return ClientAuthentication::basic;
    if (takes(ClientAuthentication::post)) return ClientAuthentication::post;
    // Some servers hand out a secret with every registration and then want none.
    if (takes(ClientAuthentication::none)) return ClientAuthentication::none;
    return Error("The authorization server takes none of the ways in which this client can show its secret.");
  }
  if (identity.key) return Error("The authorization server does not take private_key_jwt.");
  return ClientAuthentication::none;
}

std::string client_assertion(const OAuthClientIdentity& identity, const std::string& audience, TimePoint now) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  const json::object claims{{"iss", identity.client_id},
                            {"sub", identity.client_id},
                            {"aud", audience},
                            {"jti", random_id()},
                            {"iat", seconds},
                            {"exp", seconds + 300}};
  return identity.key->sign(json_text(claims), "client-authentication+jwt");
}

ClientRequest token_request(const AuthorizationServer& server, const OAuthClientIdentity& identity,
                            ClientAuthentication method, FormParameters grant, TimePoint now) {
  ClientRequest request("POST", server.token_endpoint);
  switch (method) {
    case ClientAuthentication::basic:
      request.headers.emplace_back("Authorization",
                                   "Basic " + base64_encode(encode_form_text(identity.client_id) + ":" +
                                                            encode_form_text(identity.secret.reveal())));
      break;
    case ClientAuthentication::post:
      grant.emplace_back("client_id", identity.client_id);
      grant.emplace_back("client_secret", std::string(identity.secret.reveal()));
      break;
    case ClientAuthentication::private_key_jwt:
      grant.emplace_back("client_id", identity.client_id);
      grant.emplace_back("client_assertion_type", std::string(assertion_type));
      grant.emplace_back("client_assertion", client_assertion(identity, server.issuer, now));
      break;
    case ClientAuthentication::none:
      if (!identity.client_id.empty()) grant.emplace_back("client_id", identity.client_id);
      break;
  }
  request.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
  request.headers.emplace_back("Accept", "application/json");
  request.body = encode_form(grant);
  request.total_timeout = token_patience;
  request.max_body_bytes = most_token_answer_bytes;
  return request;
}

bool OAuthTokens::is_dpop() const noexcept { return same_letters(token_type, "DPoP"); }

Result<TokenAnswer, TokenCause> read_token_answer(const HttpClient::Outcome& outcome) {
  if (!outcome || outcome->status >= 500 || outcome->status == 429) return TokenCause::unreachable;
  ParseLimits limits;
  limits.bytes = most_token_answer_bytes;
  limits.depth = 16;
  const auto parsed = parse_json(outcome->body, limits);
  const json::object* const body = parsed ? parsed->if_object() : nullptr;
  if (!body) return outcome->status == 200 ? TokenCause::malformed : TokenCause::refused;
  if (outcome->status != 200 || body->contains("error")) return cause_of(detail::text_or_empty(*body, "error"));
  TokenAnswer out;
  out.access_token = Secret(detail::text_or_empty(*body, "access_token"));
  if (out.access_token.empty()) return TokenCause::malformed;
  out.token_type = detail::text_or_empty(*body, "token_type");
  out.refresh_token = Secret(detail::text_or_empty(*body, "refresh_token"));
  out.id_token = detail::text_or_empty(*body, "id_token");
  out.scope = detail::text_or_empty(*body, "scope");
  if (const auto seconds = seconds_of(*body, "expires_in")) out.expires_in = std::chrono::seconds(*seconds);
  return out;
}

Result<OAuthTokens, TokenCause> read_token_response(const HttpClient::Outcome& outcome,
                                                    std::string_view requested_scope, bool with_proof, TimePoint now) {
  auto answer = read_token_answer(outcome);
  if (!answer) return answer.error();
  const std::string_view token = answer->access_token.reveal();
  if (!std::all_of(token.begin(), token.end(), [](char c) { return c > 0x20 && c < 0x7f; }))
    return TokenCause::malformed;
  OAuthTokens tokens;
  tokens.access_token = std::move(answer->access_token);
  tokens.token_type = std::move(answer->token_type);
  // A token that was asked for with a proof must be bound by it, and one without cannot be.
  if (with_proof ? !tokens.is_dpop() : !same_letters(tokens.token_type, "Bearer")) return TokenCause::malformed;
  tokens.refresh_token = std::move(answer->refresh_token);
  tokens.id_token = std::move(answer->id_token);
  tokens.scope = answer->scope.empty() ? std::string(requested_scope) : std::move(answer->scope);
  if (answer->expires_in) {
    tokens.expires = now + *answer->expires_in;
    tokens.renew_after = *tokens.expires - std::min(early, *answer->expires_in / 4);
  }
  return tokens;
}

std::optional<Secret> read_id_jag(const HttpClient::Outcome& outcome) {
  if (!outcome || outcome->status != 200) return std::nullopt;
  ParseLimits limits;
  limits.bytes = most_token_answer_bytes;
  limits.depth = 16;
  const auto parsed = parse_json(outcome->body, limits);
  const json::object* const body = parsed ? parsed->if_object() : nullptr;
  if (!body || body->contains("error") || detail::text_or_empty(*body, "issued_token_type") != id_jag_type ||
      !same_letters(detail::text_or_empty(*body, "token_type"), "N_A"))
    return std::nullopt;
  Secret token(detail::text_or_empty(*body, "access_token"));
  if (token.empty()) return std::nullopt;
  return token;
}

std::chrono::seconds back_off(unsigned failures, const HttpClient::Outcome& outcome) {
  std::chrono::seconds wait = first_wait * (1U << std::min(failures == 0 ? 0U : failures - 1, 6U));
  if (outcome) {
    const std::string_view asked = outcome->header("retry-after");
    int seconds = 0;
    const auto read = std::from_chars(asked.data(), asked.data() + asked.size(), seconds);
    if (read.ec == std::errc() && read.ptr == asked.data() + asked.size())
      wait = std::max(wait, std::chrono::seconds(seconds));
  }
  return std::min(wait, longest_back_off);
}

std::optional<JwsAlgorithm> choose_dpop_algorithm(const std::vector<std::string>& listed) {
  std::optional<JwsAlgorithm> out;
  for (const std::string& name : listed) {
    const auto algorithm = jws_algorithm(name);
    if (!algorithm || is_symmetric(*algorithm)) continue;
    if (*algorithm == JwsAlgorithm::es256) return algorithm;
    if (!out) out = algorithm;
  }
  return out;
}

}  // namespace leanmcp::inline v0
