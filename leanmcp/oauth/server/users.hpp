#pragma once

#include <leanmcp/crypto/password.hpp>
#include <leanmcp/oauth/server/store.hpp>

#include <string>
#include <string_view>

// People of this server's own, for teams without a provider.
namespace leanmcp::inline v0::as {

/// 1 to 64 of a-z, 0-9, dot, dash, underscore and @, beginning with a letter or digit: two names never look alike.
bool is_username(std::string_view text) noexcept;

/// Adds one; blocks for as long as a password costs. `profile` is JSON text with members of userinfo. The error is a
/// sentence.
Result<UserRecord> add_user(const Store& store, std::string_view username, std::string_view password,
                            std::string_view profile, TimePoint now, const ScryptCost& cost = {});
/// The error is a sentence.
Result<void> set_password(const Store& store, std::string_view username, std::string_view password,
                          const ScryptCost& cost = {});

/// The user if the password is theirs. Takes as long for a name that nobody has.
Store::Outcome<std::optional<UserRecord>> check_user(const Store& store, std::string_view username,
                                                     std::string_view password);

}  // namespace leanmcp::inline v0::as
