#include <leanmcp/oauth/server/authorization_request.hpp>

#include <leanmcp/oauth/server/pages.hpp>
#include <leanmcp/oauth/server/redirect_uri.hpp>
#include <leanmcp/oauth/server/sign_in_wish.hpp>

#include <algorithm>

namespace leanmcp::inline v0::as {

namespace {

constexpr std::size_t longest_state = 2048;
constexpr std::size_t longest_nonce = 512;

bool is_unreserved(std::string_view text) {
  return text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~") ==
         std::string_view::npos;
}

OAuthError invalid(std::string sentence, std::string cause) {
  return OAuthError("invalid_request", std::move(sentence), std::move(cause));
}

}  // namespace

Result<AuthorizationTarget, OAuthError> find_target(Core& core, const Parameters& parameters, std::string_view peer,
                                                    TimePoint now) {
  const std::string client_id(parameters.get("client_id"));
  if (client_id.empty()) return invalid("The request does not say which app it is from.", "no client");
  auto client = find_client(core, client_id, peer, now);
  if (!client) {
    // Neither a busy database or document host nor a limit is the client's fault.
    if (client.error().status >= 500 || client.error().status == 429) return client.error();
    return OAuthError("invalid_client", "The app is not known here.", client.error().reason);
  }
  AuthorizationTarget out;
  out.client = std::move(*client);
  out.redirect_uri = parameters.get("redirect_uri");
  out.redirect_uri_given = !out.redirect_uri.empty();
  if (!out.redirect_uri_given) {
    // RFC 6749, section 3.1.2.3: only where there is exactly one.
    if (out.client.redirect_uris.size() != 1)
      return invalid("The request does not say where its answer goes.", "no redirect");
    out.redirect_uri = out.client.redirect_uris.front();
    return out;
  }
  if (!redirect_matches(out.client, out.redirect_uri))
    return invalid("The address for the answer is none that the app has registered.", "unregistered redirect");
  return out;
}

Answer stopped_answer(const OAuthError& error, std::string_view sentence) {
  if (error.status >= 500) return trouble_answer();
  if (error.retry_after.count() > 0) return wait_answer(error.retry_after);
  return stop_answer(400, sentence);
}

Answer refuse_client(Core& core, AuditEvent event, const Request& request, const OAuthError& error) {
  core.audit->write(AuditEntry(event, "refused").peer(request.peer).reason(error.reason));
  return stopped_answer(error, "The app is not known here any more.");
}

Result<TransactionRecord, OAuthError> read_authorization(const Core& core, const AuthorizationTarget& target,
                                                         const Parameters& parameters, TimePoint now) {
  if (parameters.has("request"))
    return OAuthError("request_not_supported", "Request objects are not supported.", "request object");
  if (parameters.has("request_uri"))
    return OAuthError("request_uri_not_supported", "This request_uri is not supported.", "request uri");
  const std::string_view type = parameters.get("response_type");
  if (type.empty()) return invalid("response_type is missing.", "no response type");
  if (type != "code")
    return OAuthError("unsupported_response_type", "Only response_type=code is supported.", "response type");
  if (parameters.has("response_mode") && parameters.get("response_mode") != "query")
    return invalid("Only response_mode=query is supported.", "response mode");
  const auto& grants = target.client.grant_types;
  if (!grants.empty() && std::find(grants.begin(), grants.end(), "authorization_code") == grants.end())
    return OAuthError("unauthorized_client", "The client is not registered for authorization codes.", "grant type");

  TransactionRecord out;
  out.client_id = target.client.client_id;
  out.redirect_uri = target.redirect_uri;
  out.redirect_uri_given = target.redirect_uri_given;
  out.state = parameters.get("state");
  if (out.state.size() > longest_state) return invalid("state is too long.", "long state");
  out.challenge = parameters.get("code_challenge");
  if (out.challenge.empty()) return invalid("code_challenge is missing: PKCE is required.", "no challenge");
  // An absent method would mean "plain" (RFC 7636, section 4.3).
  if (parameters.get("code_challenge_method") != "S256")
    return invalid("code_challenge_method must be S256.", "challenge method");
  if (out.challenge.size() < 43 || out.challenge.size() > 128 || !is_unreserved(out.challenge))
    return invalid("code_challenge is malformed.", "malformed challenge");
  const auto api = find_api(core, parameters.get("resource"));
  if (!api) return api.error();
  out.resource = (*api)->resource;
  auto scope = grant_scope(core, target.client, **api, parameters.get("scope"));
  if (!scope) return scope.error();
  out.scope = std::move(*scope);
  out.nonce = parameters.get("nonce");
  if (out.nonce.size() > longest_nonce) return invalid("nonce is too long.", "long nonce");
  out.dpop_thumbprint = parameters.get("dpop_jkt");
  if (!out.dpop_thumbprint.empty() && (out.dpop_thumbprint.size() != 43 || !is_unreserved(out.dpop_thumbprint)))
    return invalid("dpop_jkt is no SHA-256 thumbprint.", "dpop_jkt");
  if (const auto read = read_sign_in_wish(parameters, out); !read) return read.error();
  // Better said now than after the person was sent around.
  if (const SignInWish wish = wish_of(out); sign_in_choices(core, wish).empty()) return unmet(wish);
  out.expires = now + core.options.lifetimes_.transaction;
  return out;
}

std::string response_url(const Core& core, std::string_view redirect_uri, std::string_view state,
                         FormParameters parameters) {
  if (!state.empty()) parameters.emplace_back("state", std::string(state));
  parameters.emplace_back("iss", core.options.issuer_);
  std::string url(redirect_uri);
  url += url.find('?') == std::string::npos ? '?' : '&';
  return url + encode_form(parameters);
}

std::string error_url(const Core& core, std::string_view redirect_uri, std::string_view state, std::string_view error,
                      std::string_view description) {
  FormParameters parameters = {{"error", std::string(error)}};
  if (!description.empty()) parameters.emplace_back("error_description", std::string(description));
  return response_url(core, redirect_uri, state, std::move(parameters));
}

std::string departure_url(const Core& core, const Departure& departure, const SignInWish& wish) {
  const Upstream* const provider = core.upstream(departure.approval.upstream);
  if (!provider) return core.url("/sign-in") + "?" + encode_form({{"state", departure.state}});
  return provider->authorization_url(core.url("/callback/" + provider->name()), departure.state,
                                     Secret(departure.verifier), departure.nonce, wish);
}

bool can_be_remembered(const Core& core, std::string_view redirect_uri) {
  UriParts parts;
  return core.options.remember_ && split_uri(redirect_uri, parts) && parts.scheme == "https" &&
         !is_loopback_name(parts.host);
}

ConsentRecord consent_of(const TransactionRecord& transaction, const ClientRecord& client, std::string subject) {
  ConsentRecord out;
  out.subject = std::move(subject);
  out.client_id = transaction.client_id;
  out.redirect_uri = transaction.redirect_uri;
  out.resource = transaction.resource;
  // In the one order of the API's list already.
  out.scope = transaction.scope;
  out.document_digest = client.document_digest;
  return out;
}

std::string subject_of(std::string_view upstream, std::string_view id) {
  return std::string(upstream) + ":" + std::string(id);
}

}  // namespace leanmcp::inline v0::as
