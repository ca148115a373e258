#include <leanmcp/http/request_reader.hpp>

#include <algorithm>

namespace leanmcp::inline v0::detail {

namespace {

constexpr std::size_t first_capacity = 2 * 1024;
/// Room behind a complete request, for what the peer sends before it has the answer.
constexpr std::size_t least_tail = 512;
/// Empty lines before a request that are forgiven (RFC 9112, section 2.2).
constexpr std::size_t most_empty_lines = 2;

/// "… HTTP/2.0\r": a well-formed request line of a version that is not served.
bool names_a_version(std::string_view head) {
  const std::string_view line = head.substr(0, head.find_first_of("\r\n"));
  if (line.size() < 9 || head.substr(line.size(), 1) != "\r") return false;
  const std::string_view version = line.substr(line.size() - 9);
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  return version.starts_with(" HTTP/") && digit(version[6]) && version[7] == '.' && digit(version[8]);
}

}  // namespace

RequestReader::RequestReader(const Limits& limits, std::string peer, bool tls)
    : limits_(limits), peer_(std::make_shared<const std::string>(std::move(peer))), tls_(tls) {
  use_store(std::make_shared<RequestStore>());
}

void RequestReader::use_store(std::shared_ptr<RequestStore> store) {
  store_ = std::move(store);
  store_->peer = peer_;
  store_->request.peer_ = *peer_;
  store_->request.tls_ = tls_;
}

void RequestReader::grow(std::size_t least) {
  RequestStore& store = *store_;
  if (least <= store.capacity) return;
  auto bytes = std::make_unique_for_overwrite<char[]>(least);
  if (store.used != 0) std::memcpy(bytes.get(), store.bytes.get(), store.used);
  store.bytes = std::move(bytes);
  store.capacity = least;
  store.request.base_ = store.bytes.get();
}

std::span<char> RequestReader::space() {
  const std::size_t used = store_->used;
  if (used == store_->capacity) {
    std::size_t wanted = std::max(first_capacity, 2 * used);
    // A length is a promise of the peer's: memory follows what has come, not what was promised.
    if (stage_ == Stage::body && !chunked_) wanted = std::min(wanted, body_begin_ + length_ + least_tail);
    grow(std::max(wanted, used + 1));
  }
  return {store_->bytes.get() + used, store_->capacity - used};
}

void RequestReader::append(std::string_view bytes) {
  if (bytes.empty()) return;
  if (store_->used + bytes.size() > store_->capacity) grow(std::max(first_capacity, store_->used + bytes.size()));
  std::memcpy(store_->bytes.get() + store_->used, bytes.data(), bytes.size());
  store_->used += bytes.size();
}

RequestReader::Status RequestReader::fail(int status) noexcept {
  stage_ = Stage::failed;
  fault_ = status;
  return Status::failed;
}

RequestReader::Status RequestReader::advance() {
  switch (stage_) {
    case Stage::before:
    case Stage::head:
      return read_head();
    case Stage::body:
      return read_body();
    case Stage::complete:
      return Status::complete;
    case Stage::failed:
      break;
  }
  return Status::failed;
}

RequestReader::Status RequestReader::read_head() {
  if (stage_ == Stage::before) {
    while (begin_ < 2 * most_empty_lines && bytes(begin_, std::min<std::size_t>(2, store_->used - begin_)) == "\r\n")
      begin_ += 2;
    if (store_->used - begin_ < 2) return Status::need_more;
    parsed_ = begin_;
    parser_.emplace(store_->request, limits_.header_fields);
    stage_ = Stage::head;
  }
  RequestParser::ErrorCode failed;
  char* const base = store_->bytes.get();
  store_->request.base_ = base;
  const std::size_t most = std::min(store_->used, begin_ + limits_.header_bytes);
  parsed_ += parser_->put_at(base, base + parsed_, most - parsed_, failed);
  if (failed == boost::beast::http::error::need_more)
    return store_->used >= begin_ + limits_.header_bytes ? fail(431) : Status::need_more;
  if (failed) {
    if (parser_->too_many_fields()) return fail(431);
    const bool other =
        failed == boost::beast::http::error::bad_version && names_a_version(bytes(begin_, most - begin_));
    return fail(other ? 505 : 400);
  }
  return check_head();
}

/// What Beast leaves to its user: framing that two readers could understand differently (RFC 9112, section 6.3).
RequestReader::Status RequestReader::check_head() {
  const HttpRequest& request = store_->request;
  const bool has_coding = request.header_count(KnownHeader::transfer_encoding) != 0;
  if (has_coding) {
    if (request.version_minor_ == 0) return fail(400);
    const std::string_view coding = request.header(KnownHeader::transfer_encoding);
    if (!is_in_any_case(coding, "chunked"))
      return fail(parser_->chunked() && request.header_count(KnownHeader::transfer_encoding) == 1 ? 501 : 400);
  }
  chunked_ = has_coding;
  if (const std::size_t lengths = request.header_count(KnownHeader::content_length); lengths != 0) {
    if (has_coding || lengths != 1) return fail(400);
    const std::string_view text = request.header(KnownHeader::content_length);
    if (text.empty() || !std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; }))
      return fail(400);
    const auto length = parser_->content_length();
    if (!length) return fail(400);
    if (*length > limits_.body_bytes) return fail(413);
    length_ = static_cast<std::size_t>(*length);
  }
  const std::size_t hosts = request.header_count(KnownHeader::host);
  if (hosts > 1 || (hosts == 0 && request.version_minor_ != 0)) return fail(400);
  if (const std::string_view expect = request.header(KnownHeader::expect); !expect.empty()) {
    if (!is_in_any_case(expect, "100-continue")) return fail(417);
    expects_ = request.version_minor_ != 0 && has_body();
  }
  return check_target();
}

