#include <leanmcp/oauth/client/lease_file.hpp>

#include <leanmcp/crypto/digest.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <thread>
#include <utility>

namespace leanmcp::inline v0::detail {

namespace {

/// Given back by the system when the descriptor is closed.
class HeldFile final : public TokenStore::Lease {
 public:
  explicit HeldFile(LeaseFile file) : file_(std::move(file)) {}

 private:
  LeaseFile file_;
};

/// The byte that stands for a name. Two names share one with a chance of 2^-62.
off_t byte_of(std::string_view name) {
  const std::string digest = sha256(name);
  std::uint64_t number = 0;
  for (int i = 0; i < 8; ++i) number = number << 8 | static_cast<unsigned char>(digest[static_cast<std::size_t>(i)]);
  return static_cast<off_t>(number >> 2);
}

}  // namespace

Result<LeaseFile, TokenStoreFault> LeaseFile::open(int directory, const char* file_name) {
  const int fd = ::openat(directory, file_name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return errno == ELOOP ? TokenStoreFault::not_a_store : TokenStoreFault::io;
  return LeaseFile(fd);
}

LeaseFile::LeaseFile(LeaseFile&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

LeaseFile::~LeaseFile() {
  if (fd_ >= 0) ::close(fd_);
}

LeaseFile::Taken LeaseFile::take(std::string_view name) const {
  struct flock range {};
  range.l_type = F_WRLCK;
  range.l_whence = SEEK_SET;
  range.l_start = byte_of(name);
  range.l_len = 1;
  if (::fcntl(fd_, F_OFD_SETLK, &range) == 0) return Taken::yes;
  return errno == EAGAIN || errno == EACCES ? Taken::no : Taken::failed;
}

Result<std::unique_ptr<TokenStore::Lease>, TokenStoreFault> LeaseFile::try_lock(LeaseFile file, std::string_view name) {
  const Taken taken = file.take(name);
  if (taken == Taken::failed) return TokenStoreFault::io;
  if (taken == Taken::no) return std::unique_ptr<TokenStore::Lease>();
  return std::unique_ptr<TokenStore::Lease>(std::make_unique<HeldFile>(std::move(file)));
}

Result<std::unique_ptr<TokenStore::Lease>, TokenStoreFault> LeaseFile::lock(LeaseFile file, std::string_view name,
                                                                            std::chrono::milliseconds patience) {
  constexpr std::chrono::milliseconds nap(5);
  const auto end = std::chrono::steady_clock::now() + patience;
  for (;;) {
    const Taken taken = file.take(name);
    if (taken == Taken::failed) return TokenStoreFault::io;
    if (taken == Taken::yes) return std::unique_ptr<TokenStore::Lease>(std::make_unique<HeldFile>(std::move(file)));
    if (std::chrono::steady_clock::now() >= end) return TokenStoreFault::busy;
    std::this_thread::sleep_for(nap);
  }
}

}  // namespace leanmcp::inline v0::detail
