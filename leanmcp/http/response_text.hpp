#pragma once

#include <leanmcp/base/clock.hpp>
#include <leanmcp/http/exchange.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace leanmcp::inline v0::detail {

/// Appends "HTTP/1.1 200 OK\r\n".
void append_status_line(std::string& out, int status);
/// "Not Found"; empty for a code without a name.
std::string_view reason_phrase(int status) noexcept;
/// A final status outside 200…599 is a bug of the handler and becomes 500.
int checked_status(int status) noexcept;
/// Answers that never have a body (RFC 9110, sections 15.2, 15.3.5 and 15.4.5).
constexpr bool never_has_body(int status) noexcept { return status < 200 || status == 204 || status == 304; }

void append_number(std::string& out, std::uint64_t number);
void append_hex(std::string& out, std::uint64_t number);

/// "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n" (RFC 9110, section 5.6.7).
std::string date_line(TimePoint now);

/// Appends the fields as lines, leaving out what could change the framing or split the response. False when something
/// was left out.
bool append_headers(std::string& out, const HttpHeaders& headers);

}  // namespace leanmcp::inline v0::detail
