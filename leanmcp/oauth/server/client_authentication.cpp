#include <leanmcp/oauth/server/core.hpp>

#include <leanmcp/base/encoding.hpp>
#include <leanmcp/crypto/digest.hpp>
#include <leanmcp/http/header_name.hpp>
#include <leanmcp/oauth/client/form.hpp>
#include <leanmcp/oauth/server/audit_log.hpp>
#include <leanmcp/oauth/server/client_assertion.hpp>
#include <leanmcp/oauth/server/rate_limits.hpp>

namespace leanmcp::inline v0::as {
namespace {

using Outcome = Result<AuthenticatedClient, OAuthError>;

constexpr std::string_view scheme = "basic ";

OAuthError invalid_client(std::string_view reason, bool basic) {
  OAuthError out("invalid_client", "The client is not known or did not prove itself.", std::string(reason));
  out.status = 401;
  if (basic) out.challenge = "Basic realm=\"token endpoint\", charset=\"UTF-8\"";
  return out;
}

OAuthError invalid_request(std::string_view sentence, std::string_view reason) {
  return OAuthError("invalid_request", std::string(sentence), std::string(reason));
}

bool is_basic(std::string_view authorization) {
  return leanmcp::detail::is_in_any_case(authorization.substr(0, scheme.size()), scheme);
}

/// `id` or its secret in form encoding.
std::optional<std::string> decoded(std::string_view text) {
  const auto pairs = decode_form("v=" + std::string(text));
  if (!pairs || pairs->size() != 1) return std::nullopt;
  return (*pairs)[0].second;
}

/// With a secret, or none where it is public.
Outcome check(Core& core, const std::string& id, const Secret& secret, ClientMethod used, std::string_view peer,
              TimePoint now) {
  const bool basic = used == ClientMethod::basic;
  auto client = find_client(core, id, peer, now);
  if (!client) {
    if (client.error().status >= 500 || client.error().status == 429) return client.error();
    return invalid_client(client.error().reason.empty() ? "unknown client" : client.error().reason, basic);
  }
  if (client->disabled) return invalid_client("disabled client", basic);
  if (client->method != used) return invalid_client("other method than registered", basic);
  if (used != ClientMethod::none) {
    if (client->secret_digest.empty() || !constant_time_equal(digest_of(secret.reveal()), client->secret_digest))
      return invalid_client("wrong secret", basic);
    if (client->origin == ClientOrigin::dynamic && client->expires && *client->expires <= now)
      return invalid_client("secret ran out", basic);
  }
  AuthenticatedClient out;
  out.client = std::move(*client);
  out.used = used;
  return out;
}

Outcome check_any(Core& core, const Request& request, const Parameters& form, TimePoint now) {
  const std::string_view authorization = request.header("authorization");
  const bool basic = is_basic(authorization);
  if (request.header_count("authorization") > 1)
    return invalid_request("There is more than one Authorization header.", "two authorization headers");
  const bool assertion = form.has("client_assertion") || form.has("client_assertion_type");
  const int ways = (basic ? 1 : 0) + (form.has("client_secret") ? 1 : 0) + (assertion ? 1 : 0);
  // RFC 6749, section 2.3: "The client MUST NOT use more than one authentication method in each request."
  if (ways > 1) return invalid_request("The client authenticates in more than one way.", "two ways of authentication");
  if (!authorization.empty() && !basic) return invalid_client("unknown scheme", true);
  if (assertion) {
    auto client = check_client_assertion(core, form, request.peer, now);
    if (client && client->client.disabled) return invalid_client("disabled client", false);
    return client;
  }
  if (basic) {
    const auto given = basic_credentials(authorization);
    if (!given) return invalid_client("malformed Basic credentials", true);
    if (form.has("client_id") && form.get("client_id") != given->first)
      return invalid_request("The client_id is not the one of the Authorization header.", "two client ids");
    return check(core, given->first, given->second, ClientMethod::basic, request.peer, now);
  }
  if (!form.has("client_id")) return invalid_client("no client", false);
  const ClientMethod used = form.has("client_secret") ? ClientMethod::post : ClientMethod::none;
  return check(core, std::string(form.get("client_id")), Secret(std::string(form.get("client_secret"))), used,
               request.peer, now);
}

}  // namespace

std::optional<std::pair<std::string, Secret>> basic_credentials(std::string_view authorization) {
  if (!is_basic(authorization) || authorization.size() > 8 * 1024) return std::nullopt;
  authorization.remove_prefix(scheme.size());
  while (authorization.starts_with(' ')) authorization.remove_prefix(1);
  auto text = base64_decode(authorization);
  if (!text) return std::nullopt;
  const Secret whole(std::move(*text));
  const std::string_view pair = whole.reveal();
  const std::size_t colon = pair.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  auto id = decoded(pair.substr(0, colon));
  auto secret = decoded(pair.substr(colon + 1));
  if (!id || !secret || id->empty()) return std::nullopt;
  return std::pair<std::string, Secret>(std::move(*id), Secret(std::move(*secret)));
}

Result<AuthenticatedClient, OAuthError> authenticate_client(Core& core, const Request& request, const Parameters& form,
                                                            TimePoint now) {
  auto client = check_any(core, request, form, now);
  if (client || client.error().error != "invalid_client") return client;
  // After the check: behind a proxy others share the address, and what a stranger gets wrong must not stop them.
  // Secrets here are too long to be guessed, whatever the rate.
  const auto wait = core.limits->take(Limit::failure, request.peer, now);
  if (wait.count() > 0) return too_many_requests(wait);
  return client;
}

}  // namespace leanmcp::inline v0::as
