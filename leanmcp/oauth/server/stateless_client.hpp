#pragma once

#include <leanmcp/base/clock.hpp>
#include <leanmcp/crypto/seal.hpp>
#include <leanmcp/oauth/server/records.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace leanmcp::inline v0::as {

/// Clients that register themselves without a row in the database: what they are is in their id, sealed (AES-256-GCM),
/// so that nobody can make one up or change one. They cannot manage themselves, and end at a fixed age.

/// The id for the client; its secret's digest and time of registration go along. nullopt when it would be longer than
/// ids may be.
std::optional<std::string> stateless_client_id(const KeyRing& ring, const ClientRecord& client);

/// The client that an id holds; nullopt for ids of another kind, or that were not made with these keys.
std::optional<ClientRecord> stateless_client(const KeyRing& ring, const std::string& client_id);

/// Whether an id claims to be such.
bool is_stateless_id(std::string_view client_id) noexcept;

}  // namespace leanmcp::inline v0::as
