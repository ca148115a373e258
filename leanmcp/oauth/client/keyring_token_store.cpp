#include <leanmcp/oauth/client/keyring_token_store.hpp>

#include <leanmcp/oauth/client/lease_file.hpp>
#include <leanmcp/oauth/client/private_directory.hpp>
#include <leanmcp/oauth/client/secret_library.hpp>

namespace leanmcp::inline v0 {

namespace {

constexpr const char* keyring_lock = "keyring.lock";

}  // namespace

Result<std::shared_ptr<KeyringTokenStore>, TokenStoreFault> KeyringTokenStore::open(std::string lease_directory,
                                                                                    std::string label) {
  const auto directory = detail::PrivateDirectory::open(lease_directory, true);
  if (!directory) return directory.error();
  auto library = detail::SecretLibrary::load(std::move(label));
  if (!library) return library.error();
  return std::shared_ptr<KeyringTokenStore>(new KeyringTokenStore(std::move(lease_directory), std::move(*library)));
}

KeyringTokenStore::~KeyringTokenStore() = default;

Result<std::unique_ptr<TokenStore::Lease>> KeyringTokenStore::try_lock(const std::string& name) {
  const auto directory = detail::PrivateDirectory::open(lease_directory_, true);
  if (!directory) return store_error(directory.error());
  auto file = detail::LeaseFile::open(directory->fd(), keyring_lock);
  if (!file) return store_error(file.error());
  auto lease = detail::LeaseFile::try_lock(std::move(*file), name);
  if (!lease) return store_error(lease.error());
  return std::move(*lease);
}

Result<std::optional<Secret>> KeyringTokenStore::load(const std::string& name) {
  auto found = library_->find(name);
  if (!found) return store_error(found.error());
  return std::move(*found);
}

Result<void> KeyringTokenStore::save(const std::string& name, const Secret& value) {
  const auto stored = library_->store(name, value);
  if (!stored) return store_error(stored.error());
  return {};
}

Result<void> KeyringTokenStore::erase(const std::string& name) {
  const auto removed = library_->remove(name);
  if (!removed) return store_error(removed.error());
  return {};
}

Result<std::vector<std::string>> KeyringTokenStore::names() {
  auto found = library_->names();
  if (!found) return store_error(found.error());
  return std::move(*found);
}

}  // namespace leanmcp::inline v0
