#pragma once

#include <leanmcp/base/clock.hpp>
#include <leanmcp/base/secret.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

// What an authorization server remembers. Whatever could be used by a thief is kept as a digest (codes, refresh tokens,
// secrets, states) or sealed (keys, upstream tokens, answers that may have to be given again).
namespace leanmcp::inline v0::as {

/// Where a client is from.
enum class ClientOrigin {
  configured,  ///< registered by hand: the only kind that may have machine grants
  dynamic,     ///< RFC 7591
  document,    ///< Client ID Metadata Document; the stored record is the cache of it
};

/// `token_endpoint_auth_method` (RFC 7591, section 2).
enum class ClientMethod { none, basic, post, private_key_jwt };

struct ClientRecord {
  std::string client_id;
  ClientOrigin origin = ClientOrigin::dynamic;
  std::string name;
  std::vector<std::string> redirect_uris;
  std::vector<std::string> grant_types;
  ClientMethod method = ClientMethod::none;
  /// SHA-256 of the secret, hex; empty for clients without one.
  std::string secret_digest;
  /// For private_key_jwt: a JWK set, JSON text, or where it is.
  std::string jwks;
  std::string jwks_uri;
  std::string assertion_algorithm;
  /// "native" or "web".
  std::string application_type = "native";
  /// What it may ask for; empty for every scope the server has.
  std::vector<std::string> scopes;
  std::string client_uri;
  /// Takes only tokens bound to its key (RFC 9449, section 5.2).
  bool dpop_bound = false;
  /// SHA-256 of the registration access token (RFC 7592); empty when the client cannot manage itself.
  std::string management_digest;
  /// Of a metadata document: what it said, so that a change is seen.
  std::string document_digest;
  bool disabled = false;
  TimePoint created;
  std::optional<TimePoint> used;
  /// Of a metadata document: until when the cache holds. Of a secret: when it ends.
  std::optional<TimePoint> expires;
};

/// An authorization request on its way through consent, sign-in and back.
struct TransactionRecord {
  /// SHA-256 of the id that pages carry, hex.
  std::string id_digest;
  std::string client_id;
  std::string redirect_uri;
  /// Whether the request named it: then the token request must too, if it names any.
  bool redirect_uri_given = true;
  std::string state;
  std::string challenge;
  std::string scope;
  std::string resource;
  std::string nonce;
  std::string dpop_thumbprint;
  /// What was asked of the sign-in: known words of `prompt`, `max_age`, `login_hint`.
  std::string prompt;
  std::optional<std::chrono::seconds> max_age;
  std::string login_hint;
  /// Where the person chose to sign in; empty before approval.
  std::string upstream;
  /// SHA-256 of the value of the cookie that ties it to one browser; empty before approval.
  std::string browser_digest;
  /// SHA-256 of the single-use token of the consent form; several open renders each have one.
  std::vector<std::string> form_digests;
  std::string upstream_state_digest;
  /// Sealed: verifier and nonce of the upstream leg, and whose remembered consent stood for the page, if one did.
  std::string upstream_secrets;
  bool approved = false;
  bool remember = false;
  TimePoint expires;
};

/// A person's yes to a transaction: what it becomes.
struct Approval {
  /// Of the form that was sent.
  std::string form_digest;
  std::string browser_digest;
  std::string upstream;
  std::string upstream_state_digest;
  std::string upstream_secrets;
  bool remember = false;
};

/// One person's permission for one client, and the family of tokens that came of it.
struct GrantRecord {
  std::string grant_id;
  std::string subject;
  std::string client_id;
  std::string scope;
  std::string resource;
  std::string upstream;
  /// What is known of the person, JSON text: for userinfo.
  std::string profile;
  TimePoint created;
  /// When the person showed who they are: the `auth_time` of every token. Absent where only the provider knows.
  std::optional<TimePoint> signed_in;
  /// Whatever happens, no token of the family lives longer.
  TimePoint expires;
  bool revoked = false;
};

struct CodeRecord {
  std::string code_digest;
  std::string grant_id;
  std::string client_id;
  std::string redirect_uri;
  bool redirect_uri_given = true;
  std::string challenge;
  std::string scope;
  std::string resource;
  std::string nonce;
  std::string dpop_thumbprint;
  bool redeemed = false;
  int wrong_tries = 0;
  TimePoint expires;
};

struct RefreshRecord {
  std::string token_digest;
  std::string grant_id;
  std::int64_t generation = 0;
  std::string client_id;
  std::string scope;
  std::string resource;
  std::string dpop_thumbprint;
  /// When it was traded for its successor.
  std::optional<TimePoint> used;
  /// Sealed: the whole answer it was traded for, given again within the grace window.
  std::string successor;
  TimePoint expires;
};

struct SigningKeyRecord {
  std::string key_id;
  std::string algorithm;
  /// Sealed private JWK.
  std::string sealed;
  /// Published from then on.
  TimePoint created;
  /// Signs from then on, until a newer key does.
  TimePoint active;
  /// Leaves the published set.
  std::optional<TimePoint> retires;
};

struct ConsentRecord {
  std::string subject;
  std::string client_id;
  std::string redirect_uri;
  std::string resource;
  /// In the one order that `sorted_scope` gives.
  std::string scope;
  std::string document_digest;
  TimePoint expires;
};

/// A pushed authorization request (RFC 9126).
struct PushedRecord {
  std::string uri_digest;
  std::string client_id;
  /// The form as it was pushed.
  std::string parameters;
  std::string dpop_thumbprint;
  TimePoint expires;
};

/// A user of the server's own, for teams without a provider.
struct UserRecord {
  std::string username;
  std::string subject;
  std::string password_hash;
  /// JSON text: name, email.
  std::string profile;
  bool disabled = false;
  TimePoint created;
};

}  // namespace leanmcp::inline v0::as
