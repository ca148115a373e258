#include <leanmcp/oauth/server/client_document.hpp>

#include <leanmcp/crypto/strict_json.hpp>
#include <leanmcp/oauth/server/audit_log.hpp>
#include <leanmcp/oauth/server/client_metadata.hpp>
#include <leanmcp/oauth/server/core.hpp>
#include <leanmcp/oauth/server/rate_limits.hpp>
#include <leanmcp/oauth/server/redirect_uri.hpp>
#include <leanmcp/oauth/server/remote_documents.hpp>
#include <leanmcp/oauth/server/stateless_client.hpp>

#include <algorithm>

namespace leanmcp::inline v0::as {
namespace {

constexpr std::size_t longest_client_id = 2048;
/// How long the last good document serves while its host is away: a person should not have to sign in again for that.
constexpr std::chrono::seconds stale_document_good(3600);

OAuthError unknown_client(std::string_view reason) {
  OAuthError error("invalid_client", "The client is not known.", std::string(reason));
  error.status = 401;
  return error;
}

/// The document that was read becomes the record that is kept; what is ours to say of the client stays.
Result<ClientRecord, OAuthError> keep_document(Core& core, ClientRecord said, const std::optional<ClientRecord>& before,
                                               const RemoteDocument& document, TimePoint now) {
  said.created = before ? before->created : now;
  said.used = before ? before->used : std::nullopt;
  said.disabled = before && before->disabled;
  said.expires = now + document.lifetime;
  // A remembered consent holds for what the document said then; see ConsentRecord.
  said.document_digest = digest_of(document.body);
  if (auto put = core.store->put_client(said); !put) return storage_failed(put.error());
  // Meanwhile somebody may have shut it out.
  const auto stored = core.store->client(said.client_id);
  if (!stored) return storage_failed(stored.error());
  if (*stored && (*stored)->disabled) return unknown_client("client disabled");
  const bool changed = before && before->document_digest != said.document_digest;
  core.audit->write(AuditEntry(AuditEvent::document, "ok")
                        .client(said.client_id)
                        .host(said.client_id)
                        .reason(!before   ? "first read"
                                : changed ? "changed"
                                          : "read again"));
  return said;
}

Result<ClientRecord, OAuthError> refuse_document(Core& core, const std::string& client_id, AuditEvent event,
                                                 std::string_view reason) {
  core.audit->write(AuditEntry(event, "invalid_client").unknown_client(client_id).host(client_id).reason(reason));
  return unknown_client(reason);
}

bool still_serves(const std::optional<ClientRecord>& before, TimePoint now) {
  return before && before->expires && now < *before->expires + stale_document_good;
}

Result<ClientRecord, OAuthError> read_again(Core& core, const std::string& client_id,
                                            const std::optional<ClientRecord>& before, TimePoint now) {
  const bool serves = still_serves(before, now);
  const auto document = serves ? core.remote->read_again(client_id, most_document_bytes, now)
                               : core.remote->read(client_id, most_document_bytes);
  if (!document) {
    const bool away = document.error() == RemoteFault::unreachable || document.error() == RemoteFault::busy;
    if (away && serves) return *before;
    if (document.error() == RemoteFault::busy) {
      OAuthError error("temporarily_unavailable", "The server is busy; try again.",
                       std::string(to_string(document.error())));
      error.status = 503;
      error.retry_after = std::chrono::seconds(5);
      return error;
    }
    const AuditEvent event = document.error() == RemoteFault::blocked ? AuditEvent::blocked : AuditEvent::document;
    return refuse_document(core, client_id, event, to_string(document.error()));
  }
  auto said = read_client_document(client_id, document->body);
  if (!said) return refuse_document(core, client_id, AuditEvent::document, said.error().reason);
  return keep_document(core, std::move(*said), before, *document, now);
}

Result<ClientRecord, OAuthError> find_document_client(Core& core, const std::string& client_id, std::string_view peer,
                                                      TimePoint now) {
  const auto stored = core.store->client(client_id);
  if (!stored) return storage_failed(stored.error());
  if (*stored && (*stored)->disabled) return unknown_client("client disabled");
  if (*stored && (*stored)->expires && now < *(*stored)->expires) return **stored;
  // One that still serves is read at most twice a minute while its host is away (RemoteDocuments::read_again).
  if (!still_serves(*stored, now)) {
    if (const auto wait = core.limits->take(Limit::document, peer, now); wait.count() > 0) {
      core.audit->write(AuditEntry(AuditEvent::limited, "429").peer(peer).reason("new metadata documents"));
      return too_many_requests(wait);
    }
  }
  return read_again(core, client_id, *stored, now);
}

bool is_over(const ClientRecord& client, const OAuthServerOptions::Lifetimes& lifetimes, TimePoint now) {
  if (client.origin != ClientOrigin::dynamic) return false;
  return client.used ? *client.used + lifetimes.idle_client <= now : client.created + lifetimes.unused_client <= now;
}

}  // namespace

bool is_document_url(std::string_view client_id, bool loopback) {
  UriParts parts;
  if (client_id.size() > longest_client_id || !split_uri(client_id, parts)) return false;
  const bool plain = parts.scheme == "http" && loopback && is_loopback_name(parts.host);
  // The scheme as it is written: ids are compared byte for byte.
  const bool secure = client_id.starts_with("https://");
  return (secure || (plain && client_id.starts_with("http://"))) && !parts.has_user && !parts.has_fragment &&
         parts.path.size() > 1 && !has_dot_segments(parts.path);
}

Result<ClientRecord, OAuthError> read_client_document(const std::string& client_id, std::string_view json_text) {
  const auto object = detail::strict_object(json_text, 8);
  if (!object) return unknown_client("document is no json object");
  const auto* const said = detail::text_member(*object, "client_id");
  if (!said || std::string_view(*said) != client_id) return unknown_client("document of another client id");
  auto client = read_client_metadata(json_text, MetadataSource::document);
  if (!client) return unknown_client("document has bad " + client.error().reason);
  client->client_id = client_id;
  client->origin = ClientOrigin::document;
  return client;
}

Result<ClientRecord, OAuthError> find_client(Core& core, std::string_view client_id, std::string_view peer,
                                             TimePoint now) {
  if (client_id.empty() || client_id.size() > longest_client_id) return unknown_client("no client id");
  const auto printable = [](char c) { return c >= 0x20 && c < 0x7f; };
  if (!std::all_of(client_id.begin(), client_id.end(), printable)) return unknown_client("client id not printable");
  const std::string id(client_id);
  for (const ConfiguredClient& configured : core.options.clients_)
    if (configured.record.client_id == id) {
      return configured.record;
    }
  if (id.starts_with("https://") || id.starts_with("http://")) {
    if (!core.options.documents_) return unknown_client("metadata documents are off");
    if (!is_document_url(id, core.options.loopback_documents_)) return unknown_client("not a document url");
    return find_document_client(core, id, peer, now);
  }
  const auto stored = core.store->client(id);
  if (!stored) return storage_failed(stored.error());
  if (!*stored && is_stateless_id(id)) {
    // Also where new ones are kept in the database by now.
    auto sealed = stateless_client(*core.options.ring_, id);
    if (!sealed) return unknown_client("no such client");
    if (sealed->created + core.options.lifetimes_.idle_client <= now) return unknown_client("registration ran out");
    return std::move(*sealed);
  }
  if (!*stored) return unknown_client("no such client");
  if ((*stored)->disabled) return unknown_client("client disabled");
  if (is_over(**stored, core.options.lifetimes_, now)) return unknown_client("registration ran out");
  return **stored;
}

}  // namespace leanmcp::inline v0::as
