#include <leanmcp/oauth/server/code_upstream.hpp>

#include <leanmcp/auth/claims.hpp>
#include <leanmcp/auth/provider_http.hpp>
#include <leanmcp/json/write.hpp>
#include <leanmcp/oauth/client/authorization.hpp>

#include <boost/json.hpp>

#include <algorithm>
#include <charconv>

namespace leanmcp::inline v0::as {

namespace {

constexpr std::size_t longest_id = 255;

/// Words of both, each once, in their order.
std::string joined_words(std::string_view had, std::string_view more) {
  std::string out(had);
  while (!more.empty()) {
    const std::string_view word = more.substr(0, more.find(' '));
    more.remove_prefix(std::min(word.size() + 1, more.size()));
    if ((" " + out + " ").find(" " + std::string(word) + " ") == std::string::npos)
      out.append(out.empty() ? "" : " ").append(word);
  }
  return out;
}

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t out = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return out;
}

/// Adds one, where a parameter may stand once only.
void merge_parameter(FormParameters& parameters, std::string name, std::string value) {
  const auto had =
      std::find_if(parameters.begin(), parameters.end(), [&](const auto& one) { return one.first == name; });
  if (had == parameters.end()) {
    parameters.emplace_back(std::move(name), std::move(value));
    return;
  }
  if (name == "prompt") had->second = joined_words(had->second, value);
  // What the operator asks of everybody cannot be loosened by a client.
  if (name == "max_age")
    if (const auto before = whole_number(had->second), now = whole_number(value); now && (!before || *now < *before))
      had->second = std::move(value);
}

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= 32 &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
}

UpstreamFault fault_of(TokenCause cause) {
  switch (cause) {
    case TokenCause::unreachable:
      return UpstreamFault::unreachable;
    case TokenCause::invalid_grant:
    case TokenCause::refused:
      return UpstreamFault::refused;
    default:
      return UpstreamFault::malformed;
  }
}

/// What came back in the callback's query; nullopt when one of them is there twice, or the query is none.
struct Came {
  std::optional<std::string> code;
  std::optional<std::string> issuer;
  std::optional<std::string> error;
};
std::optional<Came> read(std::string_view query) {
  const auto parameters = decode_form(query);
  if (!parameters) return std::nullopt;
  Came out;
  for (const auto& [key, value] : *parameters) {
    std::optional<std::string>* const into = key == "code"    ? &out.code
                                             : key == "iss"   ? &out.issuer
                                             : key == "error" ? &out.error
                                                              : nullptr;
    if (!into) continue;
    if (*into) return std::nullopt;
    *into = value;
  }
  return out;
}

/// The person, or a rule of the provider's, said no (RFC 6749, section 4.1.2.1; OpenID Connect Core 1.0, 3.1.2.6).
bool is_denial(std::string_view error) {
  return error == "access_denied" || error == "consent_required" || error == "interaction_required" ||
         error == "login_required" || error == "account_selection_required" || error == "user_denied" ||
         error == "unmet_authentication_requirements";
}

std::string id_text(const json::value& value) {
  if (value.is_int64()) return std::to_string(value.get_int64());
  if (value.is_uint64()) return std::to_string(value.get_uint64());
  if (!value.is_string()) return {};
  const std::string_view text = value.get_string();
  const bool plain =
      std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) > 0x20 && c != 0x7f; });
  return plain && text.size() <= longest_id ? std::string(text) : std::string();
}

UpstreamTokens upstream_tokens(const OAuthTokens& tokens) {
  UpstreamTokens out;
  out.access_token = tokens.access_token;
  out.refresh_token = tokens.refresh_token;
  out.scope = tokens.scope;
  out.expires = tokens.expires;
  return out;
}

}  // namespace

std::string stable_id(const json::object& claims, std::string_view name) {
  if (name.starts_with('/')) {
    boost::system::error_code failed;
    const json::value whole(claims, claims.storage());
    const json::value* const at = whole.find_pointer(name, failed);
    return at && !failed ? id_text(*at) : std::string();
  }
  const json::value* const found = claims.if_contains(name);
  return found ? id_text(*found) : std::string();
}

