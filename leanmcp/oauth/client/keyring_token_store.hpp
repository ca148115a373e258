#pragma once

#include <leanmcp/oauth/client/token_store.hpp>
#include <leanmcp/oauth/client/token_store_fault.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace leanmcp::inline v0 {

namespace detail {
class SecretLibrary;
}

/// Keeps values in the desktop keyring (the Secret Service of freedesktop.org: GNOME Keyring, KWallet, KeePassXC) by
/// libsecret. That library is looked for when the store is opened and not needed before; a build without its headers
/// has no keyring. A call waits while the service asks the person to unlock the keyring.
///
/// Other programs of the same user can read what is in an unlocked keyring.
class KeyringTokenStore final : public TokenStore {
 public:
  /// `lease_directory` is private to the user and made when it is not there; it holds locks only. `label` keeps several
  /// stores of one user apart. Fails by `no_keyring` where there is none.
  static Result<std::shared_ptr<KeyringTokenStore>, TokenStoreFault> open(std::string lease_directory,
                                                                          std::string label = "default");
  ~KeyringTokenStore() override;

  Result<std::unique_ptr<Lease>> try_lock(const std::string& name) override;
  Result<std::optional<Secret>> load(const std::string& name) override;
  Result<void> save(const std::string& name, const Secret& value) override;
  Result<void> erase(const std::string& name) override;
  Result<std::vector<std::string>> names() override;

 private:
  KeyringTokenStore(std::string directory, std::shared_ptr<const detail::SecretLibrary> library)
      : lease_directory_(std::move(directory)), library_(std::move(library)) {}

  const std::string lease_directory_;
  const std::shared_ptr<const detail::SecretLibrary> library_;
};

}  // namespace leanmcp::inline v0
