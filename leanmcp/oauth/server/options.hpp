#pragma once

#include <leanmcp/base/clock.hpp>
#include <leanmcp/base/log.hpp>
#include <leanmcp/base/secret.hpp>
#include <leanmcp/crypto/jws_algorithm.hpp>
#include <leanmcp/crypto/seal.hpp>
#include <leanmcp/oauth/server/records.hpp>
#include <leanmcp/oauth/server/upstream.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace leanmcp::inline v0 {

class HttpClient;

/// A scope and what it lets a client do, in words for the consent page.
struct ScopeDescription {
  std::string name;
  std::string meaning;
};

/// A server whose tokens are given out: `resource` of RFC 8707, the audience of its access tokens.
class ProtectedApi {
 public:
  explicit ProtectedApi(std::string resource_url) : resource(std::move(resource_url)) {}
  ProtectedApi& scope(std::string name, std::string meaning, bool by_default = true) {
    if (by_default) default_scopes.push_back(name);
    scopes.push_back(ScopeDescription{std::move(name), std::move(meaning)});
    return *this;
  }
  /// What the consent page calls it; the host otherwise.
  ProtectedApi& label(std::string text) { return shown = std::move(text), *this; }
  /// Who may ask for introspection of its tokens (RFC 7662): its client id and secret.
  ProtectedApi& introspected_by(std::string client_id, Secret secret) {
    introspector = std::move(client_id);
    introspector_secret = std::move(secret);
    return *this;
  }

  std::string resource;
  std::string shown;
  std::vector<ScopeDescription> scopes;
  /// What a client gets that asks for no scope.
  std::vector<std::string> default_scopes;
  std::string introspector;
  Secret introspector_secret;
};

/// An issuer whose assertions are traded for tokens (RFC 7523, section 2.1): ID-JAGs of a company's provider, or the
/// JWTs of a platform that workloads run on.
class TrustedIssuer {
 public:
  enum class Kind { id_jag, workload };
  TrustedIssuer(Kind kind, std::string issuer, std::string jwks_uri, std::vector<std::string> algorithms)
      : kind(kind), issuer(std::move(issuer)), jwks_uri(std::move(jwks_uri)), algorithms(std::move(algorithms)) {}
  /// Workloads: what `aud` must be; the server's issuer otherwise.
  TrustedIssuer& audience(std::string text) { return expected_audience = std::move(text), *this; }
  /// Workloads: which `sub` are taken, and as which configured client each.
  TrustedIssuer& subject(std::string sub, std::string client_id) {
    subjects.emplace_back(std::move(sub), std::move(client_id));
    return *this;
  }
  /// ID-JAGs: people of this issuer are the ones that sign in through the upstream of that name; its ids of them must
  /// be that provider's. Without it they are people of their own, known by the issuer's URL.
  TrustedIssuer& same_people_as(std::string upstream) { return people = std::move(upstream), *this; }
  /// ID-JAGs: each is good once, stricter than the draft.
  TrustedIssuer& single_use(bool on = true) { return once = on, *this; }

  Kind kind;
  std::string issuer;
  std::string jwks_uri;
  std::vector<std::string> algorithms;
  std::string expected_audience;
  std::vector<std::pair<std::string, std::string>> subjects;
  std::string people;
  bool once = false;

  /// The `sub` of our own tokens for the issuer's.
  std::string subject_of(std::string_view sub) const {
    return (people.empty() ? issuer : people) + ":" + std::string(sub);
  }
};

