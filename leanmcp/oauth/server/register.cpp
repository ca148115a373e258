#include <leanmcp/base/random.hpp>
#include <leanmcp/crypto/digest.hpp>
#include <leanmcp/crypto/strict_json.hpp>
#include <leanmcp/oauth/server/audit_log.hpp>
#include <leanmcp/oauth/server/client_metadata.hpp>
#include <leanmcp/oauth/server/core.hpp>
#include <leanmcp/oauth/server/end_client.hpp>
#include <leanmcp/oauth/server/initial_token.hpp>
#include <leanmcp/oauth/server/rate_limits.hpp>
#include <leanmcp/oauth/server/stateless_client.hpp>

#include <boost/json.hpp>

#include <algorithm>

namespace leanmcp::inline v0::as {

namespace json = boost::json;

namespace {

constexpr std::size_t most_body_bytes = 16 * 1024;
constexpr std::size_t longest_token = 1024;

OAuthError no_token(std::string_view why) {
  OAuthError error("invalid_token", "A good access token is needed for this.", std::string(why));
  error.status = 401;
  error.challenge = "Bearer error=\"invalid_token\"";
  return error;
}

/// The token in `Authorization: Bearer` (RFC 6750, section 2.1); empty when there is not exactly one.
std::string_view bearer(const Request& request) {
  if (request.header_count("authorization") != 1) return {};
  std::string_view value = request.header("authorization");
  constexpr std::string_view scheme = "bearer ";
  if (value.size() <= scheme.size() || value.size() > longest_token) return {};
  for (std::size_t i = 0; i < scheme.size(); ++i) {
    const char c = value[i];
    if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c) != scheme[i]) return {};
  }
  return value.substr(scheme.size());
}

