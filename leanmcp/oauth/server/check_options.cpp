#include <leanmcp/oauth/server/core.hpp>

#include <leanmcp/crypto/public_keys.hpp>
#include <leanmcp/oauth/server/redirect_uri.hpp>

#include <algorithm>
#include <array>
#include <set>

namespace leanmcp::inline v0::as {
namespace {

using std::chrono::seconds;

/// Shorter ones can be guessed (RFC 6749, section 10.10).
constexpr std::size_t least_secret = 16;

constexpr std::array grant_names{std::string_view("authorization_code"), std::string_view("refresh_token"),
                                 std::string_view("client_credentials"),
                                 std::string_view("urn:ietf:params:oauth:grant-type:jwt-bearer"),
                                 std::string_view("urn:ietf:params:oauth:grant-type:token-exchange")};

std::string quoted(std::string_view text) {
  std::string out = "\"";
  append_visible(out, text);
  return out + "\"";
}

/// RFC 6749, section 3.3: NQCHAR.
bool is_scope_name(std::string_view name) {
  return !name.empty() && name.size() <= 128 &&
         std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c < 0x7f && c != '"' && c != '\\'; });
}

bool is_provider_name(std::string_view name) {
  return !name.empty() && name.size() <= 32 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

Result<void> check_issuer(const std::string& issuer) {
  UriParts parts;
  const bool ok = split_uri(issuer, parts) && parts.hierarchical && !parts.has_user && !parts.has_query &&
                  !parts.has_fragment && !parts.host.empty() && !issuer.ends_with('/') &&
                  !has_dot_segments(parts.path) && (parts.scheme == "https" || parts.scheme == "http");
  if (!ok) return Error("the issuer " + quoted(issuer) + " is no URL without query, fragment and slash at the end");
  if (parts.scheme == "http" && !is_loopback_name(parts.host))
    return Error("the issuer " + quoted(issuer) + " must be https: http is for loopback only");
  return {};
}

Result<void> check_api(const ProtectedApi& api) {
  UriParts parts;
  const bool ok = split_uri(api.resource, parts) && parts.hierarchical && !parts.has_fragment && !parts.has_user &&
                  (parts.scheme == "https" || (parts.scheme == "http" && is_loopback_name(parts.host)));
  if (!ok)
    return Error("the resource " + quoted(api.resource) + " is no https URL (or http on loopback) without fragment");
  std::set<std::string_view> names;
  for (const ScopeDescription& scope : api.scopes) {
    if (!is_scope_name(scope.name) || scope.name == offline_access)
      return Error("the scope " + quoted(scope.name) + " of " + api.resource + " is no name for a scope");
    if (!names.insert(scope.name).second)
      return Error("the scope " + quoted(scope.name) + " of " + api.resource + " is there twice");
  }
  if (!api.introspector.empty() && api.introspector_secret.reveal().size() < least_secret)
    return Error("the secret for introspection of " + api.resource + " has less than 16 characters");
  return {};
}

Result<void> check_client(const OAuthServerOptions& options, const ConfiguredClient& client) {
  const ClientRecord& record = client.record;
  const std::string called = "the client " + quoted(record.client_id);
  if (!is_scope_name(record.client_id) || record.client_id.starts_with("https://"))
    return Error(called + " has no usable id");
  // Its own tokens have its id as their subject: that must never be a person's.
  const auto is_prefix = [&](const std::string& name) { return record.client_id.starts_with(name + ":"); };
  bool like_a_person = is_prefix("local");
  for (const auto& provider : options.upstreams_) like_a_person = like_a_person || is_prefix(provider->name());
  if (like_a_person) return Error(called + " has an id like the subject of a person");
  const bool secret = record.method == ClientMethod::basic || record.method == ClientMethod::post;
  if (secret && client.secret_.reveal().size() < least_secret)
    return Error(called + " has a secret of less than 16 characters");
  if (record.method == ClientMethod::private_key_jwt) {
    const auto keys = PublicKeys::parse(record.jwks);
    if (record.jwks_uri.empty() && !keys) return Error(called + " has no usable keys: " + keys.error().message());
    const auto algorithm = jws_algorithm(record.assertion_algorithm);
    if (!algorithm || is_symmetric(*algorithm))
      return Error(called + " has no usable algorithm for its assertions: " + quoted(record.assertion_algorithm));
  }
  for (const std::string& type : record.grant_types) {
    const auto known = std::find(grant_names.begin(), grant_names.end(), type);
    if (known == grant_names.end()) return Error(called + " has an unknown grant type: " + quoted(type));
    const bool for_people = type == grant_names[0] || type == grant_names[1];
    if (!for_people && record.method == ClientMethod::none)
      return Error(called + " has " + type + ", but no way to prove itself");
  }
  const bool codes = record.grant_types.empty() || std::find(record.grant_types.begin(), record.grant_types.end(),
                                                             grant_names[0]) != record.grant_types.end();
  if (codes && record.redirect_uris.empty()) return Error(called + " has no redirect URI");
  for (const std::string& uri : record.redirect_uris) {
    auto good = check_redirect_uri(uri, record.application_type);
    if (!good) return Error(called + ": " + quoted(uri) + ": " + good.error().description);
  }
  for (const std::string& scope : record.scopes)
    if (!is_scope_name(scope)) return Error(called + " has a scope that is none: " + quoted(scope));
  return {};
}

Result<void> check_lifetimes(const OAuthServerOptions::Lifetimes& lifetimes) {
  struct Bound {
    std::string_view name;
    seconds value, least, most;
  };
  const seconds year(366L * 24 * 3600);
  for (const Bound& bound : {Bound{"transaction", lifetimes.transaction, seconds(30), seconds(3600)},
                             Bound{"code", lifetimes.code, seconds(1), seconds(600)},
                             Bound{"access_token", lifetimes.access_token, seconds(1), seconds(3600)},
                             Bound{"refresh_idle", lifetimes.refresh_idle, seconds(1), year},
                             Bound{"grant", lifetimes.grant, seconds(1), year},
                             Bound{"refresh_grace", lifetimes.refresh_grace, seconds(0), seconds(10)},
                             Bound{"pushed", lifetimes.pushed, seconds(5), seconds(600)},
                             Bound{"consent", lifetimes.consent, seconds(1), year},
                             Bound{"unused_client", lifetimes.unused_client, seconds(3600), year},
                             Bound{"idle_client", lifetimes.idle_client, seconds(3600), year},
                             Bound{"key", lifetimes.key, seconds(3600), year},
                             Bound{"key_ahead", lifetimes.key_ahead, seconds(60), lifetimes.key / 2}}) {
    if (bound.value < bound.least || bound.value > bound.most)
      return Error("the lifetime " + std::string(bound.name) + " must be between " +
                   std::to_string(bound.least.count()) + " and " + std::to_string(bound.most.count()) + " seconds");
  }
  return {};
}

}  // namespace

