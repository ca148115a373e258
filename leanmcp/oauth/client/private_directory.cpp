#include <leanmcp/oauth/client/private_directory.hpp>

#include <leanmcp/base/random.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <utility>

namespace leanmcp::inline v0::detail {

namespace {

constexpr mode_t others = S_IRWXG | S_IRWXO;

struct Descriptor {
  explicit Descriptor(int number) noexcept : fd(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
  int fd;
};

std::optional<TokenStoreFault> fault_of(int fd, bool directory) {
  struct stat found {};
  if (::fstat(fd, &found) != 0) return TokenStoreFault::io;
  if (directory ? !S_ISDIR(found.st_mode) : !S_ISREG(found.st_mode)) return TokenStoreFault::not_a_store;
  if (found.st_uid != ::geteuid()) return TokenStoreFault::foreign_owner;
  if ((found.st_mode & others) != 0) return TokenStoreFault::not_private;
  return std::nullopt;
}

/// Parents too: what nobody has made yet is nobody else's business.
void make_directories(const std::string& path) {
  std::filesystem::path made;
  for (const auto& part : std::filesystem::path(path)) {
    made /= part;
    ::mkdir(made.c_str(), 0700);
  }
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return ::fsync(fd) == 0;
}

}  // namespace

Result<PrivateDirectory, TokenStoreFault> PrivateDirectory::open(const std::string& path, bool create) {
  int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT && create) {
    make_directories(path);
    fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  }
  if (fd < 0) return errno == ENOTDIR ? TokenStoreFault::not_a_store : TokenStoreFault::io;
  PrivateDirectory directory(fd);
  if (const auto fault = fault_of(fd, true)) return *fault;
  return directory;
}

PrivateDirectory::PrivateDirectory(PrivateDirectory&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

PrivateDirectory::~PrivateDirectory() {
  if (fd_ >= 0) ::close(fd_);
}

Result<std::optional<Secret>, TokenStoreFault> PrivateDirectory::read(const char* name, std::size_t most_bytes) const {
  // Without O_NONBLOCK a pipe in the file's place would hold us up.
  const Descriptor file(::openat(fd_, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (file.fd < 0 && errno == ENOENT) return std::optional<Secret>();
  if (file.fd < 0 && errno == ELOOP) return TokenStoreFault::not_a_store;
  // Even the owner is not let in: that is a mode that was not ours.
  if (file.fd < 0) return errno == EACCES ? TokenStoreFault::not_private : TokenStoreFault::io;
  if (const auto fault = fault_of(file.fd, false)) return *fault;
  std::string text(most_bytes + 1, '\0');
  std::size_t used = 0;
  for (;;) {
    const ssize_t n = ::read(file.fd, text.data() + used, text.size() - used);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return TokenStoreFault::io;
    used += static_cast<std::size_t>(n);
    if (used > most_bytes) return TokenStoreFault::too_large;
    if (n == 0) break;
  }
  text.resize(used);
  return std::optional<Secret>(Secret(std::move(text)));
}

Result<void, TokenStoreFault> PrivateDirectory::write_new(const std::string& name, std::string_view text) const {
  const Descriptor file(::openat(fd_, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (file.fd < 0) return TokenStoreFault::io;
  if (write_all(file.fd, text)) return {};
  ::unlinkat(fd_, name.c_str(), 0);
  return TokenStoreFault::io;
}

Result<void, TokenStoreFault> PrivateDirectory::replace(const char* name, std::string_view text) const {
  // Always the same name, so that what a killed writer left is taken away by the next.
  const std::string fresh = std::string(name) + ".new";
  ::unlinkat(fd_, fresh.c_str(), 0);
  if (const auto written = write_new(fresh, text); !written) return written.error();
  if (::renameat(fd_, fresh.c_str(), fd_, name) != 0) {
    ::unlinkat(fd_, fresh.c_str(), 0);
    return TokenStoreFault::io;
  }
  // Without it a power cut could bring the old file back after we said that the new one is safe.
  if (::fsync(fd_) != 0) return TokenStoreFault::io;
  return {};
}

Result<bool, TokenStoreFault> PrivateDirectory::add(const char* name, std::string_view text) const {
  const std::string fresh = std::string(name) + "." + random_id(9);
  if (const auto written = write_new(fresh, text); !written) return written.error();
  const int failed = ::linkat(fd_, fresh.c_str(), fd_, name, 0) == 0 ? 0 : errno;
  ::unlinkat(fd_, fresh.c_str(), 0);
  if (failed != 0 && failed != EEXIST) return TokenStoreFault::io;
  if (::fsync(fd_) != 0) return TokenStoreFault::io;
  return failed == 0;
}

}  // namespace leanmcp::inline v0::detail
