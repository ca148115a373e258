#include <leanmcp/http/sse.hpp>

#include <charconv>

namespace leanmcp::inline v0 {

namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

/// Appends `name: line` for each line of `text`.
void append_lines(std::string& out, std::string_view name, std::string_view text) {
  for (;;) {
    const auto end = text.find_first_of("\r\n");
    out.append(name).append(text.substr(0, end)).push_back('\n');
    if (end == std::string_view::npos) return;
    const bool both = text[end] == '\r' && end + 1 < text.size() && text[end + 1] == '\n';
    text.remove_prefix(end + (both ? 2 : 1));
  }
}

void append_one_line(std::string& out, std::string_view name, std::string_view text) {
  out.append(name);
  for (const char c : text)
    if (c != '\r' && c != '\n' && c != '\0') out.push_back(c);
  out.push_back('\n');
}

}  // namespace

void append_sse_event(std::string& out, const SseEvent& event) {
  out.reserve(out.size() + event.data.size() + event.event.size() + 64);
  if (event.id) append_one_line(out, "id: ", *event.id);
  if (!event.event.empty()) append_one_line(out, "event: ", event.event);
  if (event.retry) out.append("retry: ").append(std::to_string(event.retry->count())).push_back('\n');
  append_lines(out, "data: ", event.data);
  out.push_back('\n');
}

void append_sse_comment(std::string& out, std::string_view text) {
  append_lines(out, ": ", text);
  out.push_back('\n');
}

SseStream::SseStream(HttpExchange exchange, HttpHeaders headers) : exchange_(std::move(exchange)) {
  headers.emplace_back("Cache-Control", "no-cache, no-transform");
  headers.emplace_back("X-Accel-Buffering", "no");
  exchange_.begin_stream(200, "text/event-stream", headers);
}

bool SseStream::send(const SseEvent& event) {
  text_.clear();
  append_sse_event(text_, event);
  return exchange_.write(text_);
}

bool SseStream::comment(std::string_view text) {
  text_.clear();
  append_sse_comment(text_, text);
  return exchange_.write(text_);
}

Result<void, SseFault> SseParser::feed(std::string_view piece, const OnEvent& on_event) {
  if (fault_) return *fault_;
  while (!piece.empty()) {
    if (std::exchange(after_cr_, false) && piece.front() == '\n') {
      piece.remove_prefix(1);
      continue;
    }
    const auto end = piece.find_first_of("\r\n");
    const std::string_view part = piece.substr(0, end);
    if (line_.size() + part.size() > most_) {
      fault_ = SseFault::too_large;
      return *fault_;
    }
    if (end == std::string_view::npos) {
      line_.append(part);
      return {};
    }
    after_cr_ = piece[end] == '\r';
    piece.remove_prefix(end + 1);
    bool goes_on = false;
    if (line_.empty()) {
      goes_on = take_line(part, on_event);
    } else {
      line_.append(part);
      goes_on = take_line(line_, on_event);
      line_.clear();
    }
    if (!goes_on) return *fault_;
  }
  return {};
}

bool SseParser::take_line(std::string_view line, const OnEvent& on_event) {
  if (!std::exchange(begun_, true) && line.starts_with(byte_order_mark)) line.remove_prefix(byte_order_mark.size());
  if (line.empty()) return dispatch(on_event);
  const auto colon = line.find(':');
  if (colon == 0) return true;
  std::string_view value = colon == std::string_view::npos ? std::string_view() : line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (data_.size() + value.size() > most_) {
    fault_ = SseFault::too_large;
    return false;
  }
  take_field(line.substr(0, colon), value);
  return true;
}

void SseParser::take_field(std::string_view name, std::string_view value) {
  if (name == "data") {
    if (std::exchange(any_data_, true)) data_.push_back('\n');
    data_.append(value);
  } else if (name == "event") {
    event_ = value;
  } else if (name == "id") {
    if (value.find('\0') == std::string_view::npos) last_id_ = value;
  } else if (name == "retry") {
    unsigned ms = 0;
    const auto [end, failed] = std::from_chars(value.data(), value.data() + value.size(), ms);
    if (failed == std::errc() && end == value.data() + value.size()) retry_ = std::chrono::milliseconds(ms);
  }
}

bool SseParser::dispatch(const OnEvent& on_event) {
  SseEvent event(std::exchange(data_, {}));
  event.event = std::exchange(event_, {});
  if (!std::exchange(any_data_, false)) return true;
  if (!last_id_.empty()) event.id = last_id_;
  if (on_event(std::move(event))) return true;
  fault_ = SseFault::stopped;
  return false;
}

}  // namespace leanmcp::inline v0