RequestReader::Status RequestReader::check_target() {
  HttpRequest& request = store_->request;
  std::string_view target = request.target();
  if (target.find('#') != std::string_view::npos) return fail(400);
  // Absolute form (RFC 9112, section 3.2.2): what follows the authority is the origin form.
  for (const std::string_view scheme : {std::string_view("http://"), std::string_view("https://")}) {
    if (!is_in_any_case(target.substr(0, scheme.size()), scheme)) continue;
    const std::size_t end = std::min(target.find_first_of("/?", scheme.size()), target.size());
    if (end == scheme.size() || (end < target.size() && target[end] == '?')) return fail(400);
    authority_ = {static_cast<std::uint32_t>(request.target_.begin + scheme.size()),
                  static_cast<std::uint32_t>(end - scheme.size())};
    // Without a path the last slash of the scheme stands in for it.
    const std::size_t path = end == target.size() ? scheme.size() - 1 : end;
    const std::size_t size = end == target.size() ? 1 : target.size() - end;
    request.target_ = {static_cast<std::uint32_t>(request.target_.begin + path), static_cast<std::uint32_t>(size)};
    target = request.target();
    break;
  }
  const bool asterisk = target == "*" && request.verb_ == HttpMethod::options;
  if (!target.starts_with('/') && !asterisk) return fail(400);
  request.path_size_ = std::min(target.find('?'), target.size());
  body_begin_ = parsed_;
  parser_->set_body(body_begin_, limits_.body_bytes);
  stage_ = Stage::body;
  return Status::head;
}

RequestReader::Status RequestReader::complete(std::size_t end, std::size_t body_size) {
  end_ = end;
  store_->request.body_ = {static_cast<std::uint32_t>(body_begin_), static_cast<std::uint32_t>(body_size)};
  stage_ = Stage::complete;
  if (store_->capacity - store_->used == 0) grow(store_->used + least_tail);
  return Status::complete;
}

RequestReader::Status RequestReader::read_body() {
  if (chunked_) return read_chunks();
  if (store_->used - body_begin_ < length_) return Status::need_more;
  return complete(body_begin_ + length_, length_);
}

RequestReader::Status RequestReader::read_chunks() {
  RequestStore& store = *store_;
  // The shortest body there is, "0\r\n\r\n"; with less than that before it Beast 1.81 fails an assertion of its own.
  if (parsed_ == body_begin_ && parser_->body_size() == 0 && store.used - parsed_ < 5) return Status::need_more;
  char* const base = store.bytes.get();
  RequestParser::ErrorCode failed;
  while (!parser_->is_done() && parsed_ < store.used && !failed)
    parsed_ += parser_->put_at(base, base + parsed_, store.used - parsed_, failed);
  if (failed && failed != boost::beast::http::error::need_more) return fail(parser_->body_too_large() ? 413 : 400);
  const std::size_t decoded_end = body_begin_ + parser_->body_size();
  if (parser_->is_done()) {
    return complete(parsed_, parser_->body_size());
  }
  // What is left is a part of a chunk's header or of the trailers, and those are bounded like a request's head.
  const std::size_t rest = store.used - parsed_;
  if (rest > limits_.header_bytes) return fail(400);
  std::memmove(base + decoded_end, base + parsed_, rest);
  parsed_ = decoded_end;
  store.used = decoded_end + rest;
  return Status::need_more;
}

std::string_view RequestReader::authority() const noexcept {
  if (authority_.size != 0) return bytes(authority_.begin, authority_.size);
  return store_->request.header(KnownHeader::host);
}

void RequestReader::next() {
  const std::shared_ptr<RequestStore> last = store_;
  const std::size_t rest = last->used - end_;
  constexpr std::size_t kept_capacity = 64 * 1024;
  // Two counts are ours: `last` and `store_`.
  if (last.use_count() > 2 || last->capacity > kept_capacity) {
    use_store(std::make_shared<RequestStore>());
    append({last->bytes.get() + end_, rest});
  } else {
    if (rest != 0) std::memmove(last->bytes.get(), last->bytes.get() + end_, rest);
    last->used = rest;
    HttpRequest& request = last->request;
    request.fields_.clear();
    request.first_.fill(0);
    request.body_ = {};
  }
  parser_.reset();
  stage_ = Stage::before;
  begin_ = parsed_ = end_ = body_begin_ = length_ = 0;
  authority_ = {};
  chunked_ = expects_ = false;
}

}  // namespace leanmcp::inline v0::detail
