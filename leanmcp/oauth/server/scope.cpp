#include <leanmcp/oauth/server/core.hpp>

#include <algorithm>

namespace leanmcp::inline v0::as {
namespace {

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    if (end > 0) out.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

template <class List, class Text>
bool has(const List& list, const Text& wanted) {
  return std::find(list.begin(), list.end(), wanted) != list.end();
}

OAuthError refused(std::string_view cause) {
  return OAuthError("invalid_scope", "The scope is not known here, or not for this client.", std::string(cause));
}

/// `https://host` and `https://host/` are one URL (RFC 3986, section 6.2.3); clients write either.
std::string_view without_root(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme != std::string_view::npos && url.find('/', scheme + 3) == url.size() - 1) url.remove_suffix(1);
  return url;
}

}  // namespace

Result<std::string, OAuthError> grant_scope(const Core&, const ClientRecord& client, const ProtectedApi& api,
                                            std::string_view requested) {
  const auto allowed = [&](std::string_view name) { return client.scopes.empty() || has(client.scopes, name); };
  const std::vector<std::string_view> wanted = words_of(requested);
  if (wanted.size() > 64) return refused("too many scopes");
  for (const std::string_view name : wanted) {
    // Refresh tokens come with the client's grant types; the word is taken since clients are told to send it (OpenID
    // Connect Core, section 11) and means nothing to the API.
    if (name == offline_access) continue;
    const bool known = std::any_of(api.scopes.begin(), api.scopes.end(),
                                   [&](const ScopeDescription& scope) { return scope.name == name; });
    if (!known) return refused("unknown scope");
    if (!allowed(name)) return refused("scope not for this client");
  }
  const bool by_default = wanted.empty() || (wanted.size() == 1 && wanted[0] == offline_access);
  std::string out;
  for (const ScopeDescription& scope : api.scopes) {
    const bool chosen =
        by_default ? has(api.default_scopes, scope.name) && allowed(scope.name) : has(wanted, scope.name);
    if (!chosen) continue;
    if (!out.empty()) out += ' ';
    out += scope.name;
  }
  if (out.empty() && !api.default_scopes.empty()) return refused("no default scope for this client");
  return out;
}

Result<const ProtectedApi*, OAuthError> find_api(const Core& core, std::string_view resource) {
  if (core.options.apis_.empty())
    return OAuthError("invalid_target", "There is no server to get a token for.", "no resource");
  const ProtectedApi* const api = resource.empty() ? &core.options.apis_.front() : core.api(resource);
  if (!api) return OAuthError("invalid_target", "The resource is not known here.", "unknown resource");
  return api;
}

const ProtectedApi* Core::api(std::string_view resource) const noexcept {
  for (const ProtectedApi& known : options.apis_)
    if (without_root(known.resource) == without_root(resource)) return &known;
  return nullptr;
}

std::string without_scope(std::string_view scope, std::string_view name) {
  std::string out;
  for (const std::string_view word : words_of(scope)) {
    if (word == name) continue;
    if (!out.empty()) out += ' ';
    out += word;
  }
  return out;
}

bool has_scope(std::string_view scope, std::string_view name) noexcept {
  while (!scope.empty()) {
    const std::size_t end = std::min(scope.find(' '), scope.size());
    if (scope.substr(0, end) == name) return true;
    scope.remove_prefix(std::min(end + 1, scope.size()));
  }
  return false;
}

}  // namespace leanmcp::inline v0::as