/// A client that is registered by hand.
class ConfiguredClient {
 public:
  explicit ConfiguredClient(std::string id) {
    record.client_id = std::move(id), record.origin = as::ClientOrigin::configured;
  }
  ConfiguredClient& name(std::string text) { return record.name = std::move(text), *this; }
  ConfiguredClient& redirect_uri(std::string uri) { return record.redirect_uris.push_back(std::move(uri)), *this; }
  ConfiguredClient& grant_type(std::string type) { return record.grant_types.push_back(std::move(type)), *this; }
  /// Proves itself by Basic (or in the body) with this secret.
  ConfiguredClient& secret(Secret value, as::ClientMethod method = as::ClientMethod::basic) {
    secret_ = std::move(value);
    return record.method = method, *this;
  }
  /// Proves itself by private_key_jwt with a key of this set (JSON text).
  ConfiguredClient& keys(std::string jwks, std::string algorithm) {
    record.jwks = std::move(jwks), record.assertion_algorithm = std::move(algorithm);
    return record.method = as::ClientMethod::private_key_jwt, *this;
  }
  ConfiguredClient& scope(std::string name) { return record.scopes.push_back(std::move(name)), *this; }
  ConfiguredClient& web() { return record.application_type = "web", *this; }
  ConfiguredClient& dpop_bound() { return record.dpop_bound = true, *this; }
  /// Token exchange: it may trade tokens for ones that are meant for that API; otherwise only for the same API's.
  ConfiguredClient& exchange_for(std::string resource) {
    return exchange_targets.push_back(std::move(resource)), *this;
  }

  as::ClientRecord record;
  std::vector<std::string> exchange_targets;
  Secret secret_;
};

/// Who may register by itself (RFC 7591).
enum class Registration {
  off,
  with_token,  ///< an initial access token is asked for
  open,
};

/// How an authorization server works; each call refines and returns the same object. Everything that weakens it is off.
class OAuthServerOptions {
 public:
  /// `issuer` is where the server is reached from outside, byte for byte what tokens say: https, or http on loopback;
  /// no query, no fragment, no slash at the end. Endpoints are below it.
  explicit OAuthServerOptions(std::string issuer) : issuer_(std::move(issuer)) {}

  /// The first one is meant where a client names none.
  OAuthServerOptions& protects(ProtectedApi api) { return apis_.push_back(std::move(api)), *this; }
  OAuthServerOptions& upstream(std::shared_ptr<Upstream> provider) {
    return upstreams_.push_back(std::move(provider)), *this;
  }
  OAuthServerOptions& client(ConfiguredClient client) { return clients_.push_back(std::move(client)), *this; }
  OAuthServerOptions& registration(Registration who) { return registration_ = who, *this; }
  /// Clients that register are kept in their own ids, sealed, and not in the database; they end 90 days after (see
  /// `Lifetimes::idle_client`), used or not.
  OAuthServerOptions& stateless_registration(bool on = true) { return stateless_ = on, *this; }
  OAuthServerOptions& initial_access_token(Secret token) {
    initial_tokens_.push_back(std::move(token));
    return registration_ = Registration::with_token, *this;
  }
  /// RFC 7592: clients may read, change and delete their registration.
  OAuthServerOptions& client_management(bool on = true) { return management_ = on, *this; }
  /// Client ID Metadata Documents; on by default.
  OAuthServerOptions& client_documents(bool on) { return documents_ = on, *this; }
  OAuthServerOptions& trust(TrustedIssuer issuer) { return trusted_.push_back(std::move(issuer)), *this; }
  OAuthServerOptions& token_exchange(bool on = true) { return exchange_ = on, *this; }
  /// RFC 9126; `required` refuses other authorization requests.
  OAuthServerOptions& pushed_requests(bool on, bool required = false) {
    pushed_required_ = required;
    return pushed_ = on, *this;
  }
  /// ES256 by default; RS256 for resource servers that know no other (RFC 9068, section 2.1).
  OAuthServerOptions& signing(JwsAlgorithm algorithm) { return algorithm_ = algorithm, *this; }
  /// DPoP proofs need a nonce of ours (RFC 9449, section 8).
  OAuthServerOptions& dpop_nonces(bool on = true) { return dpop_nonces_ = on, *this; }
  /// Lets people tick "remember this" on the consent page.
  OAuthServerOptions& remember_consent(bool on = true) { return remember_ = on, *this; }
  /// People who sign in here with a password, for teams without a provider.
  OAuthServerOptions& own_users(bool on = true) { return own_users_ = on, *this; }
  /// A few words on their sign-in page: whom to ask for an account, say. Plain text.
  OAuthServerOptions& sign_in_note(std::string text) { return sign_in_note_ = std::move(text), *this; }
  /// Client metadata documents on loopback, for tests.
  OAuthServerOptions& loopback_documents(bool on = true) { return loopback_documents_ = on, *this; }

