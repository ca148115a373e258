#include <leanmcp/client/result_cache.hpp>

#include <boost/json.hpp>

#include <algorithm>
#include <chrono>

namespace leanmcp::inline v0::detail {

namespace {

/// However long a server says: a list from yesterday is asked for again.
constexpr std::chrono::milliseconds longest = std::chrono::hours(24);

std::chrono::milliseconds lifetime(const json::object& result) {
  const json::value* const ttl = result.if_contains("ttlMs");
  if (!ttl) return {};
  double ms = 0;
  if (ttl->is_int64()) ms = static_cast<double>(ttl->get_int64());
  if (ttl->is_uint64()) ms = static_cast<double>(ttl->get_uint64());
  if (ttl->is_double()) ms = ttl->get_double();
  if (!(ms > 0)) return {};
  return std::chrono::milliseconds(static_cast<std::int64_t>(std::min(ms, static_cast<double>(longest.count()))));
}

bool is_public_result(const json::object& result) {
  const json::value* const scope = result.if_contains("cacheScope");
  return scope && scope->is_string() && scope->get_string() == "public";
}

}  // namespace

ResultCache::Document ResultCache::find(std::string_view method, std::string_view key, TimePoint now) {
  const auto found = entries_.find(Key(method, key));
  if (found == entries_.end()) return nullptr;
  if (now < found->second.until) return found->second.result;
  erase(found);
  return nullptr;
}

void ResultCache::store(std::string_view method, std::string_view key, Document result, std::size_t bytes,
                        TimePoint now) {
  drop(method, key);
  const json::object* const object = result ? result->if_object() : nullptr;
  if (!object) return;
  const auto keep = lifetime(*object);
  if (keep.count() == 0 || bytes > most_bytes_ || most_entries_ == 0) return;
  make_room(bytes);
  bytes_ += bytes;
  entries_.emplace(Key(method, key), Entry{std::move(result), now + keep, bytes, is_public_result(*object)});
}

void ResultCache::make_room(std::size_t bytes) {
  while (!entries_.empty() && (entries_.size() >= most_entries_ || bytes_ + bytes > most_bytes_)) {
    erase(std::min_element(entries_.begin(), entries_.end(),
                           [](const auto& a, const auto& b) { return a.second.until < b.second.until; }));
  }
}

void ResultCache::erase(std::map<Key, Entry>::iterator at) {
  bytes_ -= at->second.bytes;
  entries_.erase(at);
}

void ResultCache::drop(std::string_view method) {
  auto at = entries_.lower_bound(Key(method, std::string()));
  while (at != entries_.end() && at->first.first == method) erase(at++);
}

void ResultCache::drop(std::string_view method, std::string_view key) {
  const auto found = entries_.find(Key(method, key));
  if (found != entries_.end()) erase(found);
}

void ResultCache::drop_private() {
  for (auto at = entries_.begin(); at != entries_.end();) {
    const auto here = at++;
    if (!here->second.is_public) erase(here);
  }
}

}  // namespace leanmcp::inline v0::detail
