#pragma once

#include <leanmcp/oauth/client/token_store.hpp>
#include <leanmcp/oauth/client/token_store_fault.hpp>

#include <chrono>
#include <memory>
#include <string_view>

namespace leanmcp::inline v0::detail {

/// One file whose bytes are locked, each for one name, among all processes and within each (open file description
/// locks of Linux): nothing is left behind by a process that dies, and nothing is ever written.
class LeaseFile {
 public:
  /// `directory` is open and private; the file is made in it.
  static Result<LeaseFile, TokenStoreFault> open(int directory, const char* file_name);
  LeaseFile(LeaseFile&& other) noexcept;
  LeaseFile& operator=(LeaseFile&&) = delete;
  ~LeaseFile();

  /// Null when another has it.
  static Result<std::unique_ptr<TokenStore::Lease>, TokenStoreFault> try_lock(LeaseFile file, std::string_view name);
  /// Waits for it, with short sleeps; `busy` when `patience` is over.
  static Result<std::unique_ptr<TokenStore::Lease>, TokenStoreFault> lock(LeaseFile file, std::string_view name,
                                                                          std::chrono::milliseconds patience);

 private:
  explicit LeaseFile(int fd) noexcept : fd_(fd) {}
  enum class Taken { yes, no, failed };
  Taken take(std::string_view name) const;

  int fd_;
};

}  // namespace leanmcp::inline v0::detail
