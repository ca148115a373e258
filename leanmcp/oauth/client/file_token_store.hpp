#pragma once

#include <leanmcp/crypto/password.hpp>
#include <leanmcp/oauth/client/token_store.hpp>
#include <leanmcp/oauth/client/token_store_fault.hpp>

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace leanmcp::inline v0 {

/// What an encrypted file of tokens opens with.
class TokenFileKey {
 public:
  /// The key is derived by scrypt (RFC 7914) from the passphrase and a random salt that stands in the file. `cost` is
  /// for a file that is made; one that is there says its own. Each process pays it once.
  static TokenFileKey passphrase(Secret text, ScryptCost cost = ScryptCost());
  /// 32 random bytes in a file of mode 0600. It is made, in a directory of mode 0700, when neither it nor the tokens
  /// are there. It protects copies of the tokens' file, such as backups; not from programs of the same user.
  static TokenFileKey file(std::string directory, std::string name = "token-key");

 private:
  friend class FileTokenStore;
  Secret passphrase_;
  ScryptCost cost_;
  std::string directory_;
  std::string name_;
};

/// What the file of a directory opens with.
enum class TokenFileKind { none, key_file, passphrase };

/// Keeps everything in one file, `tokens`, sealed by AES-256-GCM, in a directory for its owner alone (modes 0600 and
/// 0700, refused otherwise). A change writes a new file and renames it over the old one; a lock keeps changes of
/// several processes apart. A file that does not open is an error and stays as it is: nothing is ever written over it.
///
/// An older version of the file that is put back is not told from the present one. 512 KiB in all.
class FileTokenStore final : public TokenStore {
 public:
  /// Makes the directory when it is not there; opens the file when it is, so that a wrong passphrase shows at once.
  static Result<std::shared_ptr<FileTokenStore>, TokenStoreFault> open(std::string directory, TokenFileKey key);

  /// For programs that ask for a passphrase only where one is needed. `none`: neither file nor, perhaps, directory.
  static Result<TokenFileKind, TokenStoreFault> kind(const std::string& directory);

  Result<std::unique_ptr<Lease>> try_lock(const std::string& name) override;
  Result<std::optional<Secret>> load(const std::string& name) override;
  Result<void> save(const std::string& name, const Secret& value) override;
  Result<void> erase(const std::string& name) override;
  Result<std::vector<std::string>> names() override;

  /// Opens the file now: why that fails, by its cause. An absent file is a good one.
  Result<void, TokenStoreFault> check();

 private:
  using Values = std::map<std::string, Secret>;
  FileTokenStore(std::string directory, TokenFileKey key) : directory_(std::move(directory)), key_(std::move(key)) {}

  Result<Values, TokenStoreFault> read();
  /// `change` says whether anything is to be written.
  template <class Change>
  Result<void, TokenStoreFault> write(Change change);
  Result<Values, TokenStoreFault> open_text(const Secret& text);
  Result<std::string, TokenStoreFault> sealed_text(const Values& values);
  /// The root key for a file with this line about it, in the form of a key ring.
  Result<Secret, TokenStoreFault> root_key(const std::string& key_line);
  Result<std::string, TokenStoreFault> new_key_line();

  const std::string directory_;
  const TokenFileKey key_;
  std::mutex mutex_;
  /// What the last key line led to: scrypt takes its time.
  std::string known_line_;
  Secret known_key_;
};

}  // namespace leanmcp::inline v0
