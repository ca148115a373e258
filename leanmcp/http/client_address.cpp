#include <leanmcp/http/client_address.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <string>

namespace leanmcp::inline v0::detail {
namespace {

using V6 = std::array<std::uint8_t, 16>;

std::uint32_t v4_of(const sockaddr& address) noexcept {
  sockaddr_in in{};
  std::memcpy(&in, &address, sizeof in);
  return ntohl(in.sin_addr.s_addr);
}

V6 v6_of(const sockaddr& address) noexcept {
  sockaddr_in6 in{};
  std::memcpy(&in, &address, sizeof in);
  V6 bytes{};
  std::memcpy(bytes.data(), &in.sin6_addr, bytes.size());
  return bytes;
}

struct Range4 {
  std::uint32_t base;
  int bits;
};

constexpr std::uint32_t v4(unsigned a, unsigned b, unsigned c, unsigned d) { return a << 24 | b << 16 | c << 8 | d; }

constexpr std::array special_v4{
    Range4{v4(0, 0, 0, 0), 8},       Range4{v4(10, 0, 0, 0), 8},     Range4{v4(100, 64, 0, 0), 10},
    Range4{v4(127, 0, 0, 0), 8},     Range4{v4(169, 254, 0, 0), 16}, Range4{v4(172, 16, 0, 0), 12},
    Range4{v4(192, 0, 0, 0), 24},    Range4{v4(192, 0, 2, 0), 24},   Range4{v4(192, 31, 196, 0), 24},
    Range4{v4(192, 52, 193, 0), 24}, Range4{v4(192, 88, 99, 0), 24}, Range4{v4(192, 168, 0, 0), 16},
    Range4{v4(192, 175, 48, 0), 24}, Range4{v4(198, 18, 0, 0), 15},  Range4{v4(198, 51, 100, 0), 24},
    Range4{v4(203, 0, 113, 0), 24},  Range4{v4(224, 0, 0, 0), 4},    Range4{v4(240, 0, 0, 0), 4},
};

bool is_global_v4(std::uint32_t address) noexcept {
  return std::none_of(special_v4.begin(), special_v4.end(),
                      [&](const Range4& range) { return (address ^ range.base) >> (32 - range.bits) == 0; });
}

bool has_prefix(const V6& address, std::initializer_list<std::uint8_t> prefix) noexcept {
  return std::equal(prefix.begin(), prefix.end(), address.begin());
}

/// ISATAP (RFC 5214, section 6.1): an IPv4 address as the interface, under any prefix.
bool is_isatap(const V6& a) noexcept { return (a[8] & 0xfd) == 0 && a[9] == 0 && a[10] == 0x5e && a[11] == 0xfe; }

bool is_global_v6(const V6& a) noexcept {
  // Outside 2000::/3: loopback, ULA, link-local, multicast, IPv4-mapped (::ffff:0:0/96), NAT64 (64:ff9b::/96 and
  // 64:ff9b:1::/48), and all that is not given out.
  if ((a[0] & 0xe0) != 0x20) return false;
  if (has_prefix(a, {0x20, 0x01}) && (a[2] & 0xfe) == 0) return false;  // 2001::/23, protocols; Teredo
  if (has_prefix(a, {0x20, 0x01, 0x0d, 0xb8})) return false;            // documentation
  if (has_prefix(a, {0x20, 0x02})) return false;                        // 6to4 carries any IPv4 address
  if (has_prefix(a, {0x3f, 0xff}) && (a[2] & 0xf0) == 0) return false;  // documentation
  if (has_prefix(a, {0x3f, 0xfe})) return false;                        // the 6bone, given back
  return !is_isatap(a);
}

}  // namespace

bool is_loopback(const sockaddr& address) noexcept {
  if (address.sa_family == AF_INET) return v4_of(address) >> 24 == 127;
  if (address.sa_family == AF_INET6) return v6_of(address) == V6{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  return false;
}

bool is_global(const sockaddr& address) noexcept {
  if (address.sa_family == AF_INET) return is_global_v4(v4_of(address));
  if (address.sa_family == AF_INET6) return is_global_v6(v6_of(address));
  return false;
}

bool is_special_literal(std::string_view host) noexcept {
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  // A zone belongs to a link.
  host = host.substr(0, host.find('%'));
  if (host.size() >= INET6_ADDRSTRLEN) return false;
  std::array<char, INET6_ADDRSTRLEN> text{};
  std::copy(host.begin(), host.end(), text.begin());
  in_addr v4{};
  if (inet_pton(AF_INET, text.data(), &v4) == 1) return !is_global_v4(ntohl(v4.s_addr));
  V6 v6{};
  return inet_pton(AF_INET6, text.data(), v6.data()) == 1 && !is_global_v6(v6);
}

bool is_loopback_host(std::string_view host) noexcept {
  if (host == "localhost" || host == "[::1]") return true;
  in_addr v4{};
  return host.size() < 16 && inet_pton(AF_INET, std::string(host).c_str(), &v4) == 1 && ntohl(v4.s_addr) >> 24 == 127;
}

}  // namespace leanmcp::inline v0::detail
