#include <leanmcp/oauth/server/admin.hpp>

#include <leanmcp/oauth/server/authorization_request.hpp>
#include <leanmcp/oauth/server/end_client.hpp>
#include <leanmcp/oauth/server/initial_token.hpp>
#include <leanmcp/oauth/server/pages.hpp>
#include <leanmcp/oauth/server/stateless_client.hpp>
#include <leanmcp/oauth/server/users.hpp>

#include <algorithm>
#include <set>

namespace leanmcp::inline v0::as {
namespace {

/// What the server bounds the life of an access token by.
constexpr std::chrono::hours longest_access_token(1);
/// A result with more rows is refused (DatabaseOptions::max_rows).
constexpr std::int64_t most_rows = 10'000;

Error sentence(const StorageError& error) {
  return Error("the database cannot be used: " + std::string(to_string(error.cause)), error.detail);
}

/// As grants and access tokens say it.
std::string own_subject(const UserRecord& user) { return subject_of(own_users_name, user.subject); }

/// What the server signs with. One that was configured before has an end already (SigningKeys::keep), and where two
/// instances differ, both have: then nobody can tell which is meant.
Result<JwsAlgorithm> signing_algorithm(const std::vector<SigningKeyRecord>& records, std::optional<JwsAlgorithm> asked,
                                       TimePoint now) {
  std::set<std::string> live;
  std::set<std::string> endless;
  for (const SigningKeyRecord& record : records)
    if (record.active <= now && (!record.retires || *record.retires > now)) live.insert(record.algorithm);
  // Or its successor is published already and has none.
  for (const SigningKeyRecord& record : records)
    if (!record.retires && live.contains(record.algorithm)) endless.insert(record.algorithm);
  if (live.empty()) return Error("No key signs yet: the server makes the first one when it starts.");
  if (asked) {
    if (*asked != JwsAlgorithm::es256 && *asked != JwsAlgorithm::rs256)
      return Error("Access tokens are signed with ES256 or RS256.");
    if (live.contains(std::string(to_string(*asked)))) return *asked;
    return Error("No key of " + std::string(to_string(*asked)) + " signs here.");
  }
  const std::set<std::string>& known = endless.empty() ? live : endless;
  const auto only = jws_algorithm(*known.begin());
  if (known.size() != 1 || !only) return Error("Keys of several algorithms sign here: say which one.");
  return *only;
}

AuditEntry done(std::string_view what) { return AuditEntry(AuditEvent::administration, "ok").reason(what); }

}  // namespace

Result<Administration> Administration::open(Database database, KeyRing ring, Logger log) {
  auto store = Store::open(std::move(database));
  if (!store) return sentence(store.error());
  return Administration(std::move(*store), std::move(ring), std::move(log));
}

Administration::Outcome<std::vector<ClientRecord>> Administration::clients(std::int64_t most,
                                                                           std::string_view after) const {
  return store_.clients(std::clamp<std::int64_t>(most, 1, most_rows), after);
}

Administration::Outcome<std::optional<ClientRecord>> Administration::client(std::string_view client_id) const {
  return store_.client(client_id);
}

Administration::Outcome<bool> Administration::set_client_disabled(std::string_view client_id, bool disabled) const {
  auto sealed = stateless_client(ring_, std::string(client_id));
  if (sealed) {
    // Written down to be refused; without that record its id alone lets it in, by the rules for such ids.
    sealed->disabled = true;
    const auto done = disabled ? store_.add_client(*sealed) : store_.remove_client_record(client_id);
    if (!done) return done.error();
  }
  const auto set = store_.set_client_disabled(client_id, disabled);
  if (!set) return set.error();
  if (!*set && (disabled || !sealed)) return false;
  note(done(disabled ? "client disabled" : "client enabled").client(client_id));
  if (!disabled) return true;
  if (auto ended = revoke_grants({}, client_id); !ended) return ended.error();
  return true;
}

Administration::Outcome<bool> Administration::remove_client(std::string_view client_id) const {
  auto removed = as::remove_client(store_, client_id);
  if (removed && *removed) note(done("client removed").client(client_id));
  return removed;
}

Secret Administration::invite(TimePoint now, std::chrono::seconds lifetime) const {
  note(done("initial access token made"));
  return make_initial_token(ring_, now, lifetime);
}

Administration::Outcome<std::vector<GrantRecord>> Administration::grants(std::string_view subject,
                                                                         std::string_view client_id,
                                                                         std::int64_t most) const {
  return store_.grants(subject, client_id, std::clamp<std::int64_t>(most, 1, most_rows));
}

Administration::Outcome<bool> Administration::revoke_grant(std::string_view grant_id) const {
  auto ended = store_.revoke_grant(grant_id);
  if (ended && *ended) note(done("grant revoked").grant(grant_id));
  return ended;
}

Administration::Outcome<std::int64_t> Administration::revoke_grants(std::string_view subject,
                                                                    std::string_view client_id) const {
  auto count = end_grants(store_, subject, client_id);
  if (!count || (subject.empty() && client_id.empty())) return count;
  // Nor does what was agreed to go on without asking.
  if (auto removed = store_.remove_consents(subject, client_id); !removed) return removed.error();
  if (*count > 0) note(done("grants revoked").subject(subject).client(client_id));
  return count;
}

Administration::Outcome<void> Administration::deny(std::string_view token_id, TimePoint now) const {
  auto denied = store_.deny(token_id, now + longest_access_token);
  if (denied) note(done("access token denied"));
  return denied;
}

Administration::Outcome<std::vector<KeyDescription>> Administration::keys(TimePoint now) const {
  auto records = store_.signing_keys();
  if (!records) return records.error();
  std::vector<KeyDescription> out;
  for (const SigningKeyRecord& record : *records) {
    if (record.retires && *record.retires <= now) continue;
    KeyDescription key;
    key.key_id = record.key_id;
    key.algorithm = record.algorithm;
    key.created = record.created;
    key.active = record.active;
    key.retires = record.retires;
    key.use = record.active <= now ? KeyDescription::Use::signs : KeyDescription::Use::waits;
    // Of one algorithm only the newest active one signs; the records are in the order of that.
    for (KeyDescription& older : out)
      if (older.algorithm == key.algorithm && key.use == KeyDescription::Use::signs)
        older.use = KeyDescription::Use::verifies;
    out.push_back(std::move(key));
  }
  return out;
}

Result<std::string> Administration::rotate_key(std::optional<JwsAlgorithm> algorithm, OldKeys old,
                                               TimePoint now) const {
  const auto records = store_.signing_keys();
  if (!records) return sentence(records.error());
  const auto signing = signing_algorithm(*records, algorithm, now);
  if (!signing) return signing.error();
  SigningKeys keys(store_, ring_, *signing, KeySchedule());
  auto replaced = keys.replace(now, old);
  if (replaced)
    note(done(old == OldKeys::leave_now ? "signing key replaced, older ones refused" : "signing key replaced")
             .key_id(*replaced));
  return replaced;
}

Administration::Outcome<std::vector<UserRecord>> Administration::users(std::int64_t most) const {
  return store_.users(std::clamp<std::int64_t>(most, 1, most_rows));
}

Result<void> Administration::add_user(std::string_view username, std::string_view password, std::string_view profile,
                                      TimePoint now) const {
  const auto added = as::add_user(store_, username, password, profile, now);
  if (!added) return added.error();
  note(done("user added").subject(own_subject(*added)));
  return {};
}

Result<void> Administration::set_password(std::string_view username, std::string_view password) const {
  auto set = as::set_password(store_, username, password);
  if (set) note(done("password set"));
  return set;
}

Administration::Outcome<bool> Administration::set_user_disabled(std::string_view username, bool disabled) const {
  auto stored = store_.user(username);
  if (!stored) return stored.error();
  if (!*stored) return false;
  auto set = store_.set_user_disabled(username, disabled);
  if (!set || !*set) return set;
  const std::string subject = own_subject(**stored);
  note(done(disabled ? "user disabled" : "user enabled").subject(subject));
  // Whoever may not sign in any more keeps no tokens either.
  if (!disabled) return true;
  if (auto ended = revoke_grants(subject, {}); !ended) return ended.error();
  return true;
}

}  // namespace leanmcp::inline v0::as