bool is_json(const Request& request) {
  const std::string_view type = request.header("content-type");
  std::string media(type.substr(0, type.find_first_of("; \t")));
  std::transform(media.begin(), media.end(), media.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return media == "application/json";
}

Result<void, OAuthError> check_body(const Request& request) {
  if (request.body.size() > most_body_bytes) {
    OAuthError error("invalid_client_metadata", "The request is larger than 16 KiB.", "too large");
    error.status = 413;
    return error;
  }
  if (!is_json(request))
    return OAuthError("invalid_client_metadata", "The request must be application/json.", "content type");
  return {};
}

/// Shows a token of the configuration, or one of `leanmcp as clients invite`, which is used up by that.
bool is_invited(Core& core, const Request& request, TimePoint now) {
  const std::string_view token = bearer(request);
  for (const Secret& known : core.options.initial_tokens_)
    if (constant_time_equal(digest_of(token), digest_of(known.reveal()))) return true;
  return core.options.ring_ && use_initial_token(*core.options.ring_, *core.store, token, now);
}

/// Last of all checks: what else is wrong must not use an invitation up, and who has none must not use up what all
/// together may register.
Result<void, OAuthError> may_register(Core& core, const Request& request, TimePoint now) {
  if (const auto wait = core.limits->wait(Limit::all_registrations, "all", now); wait.count() > 0)
    return too_many_requests(wait);
  if (core.options.registration_ != Registration::open && !is_invited(core, request, now)) {
    core.limits->take(Limit::failure, request.peer, now);
    return no_token("initial access token not good");
  }
  core.limits->take(Limit::all_registrations, "all", now);
  return {};
}

/// A secret where the client's method needs one and it has none; shown in this one answer.
std::string give_secret(ClientRecord& client) {
  const bool needed = client.method == ClientMethod::basic || client.method == ClientMethod::post;
  if (!needed) client.secret_digest.clear();
  if (!needed || !client.secret_digest.empty()) return {};
  std::string secret = random_id(32);
  client.secret_digest = digest_of(secret);
  return secret;
}

/// RFC 7591, section 3.2.1, and RFC 7592, section 3.
Answer information(const Core& core, int status, const ClientRecord& client, const std::string& secret,
                   std::string_view management_token) {
  std::string body = client_information(client);
  // What a registration dies of is being idle, so that the secret has no end of its own; but one that is sealed in its
  // id dies of its age.
  const std::int64_t end =
      is_stateless_id(client.client_id) ? unix_seconds(client.created + core.options.lifetimes_.idle_client) : 0;
  if (!secret.empty())
    body += ",\"client_secret\":" + json::serialize(json::string(secret)) +
            ",\"client_secret_expires_at\":" + std::to_string(end);
  if (!management_token.empty())
    body += ",\"registration_access_token\":" + json::serialize(json::string(management_token)) +
            ",\"registration_client_uri\":" + json::serialize(json::string(core.url("/register/" + client.client_id)));
  return json_answer(status, body + "}");
}

Answer refuse(Core& core, const Request& request, const OAuthError& error, std::string_view client_id = {}) {
  const AuditEvent event = error.status == 429 ? AuditEvent::limited : AuditEvent::registration;
  AuditEntry entry(event, error.error);
  entry.peer(request.peer).reason(error.reason);
  if (!client_id.empty()) entry.unknown_client(client_id);
  core.audit->write(entry);
  return to_answer(error);
}

/// Sealed in its own id: nothing is stored.
Result<Answer, OAuthError> add_stateless(Core& core, const Request& request, ClientRecord client, TimePoint now) {
  const std::string secret = give_secret(client);
  const auto id = stateless_client_id(*core.options.ring_, client);
  if (!id) return OAuthError("invalid_client_metadata", "The client metadata is too long here.", "id too long");
  if (auto allowed = may_register(core, request, now); !allowed) return std::move(allowed).error();
  client.client_id = *id;
  core.audit->write(AuditEntry(AuditEvent::registration, "ok")
                        .unknown_client(client.client_id)
                        .redirect(client.redirect_uris.front())
                        .peer(request.peer)
                        .reason("registered without state"));
  return information(core, 201, client, secret, {});
}

Result<Answer, OAuthError> add_client(Core& core, const Request& request, TimePoint now) {
  if (const auto wait = core.limits->take(Limit::registration, request.peer, now); wait.count() > 0)
    return too_many_requests(wait);
  if (core.options.registration_ == Registration::with_token && bearer(request).empty())
    return no_token("no initial access token");
  if (auto checked = check_body(request); !checked) return std::move(checked).error();
  auto read = read_client_metadata(request.body, MetadataSource::registration);
  if (!read) return std::move(read).error();
  read->created = now;
  if (core.options.stateless_) return add_stateless(core, request, std::move(*read), now);
  const auto count = core.store->count_clients(ClientOrigin::dynamic);
  if (!count) return storage_failed(count.error());
  if (*count >= core.options.limits_.dynamic_clients) {
    OAuthError error("temporarily_unavailable", "The server takes no more clients now.", "too many clients");
    error.status = 503;
    error.retry_after = std::chrono::seconds(3600);
    return error;
  }
  if (auto allowed = may_register(core, request, now); !allowed) return std::move(allowed).error();
  ClientRecord& client = *read;
  client.client_id = random_id();
  client.origin = ClientOrigin::dynamic;
  client.document_digest = consent_digest(client);
  const std::string secret = give_secret(client);
  std::string management;
  if (core.options.management_) {
    management = random_id(32);
    client.management_digest = digest_of(management);
  }
  const auto added = core.store->add_client(client);
  if (!added) return storage_failed(added.error());
  core.audit->write(AuditEntry(AuditEvent::registration, "ok")
                        .client(client.client_id)
                        .redirect(client.redirect_uris.front())
                        .peer(request.peer)
                        .reason("registered"));
  return information(core, 201, client, secret, management);
}

/// The client that the registration access token belongs to (RFC 7592, section 2). One that is gone gets the answer of
/// a wrong token.
Result<ClientRecord, OAuthError> managed_client(Core& core, const Request& request, std::string_view client_id,
                                                std::string_view token, TimePoint now) {
  const auto stored = core.store->client(client_id);
  if (!stored) return storage_failed(stored.error());
  const bool good = *stored && (*stored)->origin == ClientOrigin::dynamic && !(*stored)->disabled && !token.empty() &&
                    !(*stored)->management_digest.empty() &&
                    constant_time_equal((*stored)->management_digest, digest_of(token));
  if (good) return **stored;
  const auto wait = core.limits->take(Limit::failure, request.peer, now);
  if (wait.count() > 0) return too_many_requests(wait);
  return no_token("registration access token not good");
}

/// RFC 7592, section 2.2: the whole description again.
Result<Answer, OAuthError> replace_client(Core& core, const Request& request, ClientRecord client,
                                          std::string_view token) {
  if (auto checked = check_body(request); !checked) return std::move(checked).error();
  auto read = read_client_metadata(request.body, MetadataSource::registration);
  if (!read) return std::move(read).error();
  const auto object = detail::strict_object(request.body, 8);
  const auto bad = [](const char* sentence) {
    return OAuthError("invalid_client_metadata", sentence, "client metadata");
  };
  const json::string* const id = object ? detail::text_member(*object, "client_id") : nullptr;
  if (!id || std::string_view(*id) != client.client_id) return bad("client_id must be the client's own.");
  for (const char* const ours :
       {"registration_access_token", "registration_client_uri", "client_secret_expires_at", "client_id_issued_at"})
    if (object->contains(ours)) return bad("The request must not have what the server alone decides.");
  if (const json::value* const secret = object->if_contains("client_secret")) {
    const json::string* const text = secret->if_string();
    if (!text || client.secret_digest.empty() || !constant_time_equal(digest_of(*text), client.secret_digest))
      return bad("client_secret must be the client's own.");
  }
  read->client_id = client.client_id;
  read->origin = client.origin;
  read->created = client.created;
  read->used = client.used;
  read->secret_digest = client.secret_digest;
  read->management_digest = client.management_digest;
  read->document_digest = consent_digest(*read);
  const std::string secret = give_secret(*read);
  const auto put = core.store->update_client(*read);
  if (!put) return storage_failed(put.error());
  // Removed or disabled meanwhile.
  if (!*put) return no_token("registration access token not good");
  return information(core, 200, *read, secret, token);
}

}  // namespace

