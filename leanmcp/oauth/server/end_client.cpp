#include <leanmcp/oauth/server/end_client.hpp>

namespace leanmcp::inline v0::as {
namespace {

/// A result with more rows is refused (DatabaseOptions::max_rows).
constexpr std::int64_t most_rows = 10'000;

}  // namespace

Result<bool, StorageError> end_grant(const Store& store, const Vault& vault, std::string_view grant_id) {
  auto ended = store.revoke_grant(grant_id);
  if (!ended) return ended;
  auto removed = vault.remove_all(grant_id);
  if (!removed && removed.error().cause == VaultCause::storage) return removed.error().storage;
  return ended;
}

Result<bool, StorageError> remove_client(const Store& store, const Vault& vault, std::string_view client_id) {
  const auto grants = store.grants({}, client_id, most_rows);
  if (!grants) return grants.error();
  for (const GrantRecord& grant : *grants)
    if (auto ended = end_grant(store, vault, grant.grant_id); !ended) return ended;
  return store.remove_client(client_id);
}

}  // namespace leanmcp::inline v0::as
