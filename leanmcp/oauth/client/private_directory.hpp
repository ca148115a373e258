#pragma once

#include <leanmcp/base/secret.hpp>
#include <leanmcp/oauth/client/token_store_fault.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace leanmcp::inline v0::detail {

/// A directory that only its owner can enter, and the files in it. Whatever else has its mode or owner wrong is
/// refused, never put right: somebody may have read or written it.
class PrivateDirectory {
 public:
  /// Makes what is missing of the path, for the owner alone, where `create` says so.
  static Result<PrivateDirectory, TokenStoreFault> open(const std::string& path, bool create);
  PrivateDirectory(PrivateDirectory&& other) noexcept;
  PrivateDirectory& operator=(PrivateDirectory&&) = delete;
  ~PrivateDirectory();

  /// nullopt when there is no such file.
  Result<std::optional<Secret>, TokenStoreFault> read(const char* name, std::size_t most_bytes) const;
  /// A reader, and whoever comes after a crash, finds the old text or the new one, whole. One writer at a time.
  Result<void, TokenStoreFault> replace(const char* name, std::string_view text) const;
  /// The same for a file that is not there yet; false when it is.
  Result<bool, TokenStoreFault> add(const char* name, std::string_view text) const;

  int fd() const noexcept { return fd_; }

 private:
  explicit PrivateDirectory(int fd) noexcept : fd_(fd) {}
  Result<void, TokenStoreFault> write_new(const std::string& name, std::string_view text) const;

  int fd_;
};

}  // namespace leanmcp::inline v0::detail
