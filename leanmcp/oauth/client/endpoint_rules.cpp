#include <leanmcp/oauth/client/endpoint_rules.hpp>

#include <leanmcp/base/url.hpp>
#include <leanmcp/client/http_caller.hpp>
#include <leanmcp/http/client_address.hpp>

#include <netinet/in.h>

#include <algorithm>
#include <cstring>

namespace leanmcp::inline v0 {

namespace {

constexpr std::size_t longest_endpoint = 2048;

enum class HostKind { loopback, special, other };

template <class Address>
bool is_global(const Address& address) {
  sockaddr_storage storage{};
  std::memcpy(&storage, &address, sizeof address);
  return detail::is_global(reinterpret_cast<const sockaddr&>(storage));
}

HostKind kind_of(const boost::urls::url_view& url) {
  std::string host(url.encoded_host());
  std::transform(host.begin(), host.end(), host.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  if (host.ends_with('.')) host.pop_back();
  if (host == "localhost" || host.ends_with(".localhost") || detail::is_loopback_host(host)) return HostKind::loopback;
  if (url.host_type() == boost::urls::host_type::ipv4) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    const auto bytes = url.host_ipv4_address().to_bytes();
    std::memcpy(&address.sin_addr, bytes.data(), bytes.size());
    return is_global(address) ? HostKind::other : HostKind::special;
  }
  if (url.host_type() == boost::urls::host_type::ipv6) {
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    const auto bytes = url.host_ipv6_address().to_bytes();
    std::memcpy(&address.sin6_addr, bytes.data(), bytes.size());
    return is_global(address) ? HostKind::other : HostKind::special;
  }
  return HostKind::other;
}

}  // namespace

bool is_usable_endpoint(std::string_view url) {
  if (url.size() > longest_endpoint) return false;
  constexpr std::string_view quoting = "\"'\\<>`$|";
  const bool clean = std::all_of(url.begin(), url.end(), [quoting](char c) {
    return static_cast<unsigned char>(c) > 0x20 && static_cast<unsigned char>(c) < 0x7f &&
           quoting.find(c) == std::string_view::npos;
  });
  if (!clean) return false;
  const auto parsed = detail::parse_url(url);
  if (!parsed || parsed->encoded_host().empty() || parsed->has_userinfo() || parsed->has_fragment()) return false;
  if (parsed->scheme_id() == boost::urls::scheme::https) return true;
  return parsed->scheme_id() == boost::urls::scheme::http &&
         detail::is_loopback_host(std::string(parsed->encoded_host()));
}

EndpointRules::EndpointRules(std::string_view mcp_url, bool allow_private) : own_origin_(detail::origin_of(mcp_url)) {
  const auto parsed = detail::parse_url(mcp_url);
  const HostKind kind = parsed ? kind_of(*parsed) : HostKind::other;
  loopback_ = allow_private || kind == HostKind::loopback;
  special_ = allow_private || kind != HostKind::other;
}

bool EndpointRules::allows(std::string_view url) const {
  if (!is_usable_endpoint(url)) return false;
  if (detail::origin_of(url) == own_origin_) return true;
  switch (kind_of(*detail::parse_url(url))) {
    case HostKind::loopback:
      return loopback_;
    case HostKind::special:
      return special_;
    case HostKind::other:
      return true;
  }
  return false;
}

AddressPolicy EndpointRules::addresses(std::string_view url) const {
  const bool free = special_ || detail::origin_of(url) == own_origin_;
  return free ? AddressPolicy::any : AddressPolicy::public_only;
}

}  // namespace leanmcp::inline v0
