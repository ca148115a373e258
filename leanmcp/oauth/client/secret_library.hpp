#pragma once

#include <leanmcp/base/secret.hpp>
#include <leanmcp/oauth/client/token_store_fault.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace leanmcp::inline v0::detail {

/// libsecret, loaded at run time, and the items of one label in the keyring. Names and values may hold any bytes.
class SecretLibrary {
 public:
  /// `no_keyring` without the library, without its headers when this was built, and without a service that answers.
  static Result<std::shared_ptr<const SecretLibrary>, TokenStoreFault> load(std::string label);
  virtual ~SecretLibrary() = default;

  virtual Result<std::optional<Secret>, TokenStoreFault> find(const std::string& name) const = 0;
  virtual Result<void, TokenStoreFault> store(const std::string& name, const Secret& value) const = 0;
  virtual Result<void, TokenStoreFault> remove(const std::string& name) const = 0;
  virtual Result<std::vector<std::string>, TokenStoreFault> names() const = 0;
};

}  // namespace leanmcp::inline v0::detail
