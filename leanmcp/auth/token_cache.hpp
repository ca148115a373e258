#pragma once

#include <leanmcp/base/clock.hpp>
#include <leanmcp/server/principal.hpp>

#include <array>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

namespace leanmcp::inline v0 {

/// Who verified tokens belong to, by the tokens' digests, so that a token that comes again costs one hash and one look.
/// Never past a token's expiry, and never beyond the key set it was verified with. Bounded, without an allocation for
/// an entry: eight places for the tokens of one part of the digest, of which the oldest goes. Thread-safe: sixteen
/// parts with a lock each, held for a look-up only.
class TokenCache {
 public:
  explicit TokenCache(std::size_t most = 16'384);

  /// `digest` is SHA-256 of the whole token, 32 bytes; `generation` the present key set's.
  std::optional<Principal> find(std::string_view digest, TimePoint now, std::uint64_t generation);
  void insert(std::string_view digest, const Principal& principal, long long expires_at, std::uint64_t generation);
  std::size_t size() const;

 private:
  static constexpr std::size_t parts = 16;
  static constexpr std::size_t places = 8;
  /// The first bytes of the digest choose a set, the next are looked at first: a token that is not there costs one line
  /// of memory.
  struct alignas(64) Set {
    std::array<std::uint64_t, places> tags{};
  };
  struct Entry {
    std::array<char, 32> digest{};
    std::optional<Principal> principal;
    long long expires_at = 0;
    std::uint64_t generation = 0;
  };
  struct alignas(64) Part {
    mutable std::mutex mutex;
    std::vector<Set> sets;
    std::vector<Entry> entries;            ///< eight for each set
    std::vector<std::uint8_t> next_place;  ///< of each set: what goes next
  };
  struct Where {
    Part* part;
    std::size_t set;
    std::uint64_t tag;
  };
  Where where(std::string_view digest) noexcept;
  Entry* entry_of(const Where& at, std::string_view digest) noexcept;

  const std::size_t sets_per_part_;
  std::array<Part, parts> parts_;
};

}  // namespace leanmcp::inline v0
