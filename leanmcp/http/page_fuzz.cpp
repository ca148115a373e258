// Any bytes of a stranger's: what a page shows of them is plain, readable text; a Cookie field is read within its
// bounds.

#include <leanmcp/http/cookie.hpp>
#include <leanmcp/http/page.hpp>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string shown = leanmcp::readable_text(text, 40);
  // What was cut down once stays as it is: no character of it is one of those that are left out.
  check(leanmcp::readable_text(shown, 41) == shown);
  check(shown.size() <= 41 * 4);
  for (const char c : shown) check(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
  check(!shown.starts_with(' ') && !shown.ends_with(' '));

  const std::string escaped = leanmcp::escape_html(text);
  check(escaped.find_first_of("<>\"'") == std::string::npos);
  check(escaped.size() >= text.size());

  const std::string_view value = leanmcp::detail::cookie_value(text, "a");
  check(value.find(';') == std::string_view::npos);
  check(value.empty() || text.find("a=" + std::string(value)) != std::string_view::npos);
  for (const std::string& name : leanmcp::detail::cookie_names(text, "leanmcp-"))
    check(name.starts_with("leanmcp-") && name.find_first_of(";=") == std::string::npos);
  return 0;
}
