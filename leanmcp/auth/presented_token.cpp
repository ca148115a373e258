#include <leanmcp/auth/presented_token.hpp>

#include <boost/json.hpp>

#include <algorithm>

namespace leanmcp::inline v0 {

namespace {

bool equal_nocase(std::string_view a, std::string_view lower) noexcept {
  return std::equal(a.begin(), a.end(), lower.begin(), lower.end(),
                    [](char x, char y) { return (x >= 'A' && x <= 'Z' ? x + 32 : x) == y; });
}

/// b64token = 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="
bool is_b64token(std::string_view text) noexcept {
  while (text.ends_with('=')) text.remove_suffix(1);
  // Looked at to its end in any case, without a branch: nearly every token is good, and so it is done many bytes at
  // once.
  unsigned char bad = text.empty();
  for (const char character : text) {
    const auto c = static_cast<unsigned char>(character);
    const bool letter = static_cast<unsigned char>((c | 0x20) - 'a') < 26;
    const bool other = (static_cast<unsigned char>(c - '+') <= '9' - '+') & (c != ',');
    bad |= !(letter | other | (c == '_') | (c == '~'));
  }
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
