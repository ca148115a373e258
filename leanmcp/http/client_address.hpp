#pragma once

#include <sys/socket.h>

#include <string_view>

namespace leanmcp::inline v0::detail {

/// 127.0.0.0/8 and ::1.
bool is_loopback(const sockaddr& address) noexcept;

/// Globally reachable by the IANA special-purpose registries (RFC 6890 and its updates): no private, shared,
/// loopback, link-local, documentation, benchmarking, multicast or reserved range; of IPv6 only 2000::/3 without its
/// special parts, and NAT64 (64:ff9b::/96) of a global IPv4 address.
bool is_global(const sockaddr& address) noexcept;

/// Whether the text is an IP address, in brackets or not, that is not globally reachable; false for a name.
bool is_special_literal(std::string_view host) noexcept;

/// A host as it stands in a URL: `localhost`, 127.0.0.0/8 in dotted form, or `[::1]`.
bool is_loopback_host(std::string_view host) noexcept;

}  // namespace leanmcp::inline v0::detail
