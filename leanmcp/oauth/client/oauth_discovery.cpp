#include <leanmcp/client/http_caller.hpp>
#include <leanmcp/oauth/client/oauth_client_impl.hpp>

namespace leanmcp::inline v0 {

namespace {

constexpr std::chrono::seconds patience{10};
constexpr std::size_t most_bytes = 256 * 1024;

ClientRequest metadata_request(const std::string& url) {
  ClientRequest request("GET", url);
  request.headers.emplace_back("Accept", "application/json");
  request.headers.emplace_back("MCP-Protocol-Version", std::string(to_string(newest_version)));
  request.total_timeout = patience;
  request.max_body_bytes = most_bytes;
  return request;
}

}  // namespace

Task<HttpClient::Outcome> OAuthClient::State::fetch(ClientRequest request) {
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

Task<Result<void>> OAuthClient::State::find_issuer(std::string metadata_url) {
  if (!metadata_url.empty() && !is_usable_endpoint(metadata_url))
    co_return Result<void>(Error("The server's challenge names a metadata URL that cannot be used."));
  // Only the resource's own server speaks for it (RFC 9728, section 3.3).
  if (!metadata_url.empty() && detail::origin_of(metadata_url) != detail::origin_of(mcp_url))
    co_return Result<void>(Error("The server's challenge names metadata on another host."));
  std::string found_issuer;
  for (const std::string& url : resource_metadata_urls(mcp_url, metadata_url)) {
    Task<HttpClient::Outcome> asking = fetch(metadata_request(url));
    const HttpClient::Outcome outcome = co_await std::move(asking);
    if (!outcome) co_return Result<void>(Error("The server's metadata cannot be fetched.", outcome.error().detail));
    if (outcome->status >= 500) co_return Result<void>(Error("The server's metadata cannot be fetched."));
    if (outcome->status != 200) continue;
    const auto read = read_protected_resource(outcome->body, mcp_url);
    if (!read) co_return Result<void>(read.error());
    found_issuer = read->authorization_servers.front();
    resource = read->resource;
    resource_scopes = read->scopes_supported;
    break;
  }
  if (found_issuer.empty()) {
    if (!options.legacy_endpoints_)
      co_return Result<void>(Error("The server asks for a token but has no protected resource metadata."));
    found_issuer = default_endpoints(mcp_url).issuer;
    resource.clear();
    resource_scopes.clear();
  }
  if (found_issuer != issuer) {
    // Nothing of the one server is ever shown to the other.
    issuer = found_issuer;
    server.reset();
    identity.reset();
    tokens.reset();
    dpop_key.reset();
    nonces.clear();
  }
  if (!server) {
    Task<Result<AuthorizationServer>> finding = find_server(issuer);
    auto found = co_await std::move(finding);
    if (!found) co_return Result<void>(found.error());
    server = std::move(*found);
  }
  co_return Result<void>();
}

Task<Result<AuthorizationServer>> OAuthClient::State::find_server(std::string wanted) {
  const auto urls = issuer_metadata_urls(wanted);
  if (urls.empty())
    co_return Result<AuthorizationServer>(Error("The server names an authorization server whose URL cannot be used."));
  for (const std::string& url : urls) {
    Task<HttpClient::Outcome> asking = fetch(metadata_request(url));
    const HttpClient::Outcome outcome = co_await std::move(asking);
    if (!outcome || outcome->status >= 500)
      co_return Result<AuthorizationServer>(Error("The authorization server's metadata cannot be fetched."));
    if (outcome->status != 200) continue;
    auto read = read_authorization_server(outcome->body, wanted);
    if (!read) co_return Result<AuthorizationServer>(read.error());
    co_return std::move(read);
  }
  if (options.legacy_endpoints_) co_return Result<AuthorizationServer>(default_endpoints(mcp_url));
  co_return Result<AuthorizationServer>(Error("The authorization server has no metadata."));
}

Task<Result<void>> OAuthClient::State::find_identity(bool anew) {
  if (identity && !anew) co_return Result<void>();
  identity.reset();
  if (options.identity_) {
    if (!options.identity_issuer_.empty() && options.identity_issuer_ != issuer)
      co_return Result<void>(
          Error("The client is registered at another authorization server than the one that the server names."));
    identity = options.identity_;
    co_return Result<void>();
  }
  if (server->takes_client_documents && !options.client_document_.empty()) {
    identity = OAuthClientIdentity(options.client_document_);
    identity->method = ClientAuthentication::none;
    co_return Result<void>();
  }
  const std::string name = identity_name(issuer, options.profile_);
  if (!anew) {
    const auto kept = options.store_->load(name);
    if (!kept) co_return Result<void>(kept.error());
    const auto restored_identity = *kept ? restore_identity(**kept) : std::nullopt;
    const bool usable = restored_identity &&
                        (!restored_identity->first.secret_expires || *restored_identity->first.secret_expires > now());
    // A redirect of another port is fine for loopback addresses (RFC 8252, section 7.3); any other change is another
    // client.
    if (usable) {
      identity = restored_identity->first;
      registered_here = true;
      co_return Result<void>();
    }
  }
  if (server->registration_endpoint.empty())
    co_return Result<void>(
        Error("The authorization server does not know this client and registers none by itself. "
              "Please register it there and give its client id."));
  ClientDescription description = options.description_;
  description.redirect_uri = redirect_uri;
  Task<HttpClient::Outcome> asking = fetch(registration_request(*server, description));
  const HttpClient::Outcome outcome = co_await std::move(asking);
  auto read = read_registration(outcome);
  if (!read) co_return Result<void>(read.error());
  identity = std::move(*read);
  registered_here = true;
  const auto saved = options.store_->save(name, save_identity(*identity, redirect_uri));
  if (!saved) co_return Result<void>(saved.error());
  co_return Result<void>();
}

}  // namespace leanmcp::inline v0
