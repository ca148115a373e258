#pragma once

#include <leanmcp/crypto/public_keys.hpp>
#include <leanmcp/crypto/seal.hpp>
#include <leanmcp/crypto/signing_key.hpp>
#include <leanmcp/oauth/server/store.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace leanmcp::inline v0::as {

/// When keys follow each other.
struct KeySchedule {
  KeySchedule() = default;
  /// How long a key signs.
  std::chrono::seconds lifetime = std::chrono::hours(24 * 30);
  /// How long before its first use it is published, so that everybody has read it by then.
  std::chrono::seconds ahead = std::chrono::hours(24);
  /// How long after its last use it stays published: the longest life of a token, and clocks that differ.
  std::chrono::seconds overlap = std::chrono::seconds(660);
};

/// What becomes of the keys that there were when one is made by hand.
enum class OldKeys {
  leave_by_schedule,  ///< they verify for as long as a token of theirs may live
  leave_now,          ///< they were stolen: what they signed counts no more
};

/// The keys that sign tokens. They are made here, kept in the database, sealed, and follow each other by the schedule;
/// several instances agree through the database. Thread-safe.
class SigningKeys {
 public:
  /// Told of a key that was made ("made"), that takes over ("active"), or of the time it leaves ("retires").
  using OnChange = std::function<void(std::string_view what, std::string_view key_id)>;

  SigningKeys(Store store, const KeyRing& ring, JwsAlgorithm algorithm, const KeySchedule& schedule);
  void on_change(OnChange hook) { on_change_ = std::move(hook); }

  /// Reads the keys, makes the next one when it is due, says when replaced ones leave, and seals anew what an older
  /// ring key sealed. Blocks. At start, where a failure is fatal, and then every minute; a failure then leaves the keys
  /// that are known.
  Result<void> keep(TimePoint now);
  /// As `keep`, at most once in five seconds: for a token of a key that another instance made just now.
  void look_again(TimePoint now);
  /// Makes a key that signs at once, without being published before; its id. Only the database is changed, and no
  /// schedule is asked: `keep` takes the key up here, and in every other instance, and says by that server's schedule
  /// when the old one leaves; with `leave_now`, that every older key has left already. Blocks.
  Result<std::string> replace(TimePoint now, OldKeys old = OldKeys::leave_by_schedule);

  /// The one that signs now. Throws std::logic_error before `keep` was successful.
  SigningKey current(TimePoint now) const;
  /// All that are published now.
  PublicKeys published(TimePoint now) const;
  /// Likewise, as a JWK set (RFC 7517, section 5): JSON text.
  std::string jwks(TimePoint now) const;
  JwsAlgorithm algorithm() const noexcept { return algorithm_; }

 private:
  struct Known {
    SigningKey key;
    TimePoint active;
    std::optional<TimePoint> retires;
  };
  using Set = std::vector<Known>;

  Result<std::vector<SigningKeyRecord>> records() const;
  Result<bool> make(TimePoint now, TimePoint active, std::optional<TimePoint> newest, std::string* key_id);
  Result<void> set_retirements(std::vector<SigningKeyRecord>& records);
  Result<void> load(const std::vector<SigningKeyRecord>& records, TimePoint now);
  std::shared_ptr<const Set> set() const;

  const Store store_;
  const Sealer sealer_;
  const JwsAlgorithm algorithm_;
  const KeySchedule schedule_;
  OnChange on_change_;

  mutable std::mutex mutex_;
  std::shared_ptr<const Set> set_;
  /// One at a time: the calls block on the database.
  std::mutex keeping_;
  TimePoint looked_;
  std::string last_active_;
};

}  // namespace leanmcp::inline v0::as
