#include <leanmcp/base/settings.hpp>

#include <algorithm>
#include <charconv>

namespace leanmcp::inline v0 {

std::vector<std::string> comma_list(std::string_view text) {
  std::vector<std::string> items;
  for (std::size_t at = 0; at <= text.size();) {
    const auto comma = std::min(text.find(',', at), text.size());
    std::string_view item = text.substr(at, comma - at);
    while (item.starts_with(' ')) item.remove_prefix(1);
    while (item.ends_with(' ')) item.remove_suffix(1);
    if (!item.empty()) items.emplace_back(item);
    at = comma + 1;
  }
  return items;
}

Result<std::uint16_t> port_number(std::string_view text, std::uint16_t unset) {
  if (text.empty()) return unset;
  std::uint16_t port = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (failed != std::errc() || end != text.data() + text.size())
    return Error("'" + std::string(text) + "' is no port: a number from 0 to 65535");
  return port;
}

std::string base_url(std::string_view text, std::string_view unset) {
  std::string_view url = text.empty() ? unset : text;
  while (url.ends_with('/')) url.remove_suffix(1);
  return std::string(url);
}

}  // namespace leanmcp::inline v0
