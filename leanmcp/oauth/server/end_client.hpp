#pragma once

#include <leanmcp/oauth/server/store.hpp>

#include <cstdint>
#include <string_view>

namespace leanmcp::inline v0::as {

// The provider's tokens behind what ends here stay in the vault, where nobody gets at them any more, until the server
// has had them revoked at the provider: `forget_ended_sign_ins`. An administrator's program cannot ask there.

/// All families of a person's, a client's, or of the one for the other; how many were alive. One of the two must not
/// be empty.
Result<std::int64_t, StorageError> end_grants(const Store& store, std::string_view subject, std::string_view client_id);

/// The client with all its grants and tokens. False when there was none.
Result<bool, StorageError> remove_client(const Store& store, std::string_view client_id);

}  // namespace leanmcp::inline v0::as
