#include <leanmcp/oauth/client/issuer_rules.hpp>
#include <leanmcp/oauth/client/oauth_client_impl.hpp>

namespace leanmcp::inline v0 {

namespace {

/// Where the issuer stands that a client registered by hand was first shown to.
std::string first_issuer_name(const OAuthClientIdentity& identity, const std::string& resource,
                              const std::string& profile) {
  return "first-issuer " + encode_form_text(identity.client_id) + " " + encode_form_text(resource) + " " +
         encode_form_text(profile);
}

}  // namespace

Result<std::string> OAuthClient::State::registered_issuer() {
  if (!options.identity_) return std::string();
  if (!options.identity_issuer_.empty()) return options.identity_issuer_;
  const auto first = options.store_->load(first_issuer_name(*options.identity_, mcp_url, options.profile_));
  if (!first) return first.error();
  return *first ? std::string((*first)->reveal()) : std::string();
}

Result<bool> OAuthClient::State::recall_identity() {
  if (identity) return true;
  if (options.identity_) {
    const auto registered = registered_issuer();
    if (!registered) return registered.error();
    if (!registered->empty() && *registered != issuer)
      return Error("The client is registered at another authorization server than the one that the server names.");
    if (registered->empty()) {
      const auto saved = options.store_->save(
          first_issuer_name(*options.identity_, mcp_url, options.profile_), Secret(issuer));
      if (!saved) return saved.error();
    }
    identity = options.identity_;
    registered_here = false;
    return true;
  }
  if (server && server->takes_client_documents && !options.client_document_.empty()) {
    identity = OAuthClientIdentity(options.client_document_);
    identity->method = ClientAuthentication::none;
    registered_here = false;
    return true;
  }
  const auto kept = options.store_->load(identity_name(issuer, options.profile_));
  if (!kept) return kept.error();
  const auto read = *kept ? restore_identity(**kept) : std::nullopt;
  if (!read || (read->first.secret_expires && *read->first.secret_expires <= now())) return false;
  // To renew tokens a registration is good whatever its redirect; to sign in it must fit.
  if (!redirect_uri.empty() && !same_redirect(read->second, redirect_uri)) return false;
  identity = read->first;
  registered_here = true;
  return true;
}

Task<Result<void>> OAuthClient::State::find_identity(bool anew) {
  if (anew) {
    identity.reset();
  } else {
    // One that was taken to renew tokens may have another redirect.
    if (registered_here) identity.reset();
    const auto recalled = recall_identity();
    if (!recalled) co_return Result<void>(recalled.error());
    if (*recalled) co_return Result<void>();
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
  const auto saved =
      options.store_->save(identity_name(issuer, options.profile_), save_identity(*identity, redirect_uri));
  if (!saved) co_return Result<void>(saved.error());
  co_return Result<void>();
}

}  // namespace leanmcp::inline v0
