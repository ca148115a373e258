#include <leanmcp/http/header_name.hpp>

#include <algorithm>

namespace leanmcp::inline v0::detail {

KnownHeader known_header(std::string_view name) noexcept {
  const auto either = [name](std::string_view lower, KnownHeader known) {
    return is_in_any_case(name, lower) ? known : KnownHeader::other;
  };
  // One or two candidates for each length, told apart by one letter.
  switch (name.size()) {
    case 4:
      return to_lower(name[0]) == 'h' ? either("host", KnownHeader::host) : either("dpop", KnownHeader::dpop);
    case 6:
      switch (to_lower(name[0])) {
        case 'a':
          return either("accept", KnownHeader::accept);
        case 'c':
          return either("cookie", KnownHeader::cookie);
        case 'e':
          return either("expect", KnownHeader::expect);
        default:
          return either("origin", KnownHeader::origin);
      }
    case 8:
      return either("mcp-name", KnownHeader::mcp_name);
    case 10:
      switch (to_lower(name[0])) {
        case 'c':
          return either("connection", KnownHeader::connection);
        case 'm':
          return either("mcp-method", KnownHeader::mcp_method);
        default:
          return either("tracestate", KnownHeader::tracestate);
      }
    case 11:
      return either("traceparent", KnownHeader::traceparent);
    case 12:
      return either("content-type", KnownHeader::content_type);
    case 13:
      return to_lower(name[0]) == 'a' ? either("authorization", KnownHeader::authorization)
                                      : either("last-event-id", KnownHeader::last_event_id);
    case 14:
      return to_lower(name[0]) == 'c' ? either("content-length", KnownHeader::content_length)
                                      : either("mcp-session-id", KnownHeader::mcp_session_id);
    case 17:
      return either("transfer-encoding", KnownHeader::transfer_encoding);
    case 20:
      return either("mcp-protocol-version", KnownHeader::mcp_protocol_version);
    case 29:
      return either("access-control-request-method", KnownHeader::access_control_request_method);
    case 30:
      return either("access-control-request-headers", KnownHeader::access_control_request_headers);
    default:
      return KnownHeader::other;
  }
}

bool is_token(std::string_view text) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

bool is_field_value(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (static_cast<unsigned char>(c) >= 0x20 && c != 0x7F) || c == '\t'; });
}

}  // namespace leanmcp::inline v0::detail