  /// Behind a reverse proxy: the header field in which it names the client's address (`X-Forwarded-For`). The last
  /// address in it counts, which is the one that the proxy itself has seen. Limits then hold for each client, not for
  /// the proxy. Without a proxy that sets it, anybody could name any address there.
  OAuthServerOptions& client_address_from(std::string field) { return address_field_ = std::move(field), *this; }

  /// The way out to providers, trusted issuers and, where these are allowed, loopback documents; one with the usual
  /// options otherwise. For a proxy, or certificate authorities of one's own.
  OAuthServerOptions& http(std::shared_ptr<HttpClient> client) { return http_ = std::move(client), *this; }

  /// The root keys that everything secret is derived from, each with a label of its own.
  OAuthServerOptions& keys(KeyRing ring) { return ring_ = std::move(ring), *this; }
  OAuthServerOptions& logger(Logger log) { return log_ = std::move(log), *this; }
  OAuthServerOptions& clock(std::shared_ptr<const Clock> source) { return clock_ = std::move(source), *this; }

  using Seconds = std::chrono::seconds;
  struct Lifetimes {
    Seconds transaction{600};
    Seconds code{60};
    Seconds access_token{600};
    Seconds refresh_idle{14 * 24 * 3600};
    Seconds grant{60 * 24 * 3600};
    /// How long the answer to a refresh may be asked for again.
    Seconds refresh_grace{10};
    Seconds pushed{60};
    Seconds consent{90 * 24 * 3600};
    Seconds unused_client{7 * 24 * 3600};
    Seconds idle_client{90 * 24 * 3600};
    Seconds key{30 * 24 * 3600};
    /// How long before its first use a key is published.
    Seconds key_ahead{24 * 3600};
  };
  Lifetimes& lifetimes() noexcept { return lifetimes_; }

  /// Requests per minute, unless it says otherwise; 429 with Retry-After above. Zero: no limit.
  struct Limits {
    int register_per_address = 10;
    /// Of public clients by address as well: many people may have the same app.
    int token_per_client = 60;
    /// Proofs of clients that fail, and by themselves wrong passwords. Clients that prove themselves are answered all
    /// the same; a password is not looked at before it may be tried.
    int failures_per_address = 10;
    /// Wrong passwords for one name in an hour, from all browsers together in which that person has not signed in
    /// before; of one address a fifth of it, so that one address alone keeps nobody out. A browser in which the person
    /// has signed in has that fifth for itself, whatever others try.
    int password_failures_per_name = 100;
    int authorize_per_address = 30;
    int new_documents_per_address = 5;
    std::int64_t dynamic_clients = 100'000;
  };
  Limits& limits() noexcept { return limits_; }

  std::string issuer_;
  std::vector<ProtectedApi> apis_;
  std::vector<std::shared_ptr<Upstream>> upstreams_;
  std::vector<ConfiguredClient> clients_;
  Registration registration_ = Registration::off;
  std::vector<Secret> initial_tokens_;
  bool management_ = false;
  bool stateless_ = false;
  bool documents_ = true;
  std::vector<TrustedIssuer> trusted_;
  bool exchange_ = false;
  bool pushed_ = true;
  bool pushed_required_ = false;
  JwsAlgorithm algorithm_ = JwsAlgorithm::es256;
  bool dpop_nonces_ = false;
  bool remember_ = false;
  bool own_users_ = false;
  std::string sign_in_note_;
  bool loopback_documents_ = false;
  std::string address_field_;
  std::shared_ptr<HttpClient> http_;
  std::optional<KeyRing> ring_;
  Logger log_;
  std::shared_ptr<const Clock> clock_ = std::make_shared<SystemClock>();
  Lifetimes lifetimes_;
  Limits limits_;
};

}  // namespace leanmcp::inline v0
