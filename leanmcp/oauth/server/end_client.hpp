#pragma once

#include <leanmcp/oauth/server/store.hpp>
#include <leanmcp/storage/vault.hpp>

#include <string_view>

namespace leanmcp::inline v0::as {

/// The family of tokens, and the provider's tokens that the sign-in brought. True when it was alive.
Result<bool, StorageError> end_grant(const Store& store, const Vault& vault, std::string_view grant_id);

/// The client with all its grants and tokens, and the provider's tokens behind them. False when there was none.
Result<bool, StorageError> remove_client(const Store& store, const Vault& vault, std::string_view client_id);

}  // namespace leanmcp::inline v0::as
