#include <leanmcp/base/random.hpp>

#include <leanmcp/base/encoding.hpp>

#include <sys/random.h>

#include <cerrno>
#include <system_error>

namespace leanmcp::inline v0 {

void random_bytes(std::span<unsigned char> out) {
  std::size_t done = 0;
  while (done < out.size()) {
    const ssize_t n = ::getrandom(out.data() + done, out.size() - done, 0);
    if (n < 0) {
      if (errno == EINTR) continue;
      throw std::system_error(errno, std::generic_category(), "getrandom");
    }
    done += static_cast<std::size_t>(n);
  }
}

std::string random_id(std::size_t bytes) {
  std::string raw(bytes, '\0');
  std::string text;
  do {
    random_bytes({reinterpret_cast<unsigned char*>(raw.data()), raw.size()});
    text = base64url_encode(raw);
  } while (text.starts_with('-'));
  return text;
}

}  // namespace leanmcp::inline v0
