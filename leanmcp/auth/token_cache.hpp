#pragma once

#include <leanmcp/base/clock.hpp>
#include <leanmcp/server/principal.hpp>

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <unordered_map>

namespace leanmcp::inline v0 {

/// Who verified tokens belong to, by the tokens' digests, so that a token that comes again costs one hash and one look.
/// Never past a token's expiry, and never beyond the key set it was verified with. Bounded; thread-safe: sixteen parts
/// with a lock each, held for a look-up only.
class TokenCache {
 public:
  explicit TokenCache(std::size_t most = 16'384) : most_per_part_(most / parts + 1) {}

  /// `digest` is SHA-256 of the whole token, 32 bytes; `generation` the present key set's.
  std::optional<Principal> find(std::string_view digest, TimePoint now, std::uint64_t generation);
  void insert(std::string_view digest, const Principal& principal, long long expires_at, std::uint64_t generation);
  std::size_t size() const;

 private:
  static constexpr std::size_t parts = 16;
  using Key = std::array<char, 32>;
  struct Entry {
    Principal principal;
    long long expires_at = 0;
    std::uint64_t generation = 0;
  };
  /// The digest's own bytes are as good as any hash of them.
  struct Hash {
    std::size_t operator()(const Key& digest) const noexcept;
  };
  struct alignas(64) Part {
    mutable std::mutex mutex;
    std::unordered_map<Key, Entry, Hash> entries;
    std::deque<Key> order;  // of insertion: who came first goes first
  };
  static Key key_of(std::string_view digest) noexcept;
  Part& part_of(const Key& digest) noexcept;

  const std::size_t most_per_part_;
  std::array<Part, parts> parts_;
};

}  // namespace leanmcp::inline v0
