#pragma once

#include <sys/socket.h>

#include <string_view>

namespace leanmcp::inline v0::detail {

/// 127.0.0.0/8 and ::1.
bool is_loopback(const sockaddr& address) noexcept;

/// Globally reachable by the IANA special-purpose registries (RFC 6890 and its updates): no private, shared,
/// loopback, link-local, documentation, benchmarking, multicast or reserved range; of IPv6 only 2000::/3 without its
/// special parts. IPv6 addresses that carry an IPv4 one are none, whichever they carry: IPv4-mapped, NAT64, 6to4, Teredo,
/// ISATAP.
bool is_global(const sockaddr& address) noexcept;

/// Whether the text is an IP address, in brackets or not, that is not globally reachable; false for a name.
bool is_special_literal(std::string_view host) noexcept;

/// A host as it stands in a URL: `localhost`, 127.0.0.0/8 in dotted form, or `[::1]`.
bool is_loopback_host(std::string_view host) noexcept;

}  // namespace leanmcp::inline v0::detail