CodeUpstream::CodeUpstream(UpstreamOptions options) : options_(std::move(options)) {
  if (!options_.scopes_) options_.scopes_.emplace();
  if (options_.label_.empty()) options_.label_ = options_.name_;
  if (!options_.http_) {
    HttpClientOptions client;
    client.total_timeout = std::chrono::seconds(10);
    client.max_body_bytes = detail::most_answer_bytes;
    options_.http_ = std::make_shared<HttpClient>(client);
  }
}

Result<void> CodeUpstream::init() {
  if (!is_name(options_.name_))
    return Error("the provider's name '" + options_.name_ + "' is not 1 to 32 of a-z, 0-9 and -");
  if (options_.client_id.empty()) return Error("the client id for " + options_.label_ + " is not set");
  auto configured = configure();
  if (!configured) return configured;
  for (const std::string* const url : {&server.authorization_endpoint, &server.token_endpoint})
    if (!is_usable_endpoint(*url)) return Error("'" + *url + "' of " + options_.label_ + " is no https URL");
  OAuthClientIdentity client = identity();
  client.method = options_.method_;
  const auto method = choose_authentication(client, server);
  if (!method) return Error(options_.label_ + ": " + method.error().message());
  method_ = *method;
  return {};
}

std::string CodeUpstream::authorization_url(const std::string& redirect_uri, const std::string& state,
                                            const Secret& verifier, const std::string& nonce,
                                            const SignInWish& wish) const {
  std::string scope;
  for (const std::string& name : *options_.scopes_) scope += (scope.empty() ? "" : " ") + name;
  FormParameters parameters = {{"response_type", "code"},
                               {"client_id", options_.client_id},
                               {"redirect_uri", redirect_uri},
                               {"state", state},
                               {"code_challenge", s256_challenge(verifier)},
                               {"code_challenge_method", "S256"}};
  if (!scope.empty()) parameters.emplace_back("scope", scope);
  if (is_openid()) parameters.emplace_back("nonce", nonce);
  parameters.insert(parameters.end(), options_.parameters.begin(), options_.parameters.end());
  for (auto& [name, value] : wish_parameters(wish)) merge_parameter(parameters, name, value);
  if (wish.is_strict() && options_.again_) merge_parameter(parameters, options_.again_->first, options_.again_->second);
  const std::string& endpoint = server.authorization_endpoint;
  return endpoint + (endpoint.find('?') == std::string::npos ? "?" : "&") + encode_form(parameters);
}

Result<OAuthTokens, UpstreamFault> CodeUpstream::ask_tokens(FormParameters grant, TimePoint now) const {
  std::string scope;
  for (const std::string& name : *options_.scopes_) scope += (scope.empty() ? "" : " ") + name;
  const bool refreshing = grant.front().second == "refresh_token";
  const HttpClient::Outcome outcome = http().fetch(token_request(server, identity(), method_, std::move(grant), now));
  auto tokens = read_token_response(outcome, scope, false, now);
  if (tokens) return std::move(*tokens);
  if (!refreshing) return fault_of(tokens.error());
  // Only a dead refresh token ends what it was for: a wrong setting of ours must not.
  if (tokens.error() == TokenCause::unreachable) return UpstreamFault::unreachable;
  if (tokens.error() == TokenCause::invalid_grant) return UpstreamFault::refused;
  const auto body = detail::object_of(outcome);
  return body && is_dead_token(claim_text(*body, "error")) ? UpstreamFault::refused : UpstreamFault::malformed;
}

