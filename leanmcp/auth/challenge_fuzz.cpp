#include <leanmcp/auth/challenge.hpp>

#include <cstdint>
#include <cstdlib>
#include <string_view>

/// What was read writes to something that reads the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto list = leanmcp::parse_challenges(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!list) return 0;
  std::string written;
  for (const auto& challenge : *list) written.append(written.empty() ? "" : ", ").append(challenge.text());
  if (written.size() > 16 * 1024) return 0;
  const auto again = leanmcp::parse_challenges(written);
  if (!again || again->size() != list->size()) std::abort();
  for (std::size_t i = 0; i < list->size(); ++i)
    if ((*again)[i].scheme() != (*list)[i].scheme() || (*again)[i].parameters() != (*list)[i].parameters())
      std::abort();
  return 0;
}
