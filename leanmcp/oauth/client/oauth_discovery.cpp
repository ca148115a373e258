#include <leanmcp/client/http_caller.hpp>
#include <leanmcp/oauth/client/issuer_rules.hpp>
#include <leanmcp/oauth/client/metadata_search.hpp>
#include <leanmcp/oauth/client/oauth_client_impl.hpp>

namespace leanmcp::inline v0 {

namespace {

constexpr std::chrono::seconds document_patience{10};
/// Endpoints move rarely, and a program may run for months.
constexpr std::chrono::hours metadata_life{1};

ClientRequest metadata_request(const std::string& url) {
  ClientRequest request("GET", url);
  request.headers.emplace_back("Accept", "application/json");
  request.headers.emplace_back("MCP-Protocol-Version", std::string(to_string(newest_version)));
  request.total_timeout = document_patience;
  request.max_body_bytes = most_metadata_bytes;
  return request;
}

Error error_of(DiscoveryFault fault) { return Error(std::string(to_string(fault))); }

}  // namespace

Task<HttpClient::Outcome> OAuthClient::State::fetch(ClientRequest request) {
  request.addresses = rules.addresses(request.url);
  return fetch_configured(std::move(request));
}

Task<HttpClient::Outcome> OAuthClient::State::fetch_configured(ClientRequest request) {
  OneShot<HttpClient::Outcome> done;
  struct Cancel {
    HttpClient& http;
    HttpClient::RequestId id;
    ~Cancel() { http.cancel(id); }
  };
  const HttpClient::RequestId id =
      http->send(std::move(request), [done](HttpClient::Outcome outcome) { done.set(std::move(outcome)); });
  const Cancel cancel{*http, id};
  HttpClient::Outcome outcome = co_await done;
  co_return std::move(outcome);
}

Task<Result<ProtectedResource, DiscoveryFault>> OAuthClient::State::find_resource() {
  MetadataSearch<ProtectedResource> search(
      resource_metadata_urls(mcp_url, metadata_place),
      [this](std::string_view text) { return read_protected_resource(text, mcp_url); });
  while (const std::string* const place = search.next()) {
    Task<HttpClient::Outcome> asking = fetch(metadata_request(*place));
    const HttpClient::Outcome outcome = co_await std::move(asking);
    search.take(outcome);
  }
  auto found = search.result();
  co_return std::move(found);
}

void OAuthClient::State::bind_to(const std::string& found) {
  if (found == issuer) return;
  // Nothing of the one server is ever shown to the other.
  issuer = found;
  server.reset();
  identity.reset();
  registered_here = false;
  tokens.reset();
  in_store = false;
  dpop_key.reset();
  nonces.clear();
  requested_scope.clear();
  refresh_failures = 0;
  refresh_not_before = TimePoint();
}

Task<Result<void>> OAuthClient::State::find_issuer(std::string metadata_url) {
  if (!metadata_url.empty()) {
    if (!rules.allows(metadata_url)) co_return Result<void>(error_of(DiscoveryFault::unusable_url));
    // Only the resource's own server speaks for it (RFC 9728, section 3.3).
    if (detail::origin_of(metadata_url) != detail::origin_of(mcp_url))
      co_return Result<void>(error_of(DiscoveryFault::other_host));
    metadata_place = metadata_url;
  }
  Task<Result<ProtectedResource, DiscoveryFault>> searching = find_resource();
  const auto found = co_await std::move(searching);
  const bool legacy = !found && found.error() == DiscoveryFault::absent && options.legacy_endpoints_;
  if (!found && !legacy) co_return Result<void>(error_of(found.error()));
  const std::vector<std::string> offered =
      legacy ? std::vector<std::string>{default_endpoints(mcp_url).issuer} : found->authorization_servers;
  const auto registered = registered_issuer();
  if (!registered) co_return Result<void>(registered.error());
  const auto chosen = choose_issuer(offered, *registered, issuer);
  if (!chosen)
    co_return Result<void>(
        Error("The client is registered at another authorization server than the one that the server names."));
  resource = legacy ? std::string() : found->resource;
  resource_scopes = legacy ? std::vector<std::string>() : found->scopes_supported;
  dpop_asked = dpop_asked || (!legacy && found->dpop_required);
  bind_to(*chosen);
  if (server && server_read + metadata_life > now()) co_return Result<void>();
  Task<Result<AuthorizationServer, DiscoveryFault>> asking = find_server(issuer);
  auto answer = co_await std::move(asking);
  if (answer) {
    server = std::move(*answer);
  } else if (legacy && answer.error() == DiscoveryFault::absent) {
    server = default_endpoints(mcp_url);
  } else if (!server || answer.error() != DiscoveryFault::unreachable) {
    co_return Result<void>(error_of(answer.error()));
  }
  server_read = now();
  co_return Result<void>();
}

Task<Result<AuthorizationServer, DiscoveryFault>> OAuthClient::State::find_server(std::string wanted) {
  using Outcome = Result<AuthorizationServer, DiscoveryFault>;
  if (!rules.allows(wanted)) co_return Outcome(DiscoveryFault::unusable_url);
  MetadataSearch<AuthorizationServer> search(
      issuer_metadata_urls(wanted),
      [this, wanted](std::string_view text) { return read_authorization_server(text, wanted, rules); });
  while (const std::string* const place = search.next()) {
    Task<HttpClient::Outcome> asking = fetch(metadata_request(*place));
    const HttpClient::Outcome outcome = co_await std::move(asking);
    search.take(outcome);
  }
  Outcome found = search.result();
  co_return std::move(found);
}

}  // namespace leanmcp::inline v0
