#include <leanmcp/oauth/server/signing_keys.hpp>

#include <algorithm>
#include <stdexcept>

namespace leanmcp::inline v0::as {
namespace {

constexpr std::string_view label = "oauth-signing-key";
constexpr std::chrono::seconds look_period(5);

std::string bound_to(std::string_view key_id, std::string_view algorithm) {
  return std::string("signing-key|").append(key_id).append("|").append(algorithm);
}

Error keys_out_of_reach(const StorageError& error) {
  return Error("the signing keys cannot be read or written", std::string(to_string(error.cause)) + " " + error.detail);
}

bool live(const std::optional<TimePoint>& retires, TimePoint now) { return !retires || *retires > now; }

}  // namespace

SigningKeys::SigningKeys(Store store, const KeyRing& ring, JwsAlgorithm algorithm, const KeySchedule& schedule)
    : store_(std::move(store)), sealer_(ring.sealer(label)), algorithm_(algorithm), schedule_(schedule) {}

Result<std::vector<SigningKeyRecord>> SigningKeys::records() const {
  auto rows = store_.signing_keys();
  if (!rows) return keys_out_of_reach(rows.error());
  return std::move(*rows);
}

Result<bool> SigningKeys::make(TimePoint now, TimePoint active, std::optional<TimePoint> newest, std::string* key_id) {
  const SigningKey key = SigningKey::generate(algorithm_);
  SigningKeyRecord record;
  record.key_id = key.key_id();
  record.algorithm = to_string(algorithm_);
  record.sealed = sealer_.seal(key.private_jwk().reveal(), bound_to(record.key_id, record.algorithm));
  record.created = now;
  record.active = active;
  auto added = store_.add_signing_key(record, newest);
  if (!added) return keys_out_of_reach(added.error());
  if (*added && on_change_) on_change_("made", record.key_id);
  if (*added && key_id) *key_id = record.key_id;
  return *added;
}

Result<void> SigningKeys::set_retirements(std::vector<SigningKeyRecord>& records) {
  for (std::size_t i = 0; i < records.size(); ++i) {
    SigningKeyRecord& record = records[i];
    // In the order of `active`: the next one of its kind takes over from it.
    const auto next = std::find_if(records.begin() + static_cast<std::ptrdiff_t>(i) + 1, records.end(),
                                   [&](const SigningKeyRecord& other) { return other.algorithm == record.algorithm; });
    std::optional<TimePoint> when;
    if (next != records.end()) {
      when = next->active + schedule_.overlap;
    } else if (record.algorithm != to_string(algorithm_)) {
      // Of an algorithm that was configured before, or still is on another instance.
      when = record.active + schedule_.lifetime + schedule_.overlap;
    }
    if (!when || !live(record.retires, *when)) continue;
    auto done = store_.retire_signing_key(record.key_id, *when);
    if (!done) return keys_out_of_reach(done.error());
    if (*done && on_change_) on_change_("retires", record.key_id);
    record.retires = when;
  }
  return {};
}

Result<void> SigningKeys::load(const std::vector<SigningKeyRecord>& records, TimePoint now) {
  Set next;
  for (const SigningKeyRecord& record : records) {
    if (!live(record.retires, now)) continue;
    const std::string bound = bound_to(record.key_id, record.algorithm);
    auto opened = sealer_.open(record.sealed, bound);
    if (!opened)
      return Error(
          "a signing key in the database does not open with the configured state keys: the key that sealed it "
          "is missing, or the database is another server's",
          std::string(to_string(opened.error())));
    const Secret jwk(std::move(*opened));
    auto key = SigningKey::from_jwk(jwk.reveal(), jws_algorithm(record.algorithm));
    if (!key) return Error("a signing key in the database is damaged", std::string(to_string(key.error())));
    if (Sealer::key_id_of(record.sealed) != sealer_.key_id()) {
      auto sealed = store_.reseal_signing_key(record.key_id, record.sealed, sealer_.seal(jwk.reveal(), bound));
      if (!sealed) return keys_out_of_reach(sealed.error());
    }
    next.push_back(Known{std::move(*key), record.active, record.retires});
  }
  const std::lock_guard lock(mutex_);
  set_ = std::make_shared<const Set>(std::move(next));
  return {};
}

Result<void> SigningKeys::keep(TimePoint now) {
  const std::lock_guard keeping(keeping_);
  looked_ = now;
  // Another instance may be first; then its key is read.
  for (int attempt = 0; attempt < 3; ++attempt) {
    auto known = records();
    if (!known) return known.error();
    std::optional<TimePoint> newest;
    bool any_live = false;
    for (const SigningKeyRecord& record : *known) {
      if (record.algorithm != to_string(algorithm_)) continue;
      newest = record.active;
      any_live = any_live || live(record.retires, now);
    }
    std::optional<TimePoint> active;
    if (!any_live) {
      active = now;
    } else if (now + schedule_.ahead >= *newest + schedule_.lifetime) {
      active = std::max<TimePoint>(*newest + schedule_.lifetime, now + schedule_.ahead);
    }
    if (active) {
      // Never two of the same time: `newest` tells who was first.
      if (newest && *active <= *newest) active = *newest + std::chrono::milliseconds(1);
      auto made = make(now, *active, newest, nullptr);
      if (!made) return made.error();
      continue;
    }
    auto retired = set_retirements(*known);
    if (!retired) return retired;
    auto loaded = load(*known, now);
    if (!loaded) return loaded;
    const std::string id = current(now).key_id();
    if (id != last_active_ && on_change_) on_change_("active", id);
    last_active_ = id;
    return {};
  }
  return Error("the signing keys are changed by others all the time");
}

void SigningKeys::look_again(TimePoint now) {
  {
    const std::lock_guard keeping(keeping_);
    if (now - looked_ < look_period) return;
  }
  const auto ignored = keep(now);
  (void)ignored.has_value();
}

Result<std::string> SigningKeys::replace(TimePoint now, OldKeys old) {
  const std::lock_guard keeping(keeping_);
  auto known = records();
  if (!known) return known.error();
  std::optional<TimePoint> newest;
  for (const SigningKeyRecord& record : *known) {
    if (record.algorithm != to_string(algorithm_)) continue;
    if (record.active <= now) {
      newest = record.active;
      continue;
    }
    // One that waits for its turn may have been stolen as well.
    auto removed = store_.remove_signing_key(record.key_id);
    if (!removed) return keys_out_of_reach(removed.error());
  }
  const TimePoint active = newest && *newest >= now ? *newest + std::chrono::milliseconds(1) : now;
  std::string id;
  auto made = make(now, active, newest, &id);
  if (!made) return made.error();
  if (!*made) return Error("another instance has just made a key: try again");
  if (old == OldKeys::leave_by_schedule) return id;
  // Of every algorithm: whoever came by one of them may have come by all.
  for (const SigningKeyRecord& record : *known) {
    auto retired = store_.retire_signing_key(record.key_id, now);
    if (!retired) return keys_out_of_reach(retired.error());
    if (*retired && on_change_) on_change_("retires", record.key_id);
  }
  return id;
}

std::shared_ptr<const SigningKeys::Set> SigningKeys::set() const {
  const std::lock_guard lock(mutex_);
  return set_;
}

SigningKey SigningKeys::current(TimePoint now) const {
  const auto known = set();
  if (!known) throw std::logic_error("the signing keys were not read");
  const Known* best = nullptr;
  for (const Known& entry : *known) {
    if (entry.key.algorithm() != algorithm_ || !live(entry.retires, now)) continue;
    if (!best || entry.active <= now) best = &entry;
  }
  // None is left only when `keep` has failed for as long as the overlap is.
  for (auto entry = known->rbegin(); !best && entry != known->rend(); ++entry)
    if (entry->key.algorithm() == algorithm_) best = &*entry;
  if (!best) throw std::logic_error("there is no signing key of the configured algorithm");
  return best->key;
}

PublicKeys SigningKeys::published(TimePoint now) const {
  std::vector<PublicKey> keys;
  const auto known = set();
  if (known)
    for (const Known& entry : *known)
      if (live(entry.retires, now)) keys.push_back(entry.key.public_key());
  return PublicKeys(std::move(keys));
}

std::string SigningKeys::jwks(TimePoint now) const {
  std::string out = "{\"keys\":[";
  const auto known = set();
  if (known) {
    for (const Known& entry : *known) {
      if (!live(entry.retires, now)) continue;
      if (out.back() != '[') out += ',';
      out += entry.key.public_jwk();
    }
  }
  return out + "]}";
}

}  // namespace leanmcp::inline v0::as
