#pragma once

#include <leanmcp/base/result.hpp>

#include <string_view>

namespace leanmcp::inline v0 {

/// Why a token store on this machine cannot be used. What is stored stays as it is in every case.
enum class TokenStoreFault {
  not_private,     ///< others than the owner may read or write the file or its directory
  foreign_owner,   ///< the file or its directory belongs to another user
  not_a_store,     ///< something else stands in the file's place
  tampered,        ///< the file was changed, cut off, or was sealed for another use
  wrong_key,       ///< the passphrase or the key is not the one that it was sealed with
  no_key,          ///< the key file is gone, or holds no key
  too_large,       ///< more than the store holds: 512 KiB
  busy,            ///< another process holds the lock for too long
  io,              ///< the system said no: no space, a read-only directory, …
  no_keyring,      ///< no keyring service or no library for it on this machine, or not built in
  keyring_locked,  ///< the keyring is locked, and nobody unlocks it
  keyring_failed,  ///< the keyring service answers with an error
};

/// A sentence for people.
std::string_view to_string(TokenStoreFault fault) noexcept;

/// As the interface of all stores has it: the message is `to_string`.
inline Error store_error(TokenStoreFault fault) { return Error(std::string(to_string(fault))); }

}  // namespace leanmcp::inline v0
