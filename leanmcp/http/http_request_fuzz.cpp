// Any bytes, in any pieces: the reader neither crashes nor grows without bound, and what it accepts does not depend on
// how the bytes were cut.

#include <leanmcp/http/request_reader.hpp>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

namespace {

using leanmcp::detail::RequestReader;

/// One line for each complete request, and the fault that ended it.
std::string read(std::string_view bytes, std::size_t piece) {
  RequestReader::Limits limits;
  limits.header_bytes = 2'048;
  limits.header_fields = 20;
  limits.body_bytes = 8'192;
  RequestReader reader(limits, "peer", false);
  std::string seen;
  while (!bytes.empty()) {
    const auto space = reader.space();
    const std::size_t n = std::min({space.size(), bytes.size(), piece});
    std::memcpy(space.data(), bytes.data(), n);
    reader.commit(n);
    bytes.remove_prefix(n);
    if (reader.capacity() > 64'000) std::abort();
    for (bool more = true; more;) switch (reader.advance()) {
        case RequestReader::Status::need_more:
          more = false;
          break;
        case RequestReader::Status::head:
          break;
        case RequestReader::Status::complete: {
          const leanmcp::HttpRequest& request = reader.request();
          seen.append(request.method()).append(" ").append(request.path()).append("?").append(request.query());
          request.for_each_header([&](std::string_view name, std::string_view value) {
            if (request.header_count(name) == 0) std::abort();
            seen.append(" ").append(name).append("=").append(value);
          });
          seen.append(" ").append(reader.authority()).append(" ").append(request.body()).append("\n");
          reader.next();
          break;
        }
        case RequestReader::Status::failed:
          if (reader.fault() < 400 || reader.fault() > 599) std::abort();
          return seen;
      }
  }
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string whole = read(bytes, bytes.size() + 1);
  const std::string pieces = read(bytes, 1 + data[0] % 61);
  if (whole != pieces) std::abort();
  return 0;
}
