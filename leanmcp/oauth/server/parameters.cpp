#include <leanmcp/oauth/server/core.hpp>

#include <leanmcp/oauth/client/form.hpp>
#include <leanmcp/storage/connection.hpp>

#include <algorithm>

namespace leanmcp::inline v0::as {
namespace {

constexpr std::size_t most_bytes = 32 * 1024;

}  // namespace

Result<Parameters, OAuthError> Parameters::parse(std::string_view text) {
  auto pairs = decode_form(text, most_bytes);
  if (!pairs)
    return OAuthError("invalid_request", "The parameters are malformed, too long or too many.", "malformed parameters");
  Parameters out;
  out.pairs_.reserve(pairs->size());
  for (auto& [name, value] : *pairs) {
    // What no rule here could mean, and some frameworks read as a list: better refused than ignored.
    if (name.find_first_of("[]") != std::string::npos)
      return OAuthError("invalid_request", "A parameter's name has brackets.", "bracketed parameter");
    // RFC 6749, appendix A: all values are UTF-8; a database takes nothing else.
    if (!leanmcp::detail::is_storable_text(name) || !leanmcp::detail::is_storable_text(value))
      return OAuthError("invalid_request", "A parameter is not UTF-8.", "malformed parameters");
    const bool repeated =
        std::any_of(out.pairs_.begin(), out.pairs_.end(), [&](const auto& known) { return known.first == name; });
    if (repeated) return OAuthError("invalid_request", "A parameter is there more than once.", "repeated parameter");
    out.pairs_.emplace_back(std::move(name), std::move(value));
  }
  return out;
}

std::string_view Parameters::get(std::string_view name) const noexcept {
  for (const auto& [known, value] : pairs_)
    if (known == name) return value;
  return {};
}

}  // namespace leanmcp::inline v0::as
