#include <leanmcp/oauth/server/audit_log.hpp>

#include <leanmcp/oauth/server/redirect_uri.hpp>
#include <leanmcp/oauth/server/store.hpp>

#include <algorithm>

namespace leanmcp::inline v0::as {
namespace {

constexpr std::size_t digest_shown = 12;
constexpr std::size_t longest_word = 64;
constexpr std::size_t longest_value = 256;

/// Words of ours are lower-case letters, digits, spaces and little else; a token, a code or a URL is not.
std::string word(std::string_view text) {
  constexpr std::string_view also = " _-,.'";
  const bool ours =
      text.size() <= longest_word && std::all_of(text.begin(), text.end(), [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || also.find(c) != also.npos;
      });
  const auto longest_run = [&] {
    std::size_t run = 0, most = 0;
    for (const char c : text) most = std::max(most, run = c == ' ' || c == '_' ? 0 : run + 1);
    return most;
  };
  return ours && longest_run() <= 24 ? std::string(text) : "other";
}

std::string origin_of(std::string_view url) {
  UriParts parts;
  if (!split_uri(url, parts)) return "unreadable";
  std::string out = parts.scheme + ":";
  if (parts.hierarchical) out.append("//").append(parts.host);
  if (parts.has_port) out.append(":").append(parts.port);
  return out;
}

std::string short_digest(std::string_view text) { return "sha256:" + digest_of(text).substr(0, digest_shown); }

}  // namespace

std::string_view to_string(AuditEvent event) noexcept {
  switch (event) {
    case AuditEvent::authorize:
      return "authorize";
    case AuditEvent::pushed:
      return "pushed";
    case AuditEvent::consent:
      return "consent";
    case AuditEvent::sign_in:
      return "sign_in";
    case AuditEvent::code:
      return "code";
    case AuditEvent::token:
      return "token";
    case AuditEvent::refresh_reuse:
      return "refresh_reuse";
    case AuditEvent::client:
      return "client";
    case AuditEvent::registration:
      return "registration";
    case AuditEvent::document:
      return "document";
    case AuditEvent::blocked:
      return "blocked";
    case AuditEvent::revocation:
      return "revocation";
    case AuditEvent::introspection:
      return "introspection";
    case AuditEvent::key:
      return "key";
    case AuditEvent::limited:
      return "limited";
    case AuditEvent::administration:
      return "administration";
  }
  return "other";
}

AuditEntry::AuditEntry(AuditEvent event, std::string_view outcome) : event_(event), outcome_(word(outcome)) {}

AuditEntry& AuditEntry::unknown_client(std::string_view sent) { return client_ = short_digest(sent), *this; }
AuditEntry& AuditEntry::redirect(std::string_view uri) { return redirect_ = origin_of(uri), *this; }
AuditEntry& AuditEntry::transaction(std::string_view id_digest) {
  return transaction_ = id_digest.substr(0, digest_shown), *this;
}
AuditEntry& AuditEntry::host(std::string_view url) { return host_ = origin_of(url), *this; }
AuditEntry& AuditEntry::reason(std::string_view words) { return reason_ = word(words), *this; }

void AuditLog::write(const AuditEntry& entry) const {
  const bool good = entry.outcome_ == "ok" && entry.event_ != AuditEvent::blocked &&
                    entry.event_ != AuditEvent::refresh_reuse && entry.event_ != AuditEvent::limited;
  const LogLevel level = good ? LogLevel::info : LogLevel::warning;
  if (!logger_.enabled(level)) return;
  const auto field = [](std::string_view name, const std::string& value) {
    return LogField(value.empty() ? std::string_view() : name, std::string_view(value).substr(0, longest_value));
  };
  logger_.log(level, "oauth " + std::string(to_string(entry.event_)),
              {field("outcome", entry.outcome_), field("client", entry.client_), field("subject", entry.subject_),
               field("redirect", entry.redirect_), field("transaction", entry.transaction_),
               field("grant", entry.grant_), field("grant_type", entry.grant_type_), field("resource", entry.resource_),
               field("scope", entry.scope_), field("peer", entry.peer_), field("host", entry.host_),
               field("key", entry.key_id_), field("reason", entry.reason_)});
}

}  // namespace leanmcp::inline v0::as
