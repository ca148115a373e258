#include <leanmcp/auth/cognito_api.hpp>

#include <leanmcp/auth/claims.hpp>
#include <leanmcp/auth/provider_http.hpp>
#include <leanmcp/base/encoding.hpp>
#include <leanmcp/crypto/digest.hpp>
#include <leanmcp/json/write.hpp>

#include <boost/json.hpp>

namespace leanmcp::inline v0 {

namespace {

ClientRequest operation(const std::string& api, const char* name, const json::object& body) {
  ClientRequest request = detail::json_request(api, json_text(body), "application/x-amz-json-1.1");
  request.headers.emplace_back("X-Amz-Target", std::string("AWSCognitoIdentityProviderService.") + name);
  return request;
}

/// The error's name: `__type` after a "#", or the header before a ":".
std::string error_name(const HttpClient::Outcome& got) {
  if (!got) return {};
  const auto body = detail::object_of(got);
  std::string name = body ? claim_text(*body, "__type") : std::string();
  if (const auto hash = name.rfind('#'); hash != std::string::npos) name.erase(0, hash + 1);
  if (name.empty()) {
    const std::string_view header = got->header("x-amzn-errortype");
    name = header.substr(0, header.find(':'));
  }
  return name;
}

AuthFault fault_of(const std::string& what, const HttpClient::Outcome& got) {
  const std::string name = error_name(got);
  if (name == "NotAuthorizedException" || name == "UserNotFoundException" || name == "RefreshTokenReuseException")
    return AuthFault(AuthCode::invalid_token, what + ": " + name);
  AuthFault fault = detail::unavailable_to_us(what + (name.empty() ? "" : ": " + name), got);
  // Quotas are the account's, and Cognito says 400 to them.
  if (name == "TooManyRequestsException" || name == "LimitExceededException") {
    fault.for_all = true;
    fault.retry_after = std::max(fault.retry_after, std::chrono::seconds(1));
  }
  return fault;
}

Result<std::shared_ptr<const AuthUser>, AuthFault> read_user(const Principal& principal, const detail::ShapeUser& shape,
                                                             const HttpClient::Outcome& got) {
  const auto body = detail::object_of(got);
  if (!got || got->status != 200 || !body) return fault_of("Cognito's GetUser", got);
  json::object profile;
  if (std::string name = claim_text(*body, "Username"); !name.empty()) profile["cognito:username"] = name;
  const json::value* const attributes = body->if_contains("UserAttributes");
  if (attributes && attributes->is_array()) {
    for (const json::value& item : attributes->get_array()) {
      const json::object* const attribute = item.if_object();
      if (!attribute) continue;
      const std::string name = claim_text(*attribute, "Name");
      // Attributes are the profile's; none of them may pass for a claim of the token.
      if (name.empty() || name.starts_with("cognito:") || name == "iss" || name == "aud" || name == "scope") continue;
      profile[name] = claim_text(*attribute, "Value");
    }
  }
  if (claim_text(profile, "sub") != principal.subject())
    return AuthFault(AuthCode::verification_failed, "Cognito's GetUser answered with another user");
  return std::make_shared<const AuthUser>(shape(principal, detail::merged_claims(principal, profile)));
}

}  // namespace

void cognito_get_user(const Fetcher& fetcher, const std::string& api, const Principal& principal,
                      const std::string& token, detail::ShapeUser shape, JwtProvider::UserDone done) {
  json::object body;
  body["AccessToken"] = token;
  fetcher(operation(api, "GetUser", body),
          [principal, shape = std::move(shape), done = std::move(done)](const HttpClient::Outcome& got) {
            done(read_user(principal, shape, got));
          });
}

void cognito_refresh(const Fetcher& fetcher, const std::string& api, CognitoRefresh way, const RefreshRequest& request,
                     const std::string& client, const Secret& secret, JwtProvider::TokensDone done) {
  json::object body;
  body["ClientId"] = client;
  if (way == CognitoRefresh::initiate_auth) {
    json::object parameters;
    parameters["REFRESH_TOKEN"] = request.token().reveal();
    if (!secret.empty()) {
      if (request.username().empty())
        return done(AuthFault(AuthCode::verification_failed,
                              "secret hash: use the pool username (RefreshRequest::username), not the e-mail alias"));
      parameters["SECRET_HASH"] = base64_encode(hmac_sha256(secret.reveal(), request.username() + client));
    }
    body["AuthFlow"] = "REFRESH_TOKEN_AUTH";
    body["AuthParameters"] = std::move(parameters);
  } else {
    body["RefreshToken"] = request.token().reveal();
    if (!secret.empty()) body["ClientSecret"] = secret.reveal();
  }
  const char* const name = way == CognitoRefresh::initiate_auth ? "InitiateAuth" : "GetTokensFromRefreshToken";
  fetcher(operation(api, name, body), [done = std::move(done)](const HttpClient::Outcome& got) {
    const auto answer = detail::object_of(got);
    const json::object* const result = answer ? claim_object(*answer, "AuthenticationResult") : nullptr;
    if (!got || got->status != 200 || !result) return done(fault_of("Cognito's refresh", got));
    TokenSet tokens;
    tokens.access_token = Secret(claim_text(*result, "AccessToken"));
    tokens.id_token = Secret(claim_text(*result, "IdToken"));
    tokens.refresh_token = Secret(claim_text(*result, "RefreshToken"));
    tokens.token_type = claim_text(*result, "TokenType");
    tokens.expires_in = std::chrono::seconds(claim_number(*result, "ExpiresIn").value_or(0));
    if (tokens.access_token.empty() && tokens.id_token.empty())
      return done(detail::unavailable("Cognito's refresh gave no token", got));
    done(std::move(tokens));
  });
}

}  // namespace leanmcp::inline v0
