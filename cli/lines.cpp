#include "lines.hpp"

#include <leanmcp/json/parse.hpp>
#include <leanmcp/json/write.hpp>

#include <boost/json.hpp>

#include <fstream>
#include <iostream>
#include <iterator>

namespace json = boost::json;
using leanmcp::Error;
using leanmcp::Result;

namespace {

constexpr std::size_t longest_file = 64 * 1024 * 1024;

enum class Line { end, read, too_long };

Line next_line(std::istream& in, std::string& line) {
  line.clear();
  bool too_long = false;
  std::streambuf& bytes = *in.rdbuf();
  for (int c = bytes.sbumpc();; c = bytes.sbumpc()) {
    if (c == std::char_traits<char>::eof()) {
      if (line.empty() && !too_long) return Line::end;
      break;
    }
    if (c == '\n') break;
    if (line.size() < longest_line) {
      line += static_cast<char>(c);
    } else {
      too_long = true;
    }
  }
  return too_long ? Line::too_long : Line::read;
}

json::object usual_refusal(std::string_view error) { return {{"valid", false}, {"error", error}}; }

json::object answer(const std::string& line, const LineVerdict& verdict, const LineRefusal& refusal) {
  leanmcp::ParseLimits limits;
  limits.bytes = longest_line;
  const auto parsed = leanmcp::parse_json(line, limits);
  if (!parsed)
    return refusal(parsed.error() == leanmcp::ParseFault::too_deep ? "the line is nested too deep"
                                                                   : "the line is not JSON");
  if (!parsed->is_object()) return refusal("the line is not a JSON object");
  auto given = verdict(parsed->get_object());
  return given ? std::move(*given) : refusal(given.error().message());
}

Error lacks(std::string_view name, std::string_view what) {
  return Error("\"" + std::string(name) + "\" must be " + std::string(what));
}

}  // namespace

int answer_lines(std::istream& in, std::ostream& out, const LineVerdict& verdict, const LineRefusal& refusal) {
  const LineRefusal refuse = refusal ? refusal : LineRefusal(&usual_refusal);
  std::string line;
  for (Line kind = next_line(in, line); kind != Line::end; kind = next_line(in, line)) {
    if (kind == Line::read && line.find_first_not_of(" \t\r") == std::string::npos) continue;
    const json::object said =
        kind == Line::too_long ? refuse("the line is over 16 MiB") : answer(line, verdict, refuse);
    out << leanmcp::json_text(said) << '\n';
    // A script that asks line by line must not wait for a full buffer.
    if (in.rdbuf()->in_avail() <= 0) out.flush();
  }
  out.flush();
  return 0;
}

Result<std::string> text_member(const json::object& line, std::string_view name) {
  const json::value* const value = line.if_contains(name);
  if (!value || !value->is_string()) return lacks(name, "a string");
  return std::string(value->get_string());
}

Result<std::int64_t> integer_member(const json::object& line, std::string_view name,
                                    std::optional<std::int64_t> otherwise) {
  const json::value* const value = line.if_contains(name);
  if (!value && otherwise) return *otherwise;
  if (!value || !value->is_int64()) return lacks(name, "an integer");
  return value->get_int64();
}

Result<std::vector<std::string>> texts_member(const json::object& line, std::string_view name) {
  const json::value* const value = line.if_contains(name);
  std::vector<std::string> texts;
  if (value && value->is_string()) {
    texts.emplace_back(value->get_string());
    return texts;
  }
  if (!value || !value->is_array()) return lacks(name, "a string or a list of strings");
  for (const json::value& entry : value->get_array()) {
    if (!entry.is_string()) return lacks(name, "a string or a list of strings");
    texts.emplace_back(entry.get_string());
  }
  return texts;
}

Result<leanmcp::TimePoint> time_of(std::int64_t seconds) {
  if (seconds < 0 || seconds > latest_second) return Error("a time must be in Unix seconds");
  return leanmcp::TimePoint(std::chrono::seconds(seconds));
}

Result<std::string> read_whole(const std::string& path) {
  std::ifstream file;
  if (path != "-") {
    file.open(path, std::ios::binary);
    if (!file) return Error("cannot read " + path);
  }
  std::istream& in = path == "-" ? std::cin : file;
  std::string text;
  char piece[65536];
  while (in.read(piece, sizeof piece), in.gcount() > 0) {
    text.append(piece, static_cast<std::size_t>(in.gcount()));
    if (text.size() > longest_file) return Error(path + " is over 64 MiB");
  }
  if (in.bad()) return Error("cannot read " + path);
  return text;
}

Result<std::string> read_argument(const std::string& text) {
  if (text != "-") return text;
  auto read = read_whole("-");
  if (!read) return read;
  while (read->ends_with('\n') || read->ends_with('\r') || read->ends_with(' ')) read->pop_back();
  return read;
}

int usage_error(std::string_view message) {
  std::cerr << message << '\n';
  return 2;
}
