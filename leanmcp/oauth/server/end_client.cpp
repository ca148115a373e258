#include <leanmcp/oauth/server/end_client.hpp>

namespace leanmcp::inline v0::as {
namespace {

constexpr std::int64_t at_a_time = 1'000;

}  // namespace

Result<std::int64_t, StorageError> end_grants(const Store& store, std::string_view subject,
                                              std::string_view client_id) {
  std::int64_t count = 0;
  if (subject.empty() && client_id.empty()) return count;
  for (;;) {
    const auto grants = store.live_grants(subject, client_id, at_a_time);
    if (!grants) return grants.error();
    if (grants->empty()) return count;
    for (const std::string& grant_id : *grants) {
      auto ended = store.revoke_grant(grant_id);
      if (!ended) return ended.error();
      count += *ended;
    }
  }
}

Result<bool, StorageError> remove_client(const Store& store, std::string_view client_id) {
  if (auto ended = end_grants(store, {}, client_id); !ended) return ended.error();
  return store.remove_client(client_id);
}

}  // namespace leanmcp::inline v0::as
