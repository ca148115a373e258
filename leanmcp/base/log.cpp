#include <leanmcp/base/log.hpp>

namespace leanmcp::inline v0 {

namespace {

void append_escaped(std::string& out, std::string_view text) {
  static constexpr char hex[] = "0123456789abcdef";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      out += "\\x";
      out += hex[byte >> 4];
      out += hex[byte & 15];
    } else {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
  }
}

}  // namespace

void Logger::log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) const {
  if (!enabled(level)) return;
  std::string line;
  append_escaped(line, message);
  for (const auto& [name, value] : fields) {
    line += ' ';
    line += name;
    line += "=\"";
    append_escaped(line, value);
    line += '"';
  }
  sink_(level, line);
}

}  // namespace leanmcp::inline v0
