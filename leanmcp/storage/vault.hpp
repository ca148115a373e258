#pragma once

#include <leanmcp/base/clock.hpp>
#include <leanmcp/base/secret.hpp>
#include <leanmcp/crypto/seal.hpp>
#include <leanmcp/storage/database.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace leanmcp::inline v0 {

enum class VaultCause {
  /// The database failed; see `storage`.
  storage,
  /// The record was sealed with a key that is not in the ring any more.
  unknown_key,
  /// The record was changed, or belongs to somebody else: it does not open.
  damaged,
  /// Owner or service is empty or too long, or the value is over 512 KiB.
  bad_record,
};
std::string_view to_string(VaultCause cause) noexcept;

/// A failure as a value; the detail is for the log only and names neither the value nor the owner.
struct VaultError {
  VaultCause cause = VaultCause::storage;
  StorageError storage;
  std::string detail() const;
};

/// Other people's secrets at rest: a user's tokens for a service. One record for each (owner, service); the owner is a
/// `principal_key`. AES-256-GCM under a key derived from the configured root ring, with the record's kind, owner,
/// service and key id as associated data, so that no row can be passed off as another. The newest key writes, older
/// ones only read; `rewrap` brings all records to the newest, after which an old key can go.
///
/// Copies share the database. Thread-safe; all functions block: call them on a worker thread.
class Vault {
 public:
  /// Makes its table when it is missing. `record` names what is kept ("oauth-token"): records of another kind in the
  /// same table are not seen.
  static Result<Vault, VaultError> open(Database database, const KeyRing& keys, std::string record = "oauth-token");

  struct Record {
    Secret value;
    /// Rises with each write.
    std::int64_t version = 0;
    TimePoint updated;
  };
  Result<std::optional<Record>, VaultError> get(std::string_view owner, std::string_view service) const;
  Result<void, VaultError> put(std::string_view owner, std::string_view service, const Secret& value,
                               TimePoint now) const;
  /// Writes only if the record still has this version (0: there is none yet); false when it has not.
  Result<bool, VaultError> replace(std::string_view owner, std::string_view service, std::int64_t version,
                                   const Secret& value, TimePoint now) const;
  /// False when there was none.
  Result<bool, VaultError> remove(std::string_view owner, std::string_view service) const;
  /// Only if the record still has this version; false when it has not.
  Result<bool, VaultError> remove(std::string_view owner, std::string_view service, std::int64_t version) const;
  /// All records of an owner; how many there were.
  Result<std::int64_t, VaultError> remove_all(std::string_view owner) const;
  Result<std::vector<std::string>, VaultError> services(std::string_view owner) const;

  /// Lets one of many (threads, instances) do something with a record, such as refreshing it: true when `holder` has
  /// the record to itself until `until`. A lease that ran out can be taken over. The record must exist.
  Result<bool, VaultError> lease(std::string_view owner, std::string_view service, std::string_view holder,
                                 TimePoint now, TimePoint until) const;
  Result<void, VaultError> release(std::string_view owner, std::string_view service, std::string_view holder) const;

  /// Seals up to `most` records of older keys with the newest one; how many there were. Call until it gives 0. Records
  /// whose key is gone are left alone. A record that is written meanwhile keeps what was written.
  Result<std::int64_t, VaultError> rewrap(std::int64_t most = 1'000) const;

 private:
  Vault(Database database, Sealer sealer, std::string record)
      : database_(std::move(database)), sealer_(std::move(sealer)), record_(std::move(record)) {}
  std::string bound_to(std::string_view owner, std::string_view service, std::string_view key_id) const;
  Result<Secret, VaultError> unseal(std::string_view owner, std::string_view service, const std::string& sealed) const;

  Database database_;
  Sealer sealer_;
  std::string record_;
};

}  // namespace leanmcp::inline v0
