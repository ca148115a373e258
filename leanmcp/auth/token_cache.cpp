#include <leanmcp/auth/token_cache.hpp>

#include <cstring>

namespace leanmcp::inline v0 {

std::size_t TokenCache::Hash::operator()(const std::string& digest) const noexcept {
  std::size_t out = 0;
  std::memcpy(&out, digest.data(), std::min(sizeof out, digest.size()));
  return out;
}

TokenCache::Part& TokenCache::part_of(const std::string& digest) noexcept {
  return parts_[digest.empty() ? 0 : static_cast<unsigned char>(digest.back()) % parts];
}

std::optional<Principal> TokenCache::find(const std::string& digest, TimePoint now, std::uint64_t generation) {
  Part& part = part_of(digest);
  const std::lock_guard lock(part.mutex);
  const auto found = part.entries.find(digest);
  if (found == part.entries.end() || found->second.generation != generation ||
      unix_seconds(now) >= found->second.expires_at)
    return std::nullopt;
  return found->second.principal;
}

void TokenCache::insert(const std::string& digest, const Principal& principal, long long expires_at,
                        std::uint64_t generation) {
  Part& part = part_of(digest);
  const std::lock_guard lock(part.mutex);
  Entry entry{principal, expires_at, generation};
  const auto found = part.entries.find(digest);
  if (found != part.entries.end()) {
    found->second = std::move(entry);
    return;
  }
  while (part.entries.size() >= most_per_part_ && !part.order.empty()) {
    part.entries.erase(part.order.front());
    part.order.pop_front();
  }
  part.entries.emplace(digest, std::move(entry));
  part.order.push_back(digest);
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
