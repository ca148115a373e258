#include <leanmcp/http/resolve.hpp>

#include <leanmcp/http/client_address.hpp>

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <future>
#include <system_error>
#include <thread>

namespace leanmcp::inline v0 {
namespace {

using Addresses = std::vector<std::string>;
constexpr std::size_t most_addresses = 32;

std::string text_of(const sockaddr& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address, sizeof v4);
    inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size());
  } else if (address.sa_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &address, sizeof v6);
    inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size());
  }
  return text.data();
}

Addresses look_up(const std::string& host) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) return {};
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owned(found, &freeaddrinfo);
  Addresses out;
  for (const addrinfo* one = found; one; one = one->ai_next) {
    std::string text = text_of(*one->ai_addr);
    if (text.empty() || std::find(out.begin(), out.end(), text) != out.end()) continue;
    // More than anybody needs is not looked at piece by piece: nothing may be left out of what is checked.
    if (out.size() == most_addresses) return {};
    out.push_back(std::move(text));
  }
  return out;
}

}  // namespace

struct HostResolver::Shared {
  explicit Shared(std::size_t at_once) : free(static_cast<long>(at_once)) {}
  std::atomic<long> free;
};

HostResolver::HostResolver(std::size_t at_once) : shared_(std::make_shared<Shared>(at_once)) {}

Addresses HostResolver::addresses(const std::string& host, std::chrono::milliseconds patience) const {
  if (host.empty() || host.size() > 253 || host.find('\0') != host.npos) return {};
  if (shared_->free.fetch_sub(1) <= 0) {
    ++shared_->free;
    return {};
  }
  const auto answer = std::make_shared<std::promise<Addresses>>();
  auto ready = answer->get_future();
  try {
    std::thread([host, answer, shared = shared_] {
      Addresses found = look_up(host);
      ++shared->free;
      answer->set_value(std::move(found));
    }).detach();
  } catch (const std::system_error&) {
    ++shared_->free;
    return {};
  }
  return ready.wait_for(patience) == std::future_status::ready ? ready.get() : Addresses();
}

bool is_public_address(std::string_view literal) {
  const std::string text(literal);
  sockaddr_storage storage{};
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  if (inet_pton(AF_INET, text.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    std::memcpy(&storage, &v4, sizeof v4);
  } else if (inet_pton(AF_INET6, text.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    std::memcpy(&storage, &v6, sizeof v6);
  } else {
    return false;
  }
  return detail::is_global(reinterpret_cast<const sockaddr&>(storage));
}

}  // namespace leanmcp::inline v0