Result<void> check_options(const OAuthServerOptions& options) {
  auto good = check_issuer(options.issuer_);
  if (!good) return good;
  if (!options.ring_) return Error("there are no state keys: set OAuthServerOptions::keys");
  if (options.algorithm_ != JwsAlgorithm::es256 && options.algorithm_ != JwsAlgorithm::rs256)
    return Error("access tokens are signed with ES256 or RS256");
  if (options.apis_.empty()) return Error("no server is protected: set OAuthServerOptions::protects");
  std::set<std::string_view> seen;
  for (const ProtectedApi& api : options.apis_) {
    good = check_api(api);
    if (!good) return good;
    if (!seen.insert(api.resource).second) return Error("the resource " + quoted(api.resource) + " is there twice");
  }
  seen.clear();
  for (const auto& provider : options.upstreams_) {
    if (!provider) return Error("an upstream is a null pointer");
    if (!is_provider_name(provider->name()) || provider->name() == "local")
      return Error("the provider's name " + quoted(provider->name()) + " must be of a-z, 0-9 and -, and not \"local\"");
    if (!seen.insert(provider->name()).second)
      return Error("the provider " + quoted(provider->name()) + " is there twice");
  }
  seen.clear();
  for (const ConfiguredClient& client : options.clients_) {
    good = check_client(options, client);
    if (!good) return good;
    if (!seen.insert(client.record.client_id).second)
      return Error("the client " + quoted(client.record.client_id) + " is there twice");
  }
  if (options.stateless_ && options.management_)
    return Error("stateless clients cannot manage themselves: leave client_management or stateless_registration out");
  for (const Secret& token : options.initial_tokens_)
    if (token.reveal().size() < least_secret) return Error("an initial access token has less than 16 characters");
  return check_lifetimes(options.lifetimes_);
}

}  // namespace leanmcp::inline v0::as
