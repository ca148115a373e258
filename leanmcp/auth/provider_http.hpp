#pragma once

#include <leanmcp/auth/fetcher.hpp>
#include <leanmcp/auth/provider.hpp>

#include <boost/json.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// What the presets share when they speak to their providers. Not for users.
namespace leanmcp::inline v0::detail {

/// No provider is waited for longer, and none may answer with more.
constexpr std::chrono::seconds provider_patience{5};
constexpr std::size_t most_answer_bytes = 512 * 1024;
constexpr std::chrono::seconds longest_retry_after{300};

ClientRequest get_request(std::string url);
ClientRequest form_request(std::string url, const std::vector<std::pair<std::string, std::string>>& fields);
ClientRequest json_request(std::string url, std::string body, std::string content_type = "application/json");
ClientRequest& with_bearer(ClientRequest& request, std::string_view token);
/// HTTP Basic with both parts form-encoded first (RFC 6749, section 2.3.1).
ClientRequest& with_basic(ClientRequest& request, std::string_view id, std::string_view secret);

/// Sends and waits for the answer.
HttpClient::Outcome fetch_and_wait(const Fetcher& fetcher, ClientRequest request);

/// " (status 500)", " (timeout: …)".
std::string why(const HttpClient::Outcome& outcome);
/// Its body as an object, if it is one of sensible depth.
std::optional<json::object> object_of(const HttpClient::Outcome& outcome);
/// Retry-After in seconds (RFC 9110, section 10.2.3), bounded; zero when there is none.
std::chrono::seconds retry_after(const HttpClient::Outcome& outcome);
/// "… (status 503)" as VERIFICATION_FAILED with what the provider says of when to come back.
AuthFault unavailable(const std::string& what, const HttpClient::Outcome& outcome);
/// The same for requests that were made with our own credentials: a limit (429) is then one of ours, not of one token.
AuthFault unavailable_to_us(const std::string& what, const HttpClient::Outcome& outcome);

/// The document at `<issuer>/.well-known/openid-configuration` (or `url`), whose `issuer` must be the configured one.
Result<json::object> discover(const Fetcher& fetcher, const std::string& issuer, const std::string& setting,
                              std::string url = {});

/// A token endpoint's answer (RFC 6749, sections 5.1 and 5.2): tokens, INVALID_TOKEN for `invalid_grant`, or
/// VERIFICATION_FAILED.
Result<TokenSet, AuthFault> read_token_answer(const HttpClient::Outcome& outcome);
/// grant_type=refresh_token at a token endpoint; a client with a secret authenticates in the body, or by Basic.
ClientRequest refresh_form(const std::string& url, const RefreshRequest& request, const std::string& client_id,
                           const Secret& secret, bool basic);

std::string trimmed_host(std::string text);
std::string without_slash(std::string url);

}  // namespace leanmcp::inline v0::detail
