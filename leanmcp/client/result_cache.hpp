#pragma once

#include <leanmcp/base/clock.hpp>
#include <leanmcp/json/fwd.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace leanmcp::inline v0::detail {

/// Results that the server allows to be kept for a while (2026-07-28, Caching). One client has one cache, so results
/// are never shared between callers; what is private goes when the credentials change. Not thread-safe.
class ResultCache {
 public:
  using Document = std::shared_ptr<const json::value>;

  ResultCache(std::size_t most_entries, std::size_t most_bytes)
      : most_entries_(most_entries), most_bytes_(most_bytes) {}

  /// The fresh result of that method with that key (the parameters which affect it); null when there is none.
  Document find(std::string_view method, std::string_view key, TimePoint now);
  /// Keeps a complete result by its own `ttlMs` and `cacheScope`; without a positive `ttlMs` it is not kept. `bytes`
  /// is what it counts for; the entries that end first make room.
  void store(std::string_view method, std::string_view key, Document result, std::size_t bytes, TimePoint now);
  /// A notification said that the method's results changed.
  void drop(std::string_view method);
  void drop(std::string_view method, std::string_view key);
  /// Other credentials from now on.
  void drop_private();
  std::size_t size() const noexcept { return entries_.size(); }

 private:
  using Key = std::pair<std::string, std::string>;
  struct Entry {
    Document result;
    TimePoint until;
    std::size_t bytes = 0;
    bool is_public = false;
  };
  void erase(std::map<Key, Entry>::iterator at);
  void make_room(std::size_t bytes);

  std::size_t most_entries_;
  std::size_t most_bytes_;
  std::size_t bytes_ = 0;
  std::map<Key, Entry> entries_;
};

}  // namespace leanmcp::inline v0::detail
