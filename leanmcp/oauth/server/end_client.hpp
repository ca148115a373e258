#pragma once

#include <leanmcp/oauth/server/store.hpp>
#include <leanmcp/storage/vault.hpp>

#include <cstdint>
#include <string_view>

namespace leanmcp::inline v0::as {

/// The family of tokens, and the provider's tokens that the sign-in brought. True when it was alive.
Result<bool, StorageError> end_grant(const Store& store, const Vault& vault, std::string_view grant_id);

/// All families of a person's, a client's, or of the one for the other, and the provider's tokens behind them; how many
/// were alive. One of the two must not be empty.
Result<std::int64_t, StorageError> end_grants(const Store& store, const Vault& vault, std::string_view subject,
                                              std::string_view client_id);

/// The client with all its grants and tokens, and the provider's tokens behind them. False when there was none.
Result<bool, StorageError> remove_client(const Store& store, const Vault& vault, std::string_view client_id);

}  // namespace leanmcp::inline v0::as
