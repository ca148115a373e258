#include <leanmcp/oauth/client/token_store_fault.hpp>

namespace leanmcp::inline v0 {

std::string_view to_string(TokenStoreFault fault) noexcept {
  switch (fault) {
    case TokenStoreFault::not_private:
      return "The token store can be read or written by others; it needs mode 0700 for its directory and 0600 for its "
             "files.";
    case TokenStoreFault::foreign_owner:
      return "The token store belongs to another user.";
    case TokenStoreFault::not_a_store:
      return "What stands in the token store's place is none.";
    case TokenStoreFault::tampered:
      return "The token store was changed from outside or is damaged.";
    case TokenStoreFault::wrong_key:
      return "The token store does not open with this passphrase or key.";
    case TokenStoreFault::no_key:
      return "The token store's key file is missing or holds no key.";
    case TokenStoreFault::too_large:
      return "The token store is full.";
    case TokenStoreFault::busy:
      return "Another process keeps the token store locked.";
    case TokenStoreFault::io:
      return "The token store cannot be read or written.";
    case TokenStoreFault::no_keyring:
      return "There is no desktop keyring here.";
    case TokenStoreFault::keyring_locked:
      return "The desktop keyring is locked.";
    case TokenStoreFault::keyring_failed:
      return "The desktop keyring failed.";
  }
  return {};
}

}  // namespace leanmcp::inline v0
