#pragma once

#include <leanmcp/http/header_name.hpp>
#include <leanmcp/http/request.hpp>

#include <boost/beast/http/basic_parser.hpp>

#include <cstring>
#include <functional>

namespace leanmcp::inline v0::detail {

/// Beast's strict parser, told to note offsets into the buffer it reads instead of copying: no field map, no strings.
/// One parser reads one message.
class RequestParser final : public boost::beast::http::basic_parser<true> {
 public:
  using ErrorCode = boost::system::error_code;
  using Verb = boost::beast::http::verb;
  using Text = boost::beast::string_view;

  /// Longer chunk extensions are refused: nobody uses them but to smuggle or to waste time.
  static constexpr std::size_t most_chunk_extension = 256;

  RequestParser(HttpRequest& request, std::size_t most_fields) noexcept : request_(request), most_fields_(most_fields) {
    body_limit(boost::none);
    // The reader counts header bytes itself, over all calls.
    header_limit(static_cast<std::uint32_t>(-1));
  }

  /// Parses from `begin`; all offsets count from `base`. Decoded body bytes go to `base + body_end`.
  std::size_t put_at(char* base, const char* begin, std::size_t size, ErrorCode& failed) {
    base_ = base;
    end_ = begin + size;
    return put(boost::asio::const_buffer(begin, size), failed);
  }

  bool too_many_fields() const noexcept { return too_many_; }
  bool body_too_large() const noexcept { return body_too_large_; }

  /// Where the decoded body of a chunked message goes, and how far it got.
  void set_body(std::size_t begin, std::size_t most) noexcept {
    body_begin_ = begin;
    most_body_ = most;
  }
  std::size_t body_size() const noexcept { return body_size_; }

 private:
  HttpRequest::Span span(Text text) const noexcept {
    return {static_cast<std::uint32_t>(text.data() - base_), static_cast<std::uint32_t>(text.size())};
  }

  /// Beast accepts folded values; they are refused (RFC 9112, section 5.2). One that it had to join lies outside the
  /// buffer, one whose first line is empty behind a line's end.
  bool is_folded(Text name, Text value) const noexcept {
    const std::less<const char*> before;
    if (before(value.data(), base_) || before(end_, value.data())) return true;
    const char* const colon = name.data() + name.size();
    return std::memchr(colon, '\r', static_cast<std::size_t>(value.data() - colon)) != nullptr;
  }

  void on_request_impl(Verb verb, Text method, Text target, int version, ErrorCode&) override {
    request_.method_ = span(method);
    request_.target_ = span(target);
    request_.version_minor_ = static_cast<std::uint8_t>(version % 10);
    switch (verb) {
      case Verb::get:
        request_.verb_ = HttpMethod::get;
        break;
      case Verb::head:
        request_.verb_ = HttpMethod::head;
        break;
      case Verb::post:
        request_.verb_ = HttpMethod::post;
        break;
      case Verb::put:
        request_.verb_ = HttpMethod::put;
        break;
      case Verb::patch:
        request_.verb_ = HttpMethod::patch;
        break;
      case Verb::delete_:
        request_.verb_ = HttpMethod::remove;
        break;
      case Verb::options:
        request_.verb_ = HttpMethod::options;
        break;
      default:
        request_.verb_ = HttpMethod::other;
    }
  }

  void on_response_impl(int, Text, int, ErrorCode&) override {}

  void on_field_impl(boost::beast::http::field, Text name, Text value, ErrorCode& failed) override {
    // Trailers are read and dropped (RFC 9110, section 6.5.1).
    if (header_done_) return;
    if (request_.fields_.size() >= most_fields_) {
      too_many_ = true;
      failed = boost::beast::http::error::header_limit;
      return;
    }
    if (is_folded(name, value)) {
      failed = boost::beast::http::error::bad_value;
      return;
    }
    HttpRequest::Field field;
    field.name = span(name);
    field.value = span(value);
    field.known = known_header({name.data(), name.size()});
    request_.fields_.push_back(field);
    auto& first = request_.first_[static_cast<std::size_t>(field.known)];
    if (first == 0) first = static_cast<std::uint16_t>(request_.fields_.size());
  }

  void on_header_impl(ErrorCode&) override { header_done_ = true; }
  void on_body_init_impl(boost::optional<std::uint64_t> const&, ErrorCode&) override {}
  std::size_t on_body_impl(Text text, ErrorCode&) override { return text.size(); }

  void on_chunk_header_impl(std::uint64_t size, Text extension, ErrorCode& failed) override {
    if (extension.size() > most_chunk_extension) {
      failed = boost::beast::http::error::bad_chunk_extension;
    } else if (size > most_body_ - body_size_) {
      body_too_large_ = true;
      failed = boost::beast::http::error::body_limit;
    }
  }

  std::size_t on_chunk_body_impl(std::uint64_t, Text text, ErrorCode&) override {
    // In place: what is decoded never overtakes what is still to be read.
    std::memmove(base_ + body_begin_ + body_size_, text.data(), text.size());
    body_size_ += text.size();
    return text.size();
  }

  void on_finish_impl(ErrorCode&) override {}

  HttpRequest& request_;
  std::size_t most_fields_;
  char* base_ = nullptr;
  const char* end_ = nullptr;
  std::size_t body_begin_ = 0;
  std::size_t body_size_ = 0;
  std::size_t most_body_ = 0;
  bool header_done_ = false;
  bool too_many_ = false;
  bool body_too_large_ = false;
};

}  // namespace leanmcp::inline v0::detail
