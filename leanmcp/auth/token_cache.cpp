#include <leanmcp/auth/token_cache.hpp>

#include <algorithm>
#include <cstring>

namespace leanmcp::inline v0 {

TokenCache::TokenCache(std::size_t most) : sets_per_part_(std::max<std::size_t>(1, most / (parts * places))) {}

TokenCache::Where TokenCache::where(std::string_view digest) noexcept {
  std::array<std::uint64_t, 2> words{};
  std::memcpy(words.data(), digest.data(), std::min(sizeof words, digest.size()));
  // A tag of zero is an empty place.
  const std::uint64_t tag = words[1] == 0 ? 1 : words[1];
  return Where{&parts_[words[0] % parts], words[0] / parts % sets_per_part_, tag};
}

TokenCache::Entry* TokenCache::entry_of(const Where& at, std::string_view digest) noexcept {
  if (at.part->sets.empty()) return nullptr;
  const auto& tags = at.part->sets[at.set].tags;
  for (std::size_t place = 0; place < places; ++place) {
    if (tags[place] != at.tag) continue;
    Entry& entry = at.part->entries[at.set * places + place];
    if (std::string_view(entry.digest.data(), entry.digest.size()) == digest) return &entry;
  }
  return nullptr;
}

std::optional<Principal> TokenCache::find(std::string_view digest, TimePoint now, std::uint64_t generation) {
  const Where at = where(digest);
  const std::lock_guard lock(at.part->mutex);
  const Entry* const found = entry_of(at, digest);
  if (!found || found->generation != generation || unix_seconds(now) >= found->expires_at) return std::nullopt;
  return found->principal;
}

void TokenCache::insert(std::string_view digest, const Principal& principal, long long expires_at,
                        std::uint64_t generation) {
  const Where at = where(digest);
  Part& part = *at.part;
  std::optional<Principal> former = principal;  // goes when the lock has
  const std::lock_guard lock(part.mutex);
  if (part.sets.empty()) {
    part.sets.resize(sets_per_part_);
    part.entries.resize(sets_per_part_ * places);
    part.next_place.resize(sets_per_part_);
  }
  Entry* entry = entry_of(at, digest);
  if (!entry) {
    const std::size_t place = part.next_place[at.set]++ % places;
    part.sets[at.set].tags[place] = at.tag;
    entry = &part.entries[at.set * places + place];
    std::memcpy(entry->digest.data(), digest.data(), std::min(entry->digest.size(), digest.size()));
  }
  entry->principal.swap(former);
  entry->expires_at = expires_at;
  entry->generation = generation;
}

std::size_t TokenCache::size() const {
  std::size_t count = 0;
  for (const Part& part : parts_) {
    const std::lock_guard lock(part.mutex);
    for (const Set& set : part.sets)
      count += static_cast<std::size_t>(
          std::count_if(set.tags.begin(), set.tags.end(), [](std::uint64_t tag) { return tag != 0; }));
  }
  return count;
}

}  // namespace leanmcp::inline v0
