#pragma once

#include <leanmcp/oauth/server/store.hpp>

#include <algorithm>
#include <chrono>
#include <string_view>

// Failed tries in the database, so that a restart forgets none and all instances count together. One row for each key:
// the time at which all its tries are made up for. All functions block.
namespace leanmcp::inline v0::as {

/// At most so many in that time, refilled steadily; that many at once after a pause.
struct TryRule {
  TryRule(std::string_view kind, int most, std::chrono::milliseconds per)
      : kind(kind), step(per / std::max(1, most)), burst(step * (std::max(1, most) - 1)) {}
  std::string_view kind;
  std::chrono::milliseconds step;
  std::chrono::milliseconds burst;
};

/// Counts one. Zero when it was within the rule, or when storage failed; otherwise when to come back.
std::chrono::milliseconds take_stored_try(const Store& store, const TryRule& rule, std::string_view key, TimePoint now);
/// Counts one less again.
void give_back_stored_try(const Store& store, const TryRule& rule, std::string_view key);
/// What `take_stored_try` would answer, without counting.
std::chrono::milliseconds wait_for_stored_try(const Store& store, const TryRule& rule, std::string_view key,
                                              TimePoint now);
/// Removes what is made up for and, should there be more than `most` keys, those that are nearest to it; how many.
Result<std::int64_t, StorageError> sweep_stored_tries(const Database& database, TimePoint now, std::int64_t most);

}  // namespace leanmcp::inline v0::as
