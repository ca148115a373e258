#include <leanmcp/auth/fetcher.hpp>

#include <leanmcp/auth/claims.hpp>
#include <leanmcp/auth/provider_http.hpp>
#include <leanmcp/base/encoding.hpp>

#include <charconv>
#include <future>

namespace leanmcp::inline v0 {

Fetcher fetcher_of(std::shared_ptr<HttpClient> http) {
  return [http = std::move(http)](ClientRequest request, HttpClient::Callback done) {
    http->send(std::move(request), std::move(done));
  };
}

bool is_provider_url(std::string_view url) {
  if (url.size() > 2048) return false;
  for (const char c : url)
    if (c <= 0x20 || c == 0x7f || c == '?' || c == '#' || c == '\\') return false;
  const bool secure = url.starts_with("https://");
  if (!secure && !url.starts_with("http://")) return false;
  std::string_view host = url.substr(secure ? 8 : 7);
  host = host.substr(0, host.find('/'));
  // No credentials. In a path the sign is a letter like others: Firebase has it there.
  if (host.empty() || host.find('@') != std::string_view::npos) return false;
  if (secure) return true;
  if (host.starts_with('[')) return host.starts_with("[::1]") && (host.size() == 5 || host[5] == ':');
  host = host.substr(0, host.find(':'));
  if (host == "localhost") return true;
  // 127.0.0.0/8, digits only: "127.evil.example" is a name.
  return host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string_view::npos;
}

namespace detail {

namespace {

std::string percent_encoded(std::string_view text) {
  constexpr char digits[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '_' || c == '.' || c == '~';
    if (plain) {
      out += c;
    } else {
      out += '%';
      out += digits[byte >> 4];
      out += digits[byte & 15];
    }
  }
  return out;
}

}  // namespace

ClientRequest get_request(std::string url) {
  ClientRequest request("GET", std::move(url));
  request.headers.emplace_back("Accept", "application/json");
  request.total_timeout = provider_patience;
  request.max_body_bytes = most_answer_bytes;
  return request;
}

ClientRequest json_request(std::string url, std::string body, std::string content_type) {
  ClientRequest request = get_request(std::move(url));
  request.method = "POST";
  request.headers.emplace_back("Content-Type", std::move(content_type));
  request.body = std::move(body);
  return request;
}

ClientRequest form_request(std::string url, const std::vector<std::pair<std::string, std::string>>& fields) {
  std::string body;
  for (const auto& [name, value] : fields)
    body.append(body.empty() ? "" : "&").append(percent_encoded(name)).append("=").append(percent_encoded(value));
  return json_request(std::move(url), std::move(body), "application/x-www-form-urlencoded");
}

ClientRequest& with_bearer(ClientRequest& request, std::string_view token) {
  request.headers.emplace_back("Authorization", "Bearer " + std::string(token));
  return request;
}

ClientRequest& with_basic(ClientRequest& request, std::string_view id, std::string_view secret) {
  request.headers.emplace_back("Authorization",
                               "Basic " + base64_encode(percent_encoded(id) + ":" + percent_encoded(secret)));
  return request;
}

HttpClient::Outcome fetch_and_wait(const Fetcher& fetcher, ClientRequest request) {
  const auto promise = std::make_shared<std::promise<HttpClient::Outcome>>();
  auto answered = promise->get_future();
  fetcher(std::move(request), [promise](HttpClient::Outcome outcome) { promise->set_value(std::move(outcome)); });
  return answered.get();
}

std::string why(const HttpClient::Outcome& outcome) {
  if (outcome) return " (status " + std::to_string(outcome->status) + ")";
  std::string out = " (" + std::string(to_string(outcome.error().cause));
  if (!outcome.error().detail.empty()) out += ": " + outcome.error().detail;
  return out + ")";
}

std::optional<json::object> object_of(const HttpClient::Outcome& outcome) {
  if (!outcome || outcome->body.size() > most_answer_bytes) return std::nullopt;
  return claims_of(outcome->body);
}

std::chrono::seconds retry_after(const HttpClient::Outcome& outcome) {
  if (!outcome) return {};
  const std::string_view text = outcome->header("retry-after");
  long long seconds = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (failed != std::errc() || end != text.data() + text.size() || seconds < 0) return {};
  return std::min(std::chrono::seconds(seconds), longest_retry_after);
}

AuthFault unavailable(const std::string& what, const HttpClient::Outcome& outcome) {
  AuthFault fault(AuthCode::verification_failed, what + why(outcome));
  fault.retry_after = retry_after(outcome);
  if (!outcome) return fault;
  fault.for_all = outcome->status == 503 && fault.retry_after.count() > 0;
  // Auth0 and GitHub name the time instead; GitHub says 403 as well.
  const bool limited = outcome->status == 429 || outcome->header("x-ratelimit-remaining") == "0";
  const std::string_view reset = outcome->header("x-ratelimit-reset");
  if (limited && fault.retry_after.count() == 0)
    std::from_chars(reset.data(), reset.data() + reset.size(), fault.retry_at);
  return fault;
}

AuthFault unavailable_to_us(const std::string& what, const HttpClient::Outcome& outcome) {
  AuthFault fault = unavailable(what, outcome);
  if (!outcome || (outcome->status != 429 && fault.retry_at == 0)) return fault;
  fault.for_all = true;
  if (fault.retry_at == 0) fault.retry_after = std::max(fault.retry_after, std::chrono::seconds(1));
  return fault;
}

Result<json::object> discover(const Fetcher& fetcher, const std::string& issuer, const std::string& setting,
                              std::string url) {
  if (!is_provider_url(issuer))
    return Error(setting + " is '" + issuer + "': the issuer must be an https URL without query, or http on loopback");
  if (url.empty()) url = without_slash(issuer) + "/.well-known/openid-configuration";
  const HttpClient::Outcome got = fetch_and_wait(fetcher, get_request(url));
  if (!got || got->status != 200)
    return Error(setting + ": the provider's discovery document cannot be fetched from " + url + why(got));
  auto document = object_of(got);
  if (!document) return Error(setting + ": the discovery document at " + url + " is no JSON object");
  const std::string said = claim_text(*document, "issuer");
  if (said != issuer) {
    const bool slash = without_slash(said) == without_slash(issuer);
    return Error(setting + " is '" + issuer + "', but the issuer is '" + said + "' in " + url +
                 (slash ? ": a slash at the end makes the difference" : ""));
  }
  return std::move(*document);
}

Result<TokenSet, AuthFault> read_token_answer(const HttpClient::Outcome& outcome) {
  const auto body = object_of(outcome);
  if (!outcome || outcome->status >= 500 || outcome->status == 429 || !body)
    return unavailable("the tokens cannot be refreshed", outcome);
  const std::string error = claim_text(*body, "error");
  if (outcome->status != 200 || !error.empty()) {
    // Auth0 says 403 for a dead refresh token; the word is what counts (RFC 6749, section 5.2).
    if (error == "invalid_grant") return AuthFault(AuthCode::invalid_token, "the refresh token is no longer good");
    return unavailable("the provider refuses to refresh the tokens", outcome);
  }
  TokenSet tokens;
  tokens.access_token = Secret(claim_text(*body, "access_token"));
  tokens.id_token = Secret(claim_text(*body, "id_token"));
  tokens.refresh_token = Secret(claim_text(*body, "refresh_token"));
  tokens.token_type = claim_text(*body, "token_type");
  tokens.scope = claim_text(*body, "scope");
  tokens.expires_in = std::chrono::seconds(claim_number(*body, "expires_in").value_or(0));
  if (tokens.access_token.empty() && tokens.id_token.empty())
    return unavailable("the provider's answer holds no token", outcome);
  return tokens;
}

ClientRequest refresh_form(const std::string& url, const RefreshRequest& request, const std::string& client_id,
                           const Secret& secret, bool basic) {
  std::vector<std::pair<std::string, std::string>> fields = {{"grant_type", "refresh_token"},
                                                             {"refresh_token", std::string(request.token().reveal())}};
  if (!client_id.empty() && (!basic || secret.empty())) fields.emplace_back("client_id", client_id);
  if (!secret.empty() && !basic) fields.emplace_back("client_secret", std::string(secret.reveal()));
  if (!request.scope().empty()) fields.emplace_back("scope", request.scope());
  ClientRequest out = form_request(url, fields);
  if (!secret.empty() && basic) with_basic(out, client_id, secret.reveal());
  return out;
}

std::string trimmed_host(std::string text) {
  for (const char* scheme : {"https://", "http://"})
    if (text.starts_with(scheme)) text.erase(0, std::string_view(scheme).size());
  return without_slash(std::move(text));
}

std::string without_slash(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

}  // namespace detail

}  // namespace leanmcp::inline v0
