#include <leanmcp/oauth/client/registration.hpp>

#include <leanmcp/json/parse.hpp>
#include <leanmcp/json/write.hpp>

#include <boost/json.hpp>

#include <algorithm>

namespace leanmcp::inline v0 {

namespace {

constexpr std::size_t most_registration_bytes = 64 * 1024;

std::string_view wanted_method(const AuthorizationServer& server) {
  if (!server.token_auth_methods) return to_string(ClientAuthentication::none);
  for (const auto method : {ClientAuthentication::none, ClientAuthentication::basic, ClientAuthentication::post}) {
    const auto& listed = *server.token_auth_methods;
    if (std::find(listed.begin(), listed.end(), to_string(method)) != listed.end()) return to_string(method);
  }
  return to_string(ClientAuthentication::none);
}

/// The server's error code if it is one of RFC 7591, section 3.2.2: its other words are not for showing.
std::string known_reason(const std::string& error, int status) {
  for (const std::string_view known : {"invalid_redirect_uri", "invalid_client_metadata", "invalid_software_statement",
                                       "unapproved_software_statement"})
    if (error == known) return error;
  return "status " + std::to_string(status);
}

}  // namespace

ClientRequest registration_request(const AuthorizationServer& server, const ClientDescription& description) {
  json::object body{{"client_name", description.name},
                    {"redirect_uris", json::array{json::string(description.redirect_uri)}},
                    {"grant_types", json::array{"authorization_code", "refresh_token"}},
                    {"response_types", json::array{"code"}},
                    {"token_endpoint_auth_method", wanted_method(server)},
                    {"application_type", description.application_type}};
  if (!description.scope.empty()) body["scope"] = description.scope;
  ClientRequest request("POST", server.registration_endpoint);
  request.headers.emplace_back("Content-Type", "application/json");
  request.headers.emplace_back("Accept", "application/json");
  request.body = json_text(body);
  request.total_timeout = std::chrono::seconds(10);
  request.max_body_bytes = most_registration_bytes;
  return request;
}

Result<OAuthClientIdentity> read_registration(const HttpClient::Outcome& outcome) {
  if (!outcome) return Error("The registration endpoint cannot be reached.");
  ParseLimits limits;
  limits.bytes = most_registration_bytes;
  limits.depth = 16;
  const auto parsed = parse_json(outcome->body, limits);
  const json::object* const body = parsed ? parsed->if_object() : nullptr;
  const auto text = [body](std::string_view name) {
    const json::value* const value = body ? body->if_contains(name) : nullptr;
    return value && value->is_string() ? std::string(value->get_string()) : std::string();
  };
  if ((outcome->status != 201 && outcome->status != 200) || !body || body->contains("error"))
    return Error("The authorization server does not register this client (" +
                 known_reason(text("error"), outcome->status) + ").");
  OAuthClientIdentity identity(text("client_id"), Secret(text("client_secret")));
  if (identity.client_id.empty()) return Error("The registration gave no client id.");
  const std::string named = text("token_endpoint_auth_method");
  if (!named.empty()) {
    identity.method = parse_client_authentication(named);
    if (!identity.method || *identity.method == ClientAuthentication::private_key_jwt)
      return Error("The registration agreed on a way of authentication that this client cannot do.");
    if (*identity.method != ClientAuthentication::none && identity.secret.empty())
      return Error("The registration agreed on a secret and gave none.");
  }
  const json::value* const ends = body->if_contains("client_secret_expires_at");
  if (ends && ends->is_int64() && ends->get_int64() > 0)
    identity.secret_expires = TimePoint(std::chrono::seconds(std::min<std::int64_t>(ends->get_int64(), 253402300799)));
  return identity;
}

}  // namespace leanmcp::inline v0
