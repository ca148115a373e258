#include <leanmcp/json/pattern.hpp>

#include <re2/re2.h>

#include <cctype>
#include <cstdint>
#include <optional>
#include <string>

namespace leanmcp::inline v0::detail {
namespace {

constexpr std::size_t longest_expression = 1'000;
constexpr std::int64_t most_memory = 1'000'000;

RE2::Options pattern_options() {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(most_memory);
  return options;
}

class RegexPattern final : public Pattern {
 public:
  explicit RegexPattern(std::string_view expression)
      : expression_(re2::StringPiece(expression.data(), expression.size()), pattern_options()) {}
  const RE2& expression() const noexcept { return expression_; }
  bool matches(std::string_view text) const override {
    return RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), expression_);
  }
  std::size_t nodes() const override { return static_cast<std::size_t>(expression_.ProgramSize()); }

 private:
  RE2 expression_;
};

/// What follows a backslash, from the backslash on: its length when RE2 and ECMA-262 (with the u flag) both know it and
/// mean the same, else 0.
std::size_t escape_length(std::string_view text, bool in_class) {
  if (text.size() < 2) return 0;
  const auto one_of = [&](std::string_view set) { return set.find(text[1]) != std::string_view::npos; };
  if (one_of("dDwWsStnrfv^$\\.*+?()[]{}|/")) return 2;
  if (one_of("bB")) return in_class ? 0 : 2;
  if (text[1] == '-') return in_class ? 2 : 0;
  if (text[1] == 'x') {
    const auto is_hex = [&](std::size_t at) {
      return at < text.size() && std::isxdigit(static_cast<unsigned char>(text[at]));
    };
    return is_hex(2) && is_hex(3) ? 4 : 0;
  }
  if (one_of("pP") && text.size() > 2 && text[2] == '{') {
    const std::size_t end = text.find('}');
    return end == std::string_view::npos ? 0 : end + 1;
  }
  return 0;
}

/// `{2}`, `{2,}` or `{2,5}` at the front: its length, else 0.
std::size_t repetition_length(std::string_view text) {
  std::size_t i = 1;
  const auto digits = [&] {
    const std::size_t begin = i;
    while (i < text.size() && text[i] >= '0' && text[i] <= '9') ++i;
    return i > begin;
  };
  if (!digits()) return 0;
  if (i < text.size() && text[i] == ',') {
    ++i;
    digits();
  }
  return i < text.size() && text[i] == '}' ? i + 1 : 0;
}

/// The bracketed class at the front: its length, or 0 when the two syntaxes read it differently.
std::size_t class_length(std::string_view text) {
  std::size_t i = text.substr(1).starts_with('^') ? 2 : 1;
  if (text.substr(i).starts_with(']')) return 0;
  while (i < text.size() && text[i] != ']') {
    if (text[i] == '[') return 0;
    const std::size_t step = text[i] == '\\' ? escape_length(text.substr(i), true) : 1;
    if (step == 0) return 0;
    i += step;
  }
  return i < text.size() ? i + 1 : 0;
}

/// Whether every reader of the pattern reads the same: it also goes out in the tool's input schema, where patterns are
/// ECMA-262 (JSON Schema 2020-12 Validation, section 6.3.3). Returns the place of the first doubt.
std::optional<std::size_t> find_doubt(std::string_view text) {
  bool repeatable = false;
  for (std::size_t i = 0; i < text.size();) {
    const std::string_view rest = text.substr(i);
    std::size_t step = 1;
    bool atom = true;
    switch (rest.front()) {
      case '\\':
        step = escape_length(rest, false);
        atom = rest.size() > 1 && rest[1] != 'b' && rest[1] != 'B';
        break;
      case '[':
        step = class_length(rest);
        break;
      case '(':
        if (rest.starts_with("(?")) step = rest.starts_with("(?:") ? 3 : 0;
        atom = false;
        break;
      case '^':
      case '$':
      case '|':
        atom = false;
        break;
      case ']':
      case '}':
        step = 0;
        break;
      case '{':
      case '*':
      case '+':
      case '?':
        if (rest.front() == '{') step = repetition_length(rest);
        if (!repeatable) step = 0;
        if (step > 0 && rest.substr(step).starts_with('?')) ++step;
        atom = false;
        break;
      default:
        break;
    }
    if (step == 0) return i;
    repeatable = atom;
    i += step;
  }
  return std::nullopt;
}

}  // namespace

Result<std::shared_ptr<const Pattern>> compile_pattern(std::string_view expression) {
  if (expression.size() > longest_expression) return Error("it is longer than 1000 bytes");
  if (const auto doubt = find_doubt(expression))
    return Error("at position " + std::to_string(*doubt) +
                 " it uses what RE2 and ECMA-262 do not both have, such as lookahead, inline flags or bare brackets");
  auto pattern = std::make_shared<const RegexPattern>(expression);
  if (!pattern->expression().ok()) return Error(pattern->expression().error());
  return std::shared_ptr<const Pattern>(std::move(pattern));
}

}  // namespace leanmcp::inline v0::detail