Answer answer_register(Core& core, const Request& request, TimePoint now) {
  if (core.options.registration_ == Registration::off)
    return oauth_error(404, "invalid_request", "This server registers no clients.");
  if (request.verb != HttpMethod::post)
    return oauth_error(405, "invalid_request", "Registration is a POST.").with("Allow", "POST");
  auto answer = add_client(core, request, now);
  return answer ? std::move(*answer) : refuse(core, request, answer.error());
}

Answer answer_registered(Core& core, const Request& request, std::string_view client_id, TimePoint now) {
  if (!core.options.management_) return oauth_error(404, "invalid_request", "This server has no client management.");
  const std::string_view token = bearer(request);
  auto client = managed_client(core, request, client_id, token, now);
  if (!client) return refuse(core, request, client.error(), client_id);
  if (request.verb == HttpMethod::get) return information(core, 200, *client, {}, token);
  const auto log = [&](const char* what) {
    core.audit->write(AuditEntry(AuditEvent::registration, "ok").client(client_id).peer(request.peer).reason(what));
  };
  if (request.verb == HttpMethod::put) {
    auto answer = replace_client(core, request, std::move(*client), token);
    if (!answer) return refuse(core, request, answer.error(), client_id);
    log("changed");
    return std::move(*answer);
  }
  if (request.verb == HttpMethod::remove) {
    if (const auto removed = remove_client(*core.store, client_id); !removed)
      return refuse(core, request, storage_failed(removed.error()), client_id);
    log("removed");
    Answer gone(204, "application/json", "");
    return std::move(gone.with("Cache-Control", "no-store"));
  }
  return oauth_error(405, "invalid_request", "This is read, changed or deleted only.")
      .with("Allow", "GET, PUT, DELETE");
}

}  // namespace leanmcp::inline v0::as
