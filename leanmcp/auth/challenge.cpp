#include <leanmcp/auth/challenge.hpp>

#include <leanmcp/base/ascii.hpp>

#include <algorithm>

namespace leanmcp::inline v0 {

namespace {

constexpr std::size_t most_bytes = 16 * 1024;

bool is_alnum(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }
bool is_token_char(char c) {
  return is_alnum(c) || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}
bool is_token68_char(char c) { return is_alnum(c) || std::string_view("-._~+/").find(c) != std::string_view::npos; }

class ChallengeReader {
 public:
  explicit ChallengeReader(std::string_view text) : rest_(text) {}
  bool done() const { return rest_.empty(); }
  bool at(char c) const { return rest_.starts_with(c); }
  bool take(char c) {
    if (!at(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  /// True when there was some.
  bool blanks() {
    const auto n = std::min(rest_.find_first_not_of(" \t"), rest_.size());
    rest_.remove_prefix(n);
    return n != 0;
  }
  std::string_view token() { return span(is_token_char); }
  std::optional<std::string_view> token68() {
    const ChallengeReader before = *this;
    std::string_view body = span(is_token68_char);
    std::size_t n = body.size();
    while (take('=')) ++n;
    blanks();
    if (body.empty() || (!done() && !at(','))) {
      *this = before;
      return std::nullopt;
    }
    return before.rest_.substr(0, n);
  }
  std::optional<std::string> value() {
    if (!take('"')) {
      const auto word = token();
      if (word.empty()) return std::nullopt;
      return std::string(word);
    }
    std::string out;
    while (!done()) {
      char c = next();
      if (c == '"') return out;
      if (c == '\\') {
        if (done()) return std::nullopt;
        c = next();
      }
      if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f) return std::nullopt;
      out += c;
    }
    return std::nullopt;
  }
  ChallengeReader mark() const { return *this; }

 private:
  char next() {
    const char c = rest_.front();
    rest_.remove_prefix(1);
    return c;
  }
  std::string_view span(bool (*fits)(char)) {
    const auto end = static_cast<std::size_t>(std::find_if_not(rest_.begin(), rest_.end(), fits) - rest_.begin());
    const std::string_view out = rest_.substr(0, end);
    rest_.remove_prefix(end);
    return out;
  }
  std::string_view rest_;
};

/// `name = value`, or nothing read when another challenge begins here instead.
enum class Read { parameter, none, broken };
Read read_parameter(ChallengeReader& reader, Challenge& challenge) {
  const ChallengeReader before = reader.mark();
  const std::string name = detail::to_lower(reader.token());
  reader.blanks();
  if (name.empty() || !reader.take('=')) {
    reader = before;
    return Read::none;
  }
  reader.blanks();
  const auto value = reader.value();
  if (!value || challenge.find(name)) return Read::broken;
  challenge.add(name, *value);
  return Read::parameter;
}

}  // namespace

Challenge& Challenge::add(std::string name, std::string_view value) {
  std::string clean;
  for (const char c : value)
    if ((static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) || c == '\t') clean += c;
  parameters_.emplace_back(std::move(name), std::move(clean));
  return *this;
}

const std::string* Challenge::find(std::string_view name) const noexcept {
  for (const auto& [key, value] : parameters_)
    if (key == name) return &value;
  return nullptr;
}

std::string Challenge::text() const {
  std::string out = scheme_;
  for (const auto& [name, value] : parameters_) {
    out.append(out.size() == scheme_.size() ? " " : ", ");
    if (name.empty()) {
      out += value;
      continue;
    }
    out.append(name).append("=\"");
    for (const char c : value) {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
    out += '"';
  }
  return out;
}

std::optional<std::vector<Challenge>> parse_challenges(std::string_view value) {
  if (value.size() > most_bytes) return std::nullopt;
  std::vector<Challenge> out;
  ChallengeReader reader(value);
  for (;;) {
    bool blank = reader.blanks();
    while (reader.take(',')) blank = reader.blanks();
    if (reader.done()) break;
    if (!out.empty() && !(out.back().parameters().size() == 1 && out.back().find(""))) {
      const Read read = read_parameter(reader, out.back());
      if (read == Read::broken) return std::nullopt;
      if (read == Read::parameter) {
        reader.blanks();
        if (!reader.done() && !reader.at(',')) return std::nullopt;
        continue;
      }
    }
    const std::string_view scheme = reader.token();
    if (scheme.empty()) return std::nullopt;
    out.emplace_back(std::string(scheme));
    blank = reader.blanks();
    if (reader.done() || reader.at(',')) continue;
    if (!blank) return std::nullopt;
    if (const auto credentials = reader.token68()) {
      out.back().add("", *credentials);
      continue;
    }
    if (read_parameter(reader, out.back()) != Read::parameter) return std::nullopt;
    reader.blanks();
    if (!reader.done() && !reader.at(',')) return std::nullopt;
  }
  if (out.empty()) return std::nullopt;
  return out;
}

}  // namespace leanmcp::inline v0
