#include <leanmcp/base/log.hpp>

namespace leanmcp::inline v0 {

namespace {

/// The length of a character at the start of `text` that could make a log read as something else: controls, line
/// separators and marks that turn the direction of writing (Unicode Standard Annex 9, section 2); 0 for others.
std::size_t misleading(std::string_view text) {
  const auto byte = [text](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0; };
  const int first = byte(0), second = byte(1), third = byte(2);
  if (first < 0x20 || first == 0x7f) return 1;
  if (first == 0xc2 && second >= 0x80 && second <= 0x9f) return 2;
  if (first == 0xd8 && second == 0x9c) return 2;
  if (first != 0xe2) return 0;
  const bool mark = second == 0x80 && (third == 0x8e || third == 0x8f || (third >= 0xa8 && third <= 0xae));
  const bool isolate = second == 0x81 && third >= 0xa6 && third <= 0xa9;
  return mark || isolate ? 3 : 0;
}

void append_text(std::string& out, std::string_view text, bool quoted) {
  static constexpr char hex[] = "0123456789abcdef";
  std::size_t left = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (left == 0) left = misleading(text.substr(i));
    if (left > 0) {
      const auto byte = static_cast<unsigned char>(c);
      out += "\\x";
      out += hex[byte >> 4];
      out += hex[byte & 15];
      --left;
    } else {
      if (quoted && (c == '"' || c == '\\')) out += '\\';
      out += c;
    }
  }
}

}  // namespace

void append_visible(std::string& out, std::string_view text) { append_text(out, text, false); }

void Logger::log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) const {
  if (!enabled(level)) return;
  std::string line;
  append_text(line, message, true);
  for (const auto& [name, value] : fields) {
    if (name.empty()) continue;
    line += ' ';
    line += name;
    line += "=\"";
    append_text(line, value, true);
    line += '"';
  }
  sink_(level, line);
}

}  // namespace leanmcp::inline v0
