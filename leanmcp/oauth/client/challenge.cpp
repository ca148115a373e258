#include <leanmcp/oauth/client/challenge.hpp>

#include <leanmcp/base/ascii.hpp>

#include <algorithm>

namespace leanmcp::inline v0 {

namespace {

constexpr std::size_t most_challenge_bytes = 16 * 1024;
constexpr std::size_t most_challenges = 16;
constexpr std::size_t most_parameters = 32;

/// `tchar` of RFC 9110, section 5.6.2.
bool is_token_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}
bool is_token68_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("-._~+/").find(c) != std::string_view::npos;
}

class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  std::optional<std::vector<AuthenticateChallenge>> read() {
    std::vector<AuthenticateChallenge> found;
    for (skip_separators(); !rest_.empty(); skip_separators()) {
      if (found.size() == most_challenges) return std::nullopt;
      AuthenticateChallenge challenge;
      challenge.scheme = detail::to_lower(token());
      if (challenge.scheme.empty()) return std::nullopt;
      if (!rest_.empty() && rest_[0] != ' ' && rest_[0] != ',' && rest_[0] != '\t') return std::nullopt;
      skip_space();
      if (!read_token68(challenge) && !read_parameters(challenge)) return std::nullopt;
      found.push_back(std::move(challenge));
    }
    return found;
  }

 private:
  void skip_space() {
    while (!rest_.empty() && (rest_[0] == ' ' || rest_[0] == '\t')) rest_.remove_prefix(1);
  }
  void skip_separators() {
    while (!rest_.empty() && (rest_[0] == ' ' || rest_[0] == '\t' || rest_[0] == ',')) rest_.remove_prefix(1);
  }
  std::string_view token() {
    std::size_t size = 0;
    while (size < rest_.size() && is_token_char(rest_[size])) ++size;
    const std::string_view out = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return out;
  }
  /// What stands before the next comma or the end, and is no parameter.
  bool read_token68(AuthenticateChallenge& challenge) {
    std::size_t size = 0;
    while (size < rest_.size() && is_token68_char(rest_[size])) ++size;
    if (size == 0) return false;
    std::size_t padded = size;
    while (padded < rest_.size() && rest_[padded] == '=') ++padded;
    std::size_t end = padded;
    while (end < rest_.size() && (rest_[end] == ' ' || rest_[end] == '\t')) ++end;
    if (end < rest_.size() && rest_[end] != ',') return false;
    challenge.token68 = std::string(rest_.substr(0, padded));
    rest_.remove_prefix(end);
    return true;
  }
  bool read_parameters(AuthenticateChallenge& challenge) {
    for (;;) {
      const std::string_view before = rest_;
      skip_separators();
      const std::string name = detail::to_lower(token());
      skip_space();
      // A name without a value is the next challenge's scheme.
      if (name.empty() || rest_.empty() || rest_[0] != '=') {
        rest_ = before;
        skip_space();
        return rest_.empty() || rest_[0] == ',';
      }
      rest_.remove_prefix(1);
      skip_space();
      auto value = read_value();
      if (!value || challenge.find(name) || challenge.parameters.size() == most_parameters) return false;
      challenge.parameters.emplace_back(name, std::move(*value));
      skip_space();
      if (!rest_.empty() && rest_[0] != ',') return false;
    }
  }
  std::optional<std::string> read_value() {
    if (rest_.empty() || rest_[0] != '"') {
      const std::string_view value = token();
      if (value.empty()) return std::nullopt;
      return std::string(value);
    }
    rest_.remove_prefix(1);
    std::string value;
    while (!rest_.empty()) {
      char c = rest_[0];
      rest_.remove_prefix(1);
      if (c == '"') return value;
      if (c == '\\') {
        if (rest_.empty()) return std::nullopt;
        c = rest_[0];
        rest_.remove_prefix(1);
      }
      const auto byte = static_cast<unsigned char>(c);
      if ((byte < 0x20 && c != '\t') || byte == 0x7f) return std::nullopt;
      value += c;
    }
    return std::nullopt;
  }

  std::string_view rest_;
};

}  // namespace

const std::string* AuthenticateChallenge::find(std::string_view name) const noexcept {
  const auto found =
      std::find_if(parameters.begin(), parameters.end(), [name](const auto& entry) { return entry.first == name; });
  return found == parameters.end() ? nullptr : &found->second;
}

std::optional<std::vector<AuthenticateChallenge>> parse_authenticate(std::string_view fields) {
  if (fields.size() > most_challenge_bytes) return std::nullopt;
  return Reader(fields).read();
}

TokenChallenge token_challenge(const std::vector<AuthenticateChallenge>& challenges) {
  TokenChallenge out;
  for (const AuthenticateChallenge& challenge : challenges) {
    if (challenge.scheme != "bearer" && challenge.scheme != "dpop") continue;
    (challenge.scheme == "bearer" ? out.bearer : out.dpop) = true;
    const auto take = [&challenge](std::string_view name, std::string& into) {
      const std::string* const value = challenge.find(name);
      if (value && into.empty()) into = *value;
    };
    take("resource_metadata", out.resource_metadata);
    take("scope", out.scope);
    take("error", out.error);
    take("acr_values", out.acr_values);
    take("max_age", out.max_age);
  }
  const auto all = [](const std::string& text, auto&& good) { return std::all_of(text.begin(), text.end(), good); };
  if (out.acr_values.size() > 1024 || !all(out.acr_values, [](char c) { return c >= 0x20 && c < 0x7f; }))
    out.acr_values.clear();
  if (out.max_age.size() > 9 || !all(out.max_age, [](char c) { return c >= '0' && c <= '9'; })) out.max_age.clear();
  return out;
}

}  // namespace leanmcp::inline v0