Result<UpstreamPerson, UpstreamFault> CodeUpstream::finish(std::string_view query, const std::string& redirect_uri,
                                                           const Secret& verifier, const std::string& nonce,
                                                           const SignInWish& wish, TimePoint now) {
  const auto came = read(query);
  if (!came) return UpstreamFault::malformed;
  // RFC 9207, section 2.4, before the code or the error is believed.
  if (!came->issuer && server.names_issuer) return UpstreamFault::wrong_issuer;
  if (came->issuer && !issuer.empty() && *came->issuer != issuer) return UpstreamFault::wrong_issuer;
  if (came->error) {
    if (*came->error == "temporarily_unavailable") return UpstreamFault::unreachable;
    return is_denial(*came->error) ? UpstreamFault::denied : UpstreamFault::malformed;
  }
  if (!came->code || came->code->empty()) return UpstreamFault::malformed;
  const auto tokens = ask_tokens({{"grant_type", "authorization_code"},
                                  {"code", *came->code},
                                  {"redirect_uri", redirect_uri},
                                  {"code_verifier", std::string(verifier.reveal())}},
                                 now);
  if (!tokens) return tokens.error();
  const auto claims = person(*tokens, nonce, now);
  if (!claims) return claims.error();
  UpstreamPerson out;
  out.id = id_of(*claims);
  if (out.id.empty()) return UpstreamFault::no_identity;
  out.profile = json_text(profile_of(*claims));
  out.tokens = upstream_tokens(*tokens);
  out.signed_in = signed_in(*claims);
  // The operator trusts that parameter; then it was between the departure and now.
  if (!out.signed_in && wish.is_strict() && options_.again_) out.signed_in = now;
  return out;
}

Result<UpstreamTokens, UpstreamFault> CodeUpstream::refresh(const Secret& refresh_token, TimePoint now) {
  const auto tokens =
      ask_tokens({{"grant_type", "refresh_token"}, {"refresh_token", std::string(refresh_token.reveal())}}, now);
  if (!tokens) return tokens.error();
  UpstreamTokens out = upstream_tokens(*tokens);
  // A provider that sends no new one means the old one to go on (RFC 6749, section 6).
  if (out.refresh_token.empty()) out.refresh_token = refresh_token;
  return out;
}

void CodeUpstream::revoke(const UpstreamTokens& tokens) {
  if (server.revocation_endpoint.empty()) return;
  AuthorizationServer there = server;
  there.token_endpoint = server.revocation_endpoint;
  const bool refresh = !tokens.refresh_token.empty();
  const Secret& token = refresh ? tokens.refresh_token : tokens.access_token;
  FormParameters form = {{"token", std::string(token.reveal())},
                         {"token_type_hint", refresh ? "refresh_token" : "access_token"}};
  // RFC 7009, section 2.1. Nothing depends on the answer: here the tokens are gone.
  http().send(token_request(there, identity(), method_, std::move(form), TimePoint()),
              [](const HttpClient::Outcome&) {});
}

HttpClient::Outcome CodeUpstream::get(const std::string& url, const OAuthTokens& tokens, HttpFields more) const {
  ClientRequest request = detail::get_request(url);
  detail::with_bearer(request, tokens.access_token.reveal());
  for (auto& field : more) {
    const auto same = std::find_if(request.headers.begin(), request.headers.end(),
                                   [&](const auto& had) { return had.first == field.first; });
    if (same == request.headers.end())
      request.headers.push_back(std::move(field));
    else
      same->second = std::move(field.second);
  }
  return http().fetch(std::move(request));
}

Result<json::object, UpstreamFault> CodeUpstream::get_object(const std::string& url, const OAuthTokens& tokens) const {
  const HttpClient::Outcome got = get(url, tokens);
  if (!got || got->status >= 500 || got->status == 429) return UpstreamFault::unreachable;
  auto body = detail::object_of(got);
  if (got->status != 200 || !body) return UpstreamFault::malformed;
  return std::move(*body);
}

std::string CodeUpstream::id_of(const json::object& claims) const { return stable_id(claims, "sub"); }

json::object CodeUpstream::profile_of(const json::object& claims) const {
  json::object out;
  for (const char* const name : {"name", "given_name", "family_name", "preferred_username", "picture", "email"})
    if (std::string text = claim_text(claims, name); !text.empty()) out[name] = std::move(text);
  if (out.contains("email"))
    if (const auto verified = claim_flag(claims, "email_verified")) out["email_verified"] = *verified;
  return out;
}

bool CodeUpstream::is_dead_token(std::string_view) const { return false; }

}  // namespace leanmcp::inline v0::as
