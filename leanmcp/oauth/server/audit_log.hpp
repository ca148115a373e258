#pragma once

#include <leanmcp/base/log.hpp>

#include <string>
#include <string_view>

namespace leanmcp::inline v0::as {

/// What happened.
enum class AuditEvent {
  authorize,      ///< an authorization request was taken or refused
  pushed,         ///< RFC 9126
  consent,        ///< a person said yes or no
  sign_in,        ///< at a provider, or here
  code,           ///< given out, redeemed, or presented again
  token,          ///< the token endpoint answered
  refresh_reuse,  ///< an old refresh token came back: its family is revoked
  client,         ///< authentication of a client
  registration,   ///< RFC 7591 and 7592
  document,       ///< a metadata document or a key set of a client was read or refused
  blocked,        ///< an address that must not be connected to
  revocation,
  introspection,
  key,             ///< a signing key was made, became active, or was retired
  limited,         ///< 429
  administration,  ///< by the command line
};
std::string_view to_string(AuditEvent event) noexcept;

/// One line of the audit log. What could hold a secret is cut down here, not at each place that logs: of a redirect URI
/// the scheme and host are kept, of a transaction's digest the first characters, of an unknown client's id only a
/// digest (a token may have been sent in its place). Outcomes and reasons are words of ours from a closed set; anything
/// that does not look like them stands as "other".
class AuditEntry {
 public:
  /// `outcome`: "ok", or an error code of OAuth.
  AuditEntry(AuditEvent event, std::string_view outcome);

  /// Only ids that were found in the store or the options.
  AuditEntry& client(std::string_view known_id) { return client_ = known_id, *this; }
  AuditEntry& unknown_client(std::string_view sent);
  AuditEntry& subject(std::string_view subject) { return subject_ = subject, *this; }
  AuditEntry& redirect(std::string_view uri);
  AuditEntry& transaction(std::string_view id_digest);
  AuditEntry& grant(std::string_view grant_id) { return grant_ = grant_id, *this; }
  AuditEntry& grant_type(std::string_view type) { return grant_type_ = type, *this; }
  AuditEntry& resource(std::string_view known_resource) { return resource_ = known_resource, *this; }
  /// The scopes that were granted, not the ones asked for.
  AuditEntry& scope(std::string_view granted) { return scope_ = granted, *this; }
  AuditEntry& peer(std::string_view address) { return peer_ = address, *this; }
  /// Scheme, host and port of a URL that was read or refused.
  AuditEntry& host(std::string_view url);
  AuditEntry& key_id(std::string_view id) { return key_id_ = id, *this; }
  /// The cause in a few words of ours.
  AuditEntry& reason(std::string_view words);

 private:
  friend class AuditLog;
  AuditEvent event_;
  std::string outcome_, client_, subject_, redirect_, transaction_, grant_, grant_type_, resource_, scope_, peer_,
      host_, key_id_, reason_;
};

/// Who did what with which client, and why it was refused; never a secret. Lines begin with "oauth" and the event.
/// Refusals and blocks are warnings, the rest is information. Thread-safe.
class AuditLog {
 public:
  explicit AuditLog(Logger logger) : logger_(std::move(logger)) {}
  void write(const AuditEntry& entry) const;

 private:
  Logger logger_;
};

}  // namespace leanmcp::inline v0::as
