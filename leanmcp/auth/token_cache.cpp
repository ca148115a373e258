#include <leanmcp/auth/token_cache.hpp>

#include <algorithm>
#include <cstring>

namespace leanmcp::inline v0 {

std::size_t TokenCache::Hash::operator()(const Key& digest) const noexcept {
  std::size_t out = 0;
  std::memcpy(&out, digest.data(), sizeof out);
  return out;
}

TokenCache::Key TokenCache::key_of(std::string_view digest) noexcept {
  Key key{};
  std::memcpy(key.data(), digest.data(), std::min(key.size(), digest.size()));
  return key;
}

TokenCache::Part& TokenCache::part_of(const Key& digest) noexcept {
  return parts_[static_cast<unsigned char>(digest.back()) % parts];
}

std::optional<Principal> TokenCache::find(std::string_view digest, TimePoint now, std::uint64_t generation) {
  const Key key = key_of(digest);
  Part& part = part_of(key);
  const std::lock_guard lock(part.mutex);
  const auto found = part.entries.find(key);
  if (found == part.entries.end() || found->second.generation != generation ||
      unix_seconds(now) >= found->second.expires_at)
    return std::nullopt;
  return found->second.principal;
}

void TokenCache::insert(std::string_view digest, const Principal& principal, long long expires_at,
                        std::uint64_t generation) {
  const Key key = key_of(digest);
  Part& part = part_of(key);
  const std::lock_guard lock(part.mutex);
  Entry entry{principal, expires_at, generation};
  const auto found = part.entries.find(key);
  if (found != part.entries.end()) {
    found->second = std::move(entry);
    return;
  }
  while (part.entries.size() >= most_per_part_ && !part.order.empty()) {
    part.entries.erase(part.order.front());
    part.order.pop_front();
  }
  part.entries.emplace(key, std::move(entry));
  part.order.push_back(key);
}

std::size_t TokenCache::size() const {
  std::size_t count = 0;
  for (const Part& part : parts_) {
    const std::lock_guard lock(part.mutex);
    count += part.entries.size();
  }
  return count;
}

}  // namespace leanmcp::inline v0
