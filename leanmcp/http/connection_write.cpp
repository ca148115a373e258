#include <leanmcp/http/connection.hpp>

#include <leanmcp/http/response_text.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

namespace leanmcp::inline v0::detail {

namespace {

/// What a peer has to take within the write time.
constexpr std::size_t least_progress = 16 * 1024;
/// Buffers that grew beyond this are given back when they are empty.
constexpr std::size_t kept_capacity = 64 * 1024;

/// For the peer to take notice of the end.
constexpr std::chrono::milliseconds parting_time = std::chrono::seconds(2);

void give_back(std::string& buffer) {
  buffer.clear();
  if (buffer.capacity() > kept_capacity) std::string().swap(buffer);
}

}  // namespace

void Connection::append_head(int status, std::string_view content_type, const HttpHeaders* headers,
                             std::string_view header_lines) {
  loop_->stats().answers[static_cast<std::size_t>(status / 100)].add(1);
  append_status_line(out_, status);
  out_.append(loop_->date_line());
  if (!content_type.empty()) out_.append("Content-Type: ").append(content_type).append("\r\n");
  out_.append(cors_).append(header_lines);
  if (headers && !append_headers(out_, *headers))
    loop_->options().log.error("a handler's response header was left out: not a header, or the server's own");
  if (!keep_alive_) {
    out_.append("Connection: close\r\n");
  } else if (reader_.request().version_minor() == 0) {
    out_.append("Connection: keep-alive\r\n");
  }
}

void Connection::respond(int status, std::string_view content_type, std::string_view body, const HttpHeaders* headers,
                         std::string_view header_lines) {
  if (streaming_) return;
  status = checked_status(status);
  append_head(status, content_type, headers, header_lines);
  if (never_has_body(status)) {
    out_.append("\r\n");
  } else {
    out_.append("Content-Length: ");
    append_number(out_, body.size());
    out_.append("\r\n\r\n");
    if (!head_only_) out_.append(body);
  }
  finish();
}

void Connection::begin_stream(int status, std::string_view content_type, const HttpHeaders& headers) {
  if (streaming_) return;
  status = checked_status(status);
  chunked_ = reader_.request().version_minor() != 0;
  if (!chunked_) keep_alive_ = false;
  append_head(status, content_type, &headers, {});
  head_only_ = head_only_ || never_has_body(status);
  if (chunked_ && !never_has_body(status)) out_.append("Transfer-Encoding: chunked\r\n");
  out_.append("\r\n");
  streaming_ = true;
  leave_flight();
  flush_later();
}

bool Connection::write(std::string_view piece) {
  if (!streaming_) return false;
  if (piece.empty() || head_only_) return true;
  if (buffered() > loop_->options().most_buffered) {
    flush();
    if (phase_ != Phase::answering) return false;
    if (buffered() > loop_->options().most_buffered) {
      loop_->stats().cut_off.add(1);
      loop_->options().log.info("a stream's reader is too slow and was cut off", {{"peer", peer_}});
      close();
      return false;
    }
  }
  if (chunked_) {
    append_hex(out_, piece.size());
    out_.append("\r\n").append(piece).append("\r\n");
  } else {
    out_.append(piece);
  }
  flush_later();
  return true;
}

void Connection::end_stream() {
  if (!streaming_) return;
  if (chunked_ && !head_only_) out_.append("0\r\n\r\n");
  finish();
}

void Connection::abandon() {
  if (streaming_) return close();
  loop_->options().log.error("a handler dropped a request without an answer");
  respond(500, "text/plain; charset=utf-8", "Internal Server Error\n", nullptr, {});
}

void Connection::on_disconnect(std::function<void()> gone) { on_disconnect_.push_back(std::move(gone)); }

void Connection::leave_flight() noexcept {
  if (std::exchange(in_flight_, false)) loop_->counts().in_flight.fetch_sub(1, std::memory_order_relaxed);
}

/// The present request is answered as far as its handler is concerned.
void Connection::finish() {
  // Destroyed last: what the callbacks hold may come back to this connection.
  const std::vector<std::function<void()>> forgotten = std::move(on_disconnect_);
  on_disconnect_.clear();
  link_->finished.store(number_, std::memory_order_release);
  leave_flight();
  release_memory();
  streaming_ = false;
  answered_ = true;
  phase_ = keep_alive_ ? Phase::reading : Phase::closing;
  if (in_turn_) return;
  if (phase_ == Phase::reading) wait_for(Waiting::idle);
  flush();
  if (phase_ == Phase::reading && !writing_ && (has_more() || !reading_)) post_turn();
}

void Connection::flush_later() {
  // A turn flushes at its end, and a write under way when it is through.
  if (in_turn_ || writing_ || std::exchange(flush_posted_, true)) return;
  boost::asio::post(loop_->context(), [self = shared_from_this()] {
    self->flush_posted_ = false;
    self->flush();
  });
}

void Connection::flush() {
  if (writing_ || phase_ == Phase::closed) return;
  if (out_.empty()) return all_sent();
  ErrorCode failed;
  const std::size_t size = write_now(out_, failed);
  if (failed) return close();
  loop_->stats().bytes_out.add(size);
  if (size == out_.size()) {
    give_back(out_);
    return all_sent();
  }
  sending_.swap(out_);
  sent_ = size;
  progress_ = 0;
  writing_ = true;
  write_deadline_ = loop_->deadline(loop_->options().send_time);
  start_write(std::string_view(sending_).substr(sent_));
}

void Connection::on_written(const ErrorCode& failed, std::size_t size) {
  writing_ = false;
  if (phase_ == Phase::closed) return;
  if (failed) return close();
  loop_->stats().bytes_out.add(size);
  sent_ += size;
  progress_ += size;
  if (sent_ < sending_.size()) {
    if (progress_ >= least_progress) {
      progress_ = 0;
      write_deadline_ = loop_->deadline(loop_->options().send_time);
    }
    writing_ = true;
    return start_write(std::string_view(sending_).substr(sent_));
  }
  give_back(sending_);
  sent_ = 0;
  write_deadline_ = 0;
  flush();
  if (phase_ == Phase::reading) turn();
}

/// Nothing waits to be written any more.
void Connection::all_sent() {
  if (phase_ != Phase::closing) return;
  if (peer_ended_) return close();
  read_deadline_ = loop_->deadline(parting_time);
  if (linger_ || has_more()) {
    phase_ = Phase::lingering;
    end_output();
    read();
  } else {
    phase_ = Phase::parting;
    start_farewell();
  }
}

}  // namespace leanmcp::inline v0::detail
