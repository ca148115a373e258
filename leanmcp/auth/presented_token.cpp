#include <leanmcp/auth/presented_token.hpp>

#include <boost/json.hpp>

#include <algorithm>
#include <array>

namespace leanmcp::inline v0 {

namespace {

constexpr std::size_t most_token_bytes = 16 * 1024;

bool equal_nocase(std::string_view a, std::string_view lower) noexcept {
  return std::equal(a.begin(), a.end(), lower.begin(), lower.end(),
                    [](char x, char y) { return (x >= 'A' && x <= 'Z' ? x + 32 : x) == y; });
}

constexpr std::array<unsigned char, 256> foreign_to_b64token() {
  std::array<unsigned char, 256> table{};
  for (auto& entry : table) entry = 1;
  for (const char c : std::string_view("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~+/"))
    table[static_cast<unsigned char>(c)] = 0;
  return table;
}
constexpr auto foreign = foreign_to_b64token();

/// b64token = 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="
bool is_b64token(std::string_view text) noexcept {
  while (text.ends_with('=')) text.remove_suffix(1);
  // Looked at to its end in any case: nearly every token is good, and this has no branches.
  unsigned bad = text.empty() ? 1 : 0;
  for (const char c : text) bad |= foreign[static_cast<unsigned char>(c)];
  return bad == 0;
}

bool good(std::string_view token) noexcept { return token.size() <= most_token_bytes && is_b64token(token); }

}  // namespace

Authorization parse_authorization(std::string_view value) noexcept {
  Authorization out;
  const auto space = value.find(' ');
  const std::string_view scheme = value.substr(0, space);
  const bool bearer = equal_nocase(scheme, "bearer");
  if (!bearer && !equal_nocase(scheme, "dpop")) return out;
  std::string_view token = space == std::string_view::npos ? std::string_view() : value.substr(space + 1);
  while (token.starts_with(' ')) token.remove_prefix(1);
  if (!good(token)) {
    out.form = AuthorizationForm::malformed;
    return out;
  }
  out.form = bearer ? AuthorizationForm::bearer : AuthorizationForm::dpop;
  out.token = token;
  return out;
}

PresentedTokens presented_tokens(const RequestInfo& info, const json::object* meta) {
  PresentedTokens out;
  const Credentials& credentials = info.credentials;
  if (credentials.authorization_headers > 1) out.malformed = true;
  if (credentials.authorization_headers == 1) out.header = parse_authorization(credentials.authorization_header);
  if (out.header.form == AuthorizationForm::malformed) out.malformed = true;
  const json::value* const authorization = meta ? meta->if_contains("authorization") : nullptr;
  if (authorization) {
    const json::object* const object = authorization->if_object();
    const json::value* const type = object ? object->if_contains("type") : nullptr;
    const json::value* const token = object ? object->if_contains("token") : nullptr;
    const bool typed = !type || (type->is_string() && equal_nocase(type->get_string(), "bearer"));
    if (typed && token && token->is_string() && good(token->get_string())) {
      out.meta = token->get_string();
    } else {
      out.malformed = true;
    }
  }
  out.ambient = credentials.ambient_token.reveal();
  out.soft = info.channel == Channel::stdio || (credentials.authorization_headers == 0 && authorization);
  return out;
}

}  // namespace leanmcp::inline v0
