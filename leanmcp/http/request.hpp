#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace leanmcp::inline v0 {

namespace detail {
class RequestParser;
class RequestReader;
}  // namespace detail

enum class HttpMethod : std::uint8_t { get, head, post, put, patch, remove, options, other };

/// Header fields that are found without a search.
enum class KnownHeader : std::uint8_t {
  accept,
  access_control_request_headers,
  access_control_request_method,
  authorization,
  connection,
  content_length,
  content_type,
  cookie,
  dpop,
  expect,
  host,
  last_event_id,
  mcp_method,
  mcp_name,
  mcp_protocol_version,
  mcp_session_id,
  origin,
  traceparent,
  tracestate,
  transfer_encoding,
  other
};

/// One request as it came: views into the connection's buffer. Valid as long as the HttpExchange it came with, or a
/// copy of that, exists. Not changed while it is looked at, so any thread may read it.
class HttpRequest {
 public:
  /// As sent: "GET", "POST", …; methods are case-sensitive (RFC 9110, section 9.1).
  std::string_view method() const noexcept { return at(method_); }
  HttpMethod verb() const noexcept { return verb_; }
  /// As sent, in origin form ("/path?query"); an absolute form has lost its scheme and authority.
  std::string_view target() const noexcept { return at(target_); }
  /// The target up to its `?`. Not percent-decoded.
  std::string_view path() const noexcept { return target().substr(0, path_size_); }
  /// What follows the first `?`, or nothing.
  std::string_view query() const noexcept {
    return path_size_ < target_.size ? target().substr(path_size_ + 1) : std::string_view();
  }
  /// 0 for HTTP/1.0, 1 for HTTP/1.1.
  int version_minor() const noexcept { return version_minor_; }

  /// The first value of that name, in any case, without white space around it; empty when there is none.
  std::string_view header(std::string_view name) const noexcept;
  std::string_view header(KnownHeader name) const noexcept {
    const std::uint16_t first = first_[static_cast<std::size_t>(name)];
    return first == 0 ? std::string_view() : at(fields_[first - 1U].value);
  }
  /// How many fields have that name.
  std::size_t header_count(std::string_view name) const noexcept;
  std::size_t header_count(KnownHeader name) const noexcept;
  /// Calls `visit(name, value)` for each field in the order of arrival, the name as it was sent.
  template <class Visit>
  void for_each_header(Visit&& visit) const {
    for (const Field& field : fields_) visit(at(field.name), at(field.value));
  }

  std::string_view body() const noexcept { return at(body_); }
  /// The address of the socket's other end, without port: "127.0.0.1", "2001:db8::1".
  std::string_view peer() const noexcept { return peer_; }
  bool is_tls() const noexcept { return tls_; }

 private:
  friend class detail::RequestParser;
  friend class detail::RequestReader;

  struct Span {
    std::uint32_t begin = 0;
    std::uint32_t size = 0;
  };
  struct Field {
    Span name;
    Span value;
    KnownHeader known = KnownHeader::other;
  };
  std::string_view at(Span span) const noexcept { return {base_ + span.begin, span.size}; }

  // Offsets, not pointers: the buffer moves when it grows.
  const char* base_ = "";
  Span method_;
  Span target_;
  Span body_;
  std::size_t path_size_ = 0;
  HttpMethod verb_ = HttpMethod::other;
  std::uint8_t version_minor_ = 1;
  bool tls_ = false;
  std::vector<Field> fields_;
  /// Index of the first field of each known name, plus one.
  std::array<std::uint16_t, static_cast<std::size_t>(KnownHeader::other) + 1> first_{};
  std::string_view peer_;
};

}  // namespace leanmcp::inline v0
