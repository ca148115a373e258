#pragma once

#include <leanmcp/base/clock.hpp>
#include <leanmcp/base/secret.hpp>
#include <leanmcp/oauth/server/store.hpp>

#include <leanmcp/crypto/seal.hpp>

#include <string_view>

namespace leanmcp::inline v0::as {

/// An initial access token (RFC 7591, section 3) for one registration: sealed, so that nothing is stored until it is
/// used. Made by `leanmcp as`, for whoever holds the server's keys.
Secret make_initial_token(const KeyRing& ring, TimePoint now, std::chrono::seconds lifetime);

/// True once for each good token, across instances.
bool use_initial_token(const KeyRing& ring, const Store& store, std::string_view token, TimePoint now);

}  // namespace leanmcp::inline v0::as
