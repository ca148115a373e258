#include <leanmcp/storage/vault.hpp>

#include <array>

namespace leanmcp::inline v0 {

namespace {

constexpr std::size_t most_name = 1'000;
constexpr std::size_t most_value = 512 * 1024;

VaultError failed(StorageError error) { return VaultError{VaultCause::storage, std::move(error)}; }
VaultError failed(VaultCause cause) { return VaultError{cause, StorageError()}; }

bool good_name(std::string_view name) { return !name.empty() && name.size() <= most_name; }

std::int64_t millis(TimePoint t) { return t.time_since_epoch().count(); }

/// Each part with its length before it, so that no two lists of parts read alike.
void append_part(std::string& out, std::string_view part) {
  out.append(std::to_string(part.size())).append(":").append(part);
}

const std::array steps = {
    Migration{1,
              "records",
              {"CREATE TABLE vault (record TEXT NOT NULL, owner TEXT NOT NULL, service TEXT NOT NULL, "
               "key_id TEXT NOT NULL, sealed TEXT NOT NULL, version BIGINT NOT NULL, updated_at BIGINT NOT NULL, "
               "lease_holder TEXT, lease_until BIGINT, PRIMARY KEY (record, owner, service))",
               "CREATE INDEX vault_by_key ON vault (record, key_id)"}},
};

}  // namespace

std::string_view to_string(VaultCause cause) noexcept {
  switch (cause) {
    case VaultCause::storage:
      return "storage";
    case VaultCause::unknown_key:
      return "unknown_key";
    case VaultCause::damaged:
      return "damaged";
    case VaultCause::bad_record:
      return "bad_record";
  }
  return "";
}

std::string VaultError::detail() const {
  std::string text(to_string(cause));
  if (cause == VaultCause::storage) text.append(" (").append(to_string(storage.cause)).append(")");
  return text;
}

Result<Vault, VaultError> Vault::open(Database database, const KeyRing& keys, std::string record) {
  if (!good_name(record)) return failed(VaultCause::bad_record);
  auto migrated = migrate(database, "vault", steps);
  if (!migrated) return failed(migrated.error());
  return Vault(std::move(database), keys.sealer("vault"), std::move(record));
}

std::string Vault::bound_to(std::string_view owner, std::string_view service, std::string_view key_id) const {
  std::string out;
  append_part(out, record_);
  append_part(out, owner);
  append_part(out, service);
  append_part(out, key_id);
  return out;
}

Result<Secret, VaultError> Vault::unseal(std::string_view owner, std::string_view service,
                                         const std::string& sealed) const {
  auto opened = sealer_.open(sealed, bound_to(owner, service, Sealer::key_id_of(sealed)));
  if (!opened) return failed(opened.error() == OpenFault::unknown_key ? VaultCause::unknown_key : VaultCause::damaged);
  return Secret(std::move(*opened));
}

Result<std::optional<Vault::Record>, VaultError> Vault::get(std::string_view owner, std::string_view service) const {
  std::optional<Record> none;
  if (!good_name(owner) || !good_name(service)) return failed(VaultCause::bad_record);
  auto rows =
      database_.run("SELECT sealed, version, updated_at FROM vault WHERE record = $1 AND owner = $2 AND service = $3",
                    {record_, owner, service});
  if (!rows) return failed(rows.error());
  if (rows->empty()) return none;
  const Row& row = (*rows)[0];
  auto value = unseal(owner, service, row.text(0));
  if (!value) return value.error();
  Record record;
  record.value = std::move(*value);
  record.version = row.integer(1);
  record.updated = TimePoint(std::chrono::milliseconds(row.integer(2)));
  return std::optional<Record>(std::move(record));
}

Result<void, VaultError> Vault::put(std::string_view owner, std::string_view service, const Secret& value,
                                    TimePoint now) const {
  if (!good_name(owner) || !good_name(service) || value.reveal().size() > most_value)
    return failed(VaultCause::bad_record);
  const std::string& key = sealer_.key_id();
  const std::string sealed = sealer_.seal(value.reveal(), bound_to(owner, service, key));
  // A version must not come back after the record was removed: whoever still holds the old one would overwrite. The
  // time only ever raises it.
  auto written = database_.run(
      "INSERT INTO vault (record, owner, service, key_id, sealed, version, updated_at) "
      "VALUES ($1, $2, $3, $4, $5, $6, $6) ON CONFLICT (record, owner, service) DO UPDATE SET "
      "key_id = excluded.key_id, sealed = excluded.sealed, updated_at = excluded.updated_at, "
      "version = CASE WHEN excluded.version > vault.version THEN excluded.version ELSE vault.version + 1 END, "
      "lease_holder = NULL, lease_until = NULL",
      {record_, owner, service, key, sealed, millis(now)});
  if (!written) return failed(written.error());
  return {};
}

Result<bool, VaultError> Vault::replace(std::string_view owner, std::string_view service, std::int64_t version,
                                        const Secret& value, TimePoint now) const {
  if (!good_name(owner) || !good_name(service) || value.reveal().size() > most_value)
    return failed(VaultCause::bad_record);
  const std::string& key = sealer_.key_id();
  const std::string sealed = sealer_.seal(value.reveal(), bound_to(owner, service, key));
  auto written = version == 0
                     ? database_.run(
                           "INSERT INTO vault (record, owner, service, key_id, sealed, version, updated_at) "
                           "VALUES ($1, $2, $3, $4, $5, $6, $6) ON CONFLICT (record, owner, service) DO NOTHING",
                           {record_, owner, service, key, sealed, millis(now)})
                     : database_.run(
                           "UPDATE vault SET key_id = $4, sealed = $5, version = version + 1, updated_at = $6 "
                           "WHERE record = $1 AND owner = $2 AND service = $3 AND version = $7",
                           {record_, owner, service, key, sealed, millis(now), version});
  if (!written) return failed(written.error());
  return written->changed() == 1;
}

Result<bool, VaultError> Vault::remove(std::string_view owner, std::string_view service) const {
  auto removed =
      database_.run("DELETE FROM vault WHERE record = $1 AND owner = $2 AND service = $3", {record_, owner, service});
  if (!removed) return failed(removed.error());
  return removed->changed() == 1;
}

Result<bool, VaultError> Vault::remove(std::string_view owner, std::string_view service, std::int64_t version) const {
  auto removed = database_.run("DELETE FROM vault WHERE record = $1 AND owner = $2 AND service = $3 AND version = $4",
                               {record_, owner, service, version});
  if (!removed) return failed(removed.error());
  return removed->changed() == 1;
}

Result<std::int64_t, VaultError> Vault::remove_all(std::string_view owner) const {
  auto removed = database_.run("DELETE FROM vault WHERE record = $1 AND owner = $2", {record_, owner});
  if (!removed) return failed(removed.error());
  return removed->changed();
}

Result<std::vector<std::string>, VaultError> Vault::services(std::string_view owner) const {
  auto rows =
      database_.run("SELECT service FROM vault WHERE record = $1 AND owner = $2 ORDER BY service", {record_, owner});
  if (!rows) return failed(rows.error());
  std::vector<std::string> names;
  for (const Row& row : *rows) names.push_back(row.text(0));
  return names;
}

Result<bool, VaultError> Vault::lease(std::string_view owner, std::string_view service, std::string_view holder,
                                      TimePoint now, TimePoint until) const {
  auto taken = database_.run(
      "UPDATE vault SET lease_holder = $4, lease_until = $5 WHERE record = $1 AND owner = $2 AND service = $3 "
      "AND (lease_holder IS NULL OR lease_holder = $4 OR lease_until < $6)",
      {record_, owner, service, holder, millis(until), millis(now)});
  if (!taken) return failed(taken.error());
  return taken->changed() == 1;
}

Result<void, VaultError> Vault::release(std::string_view owner, std::string_view service,
                                        std::string_view holder) const {
  auto released = database_.run(
      "UPDATE vault SET lease_holder = NULL, lease_until = NULL "
      "WHERE record = $1 AND owner = $2 AND service = $3 AND lease_holder = $4",
      {record_, owner, service, holder});
  if (!released) return failed(released.error());
  return {};
}

Result<std::int64_t, VaultError> Vault::rewrap(std::int64_t most) const {
  std::int64_t done = 0;
  std::string after_owner;
  std::string after_service;
  // Rows that do not open (their key is gone) must not stop those after them.
  while (done < most) {
    auto rows = database_.run(
        "SELECT owner, service, sealed, version FROM vault WHERE record = $1 AND key_id <> $2 "
        "AND (owner > $3 OR (owner = $3 AND service > $4)) ORDER BY owner, service LIMIT 100",
        {record_, sealer_.key_id(), after_owner, after_service});
    if (!rows) return failed(rows.error());
    if (rows->empty()) break;
    for (const Row& row : *rows) {
      after_owner = row.text(0);
      after_service = row.text(1);
      auto value = unseal(after_owner, after_service, row.text(2));
      if (!value) continue;
      const std::string sealed = sealer_.seal(value->reveal(), bound_to(after_owner, after_service, sealer_.key_id()));
      // The version stays: the value is the same, and whoever is about to replace it may.
      auto written = database_.run(
          "UPDATE vault SET key_id = $4, sealed = $5 "
          "WHERE record = $1 AND owner = $2 AND service = $3 AND sealed = $6",
          {record_, after_owner, after_service, sealer_.key_id(), sealed, row.text(2)});
      if (!written) return failed(written.error());
      done += written->changed();
    }
  }
  return done;
}

}  // namespace leanmcp::inline v0
