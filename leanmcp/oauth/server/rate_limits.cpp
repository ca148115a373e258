#include <leanmcp/oauth/server/rate_limits.hpp>

#include <leanmcp/auth/rate_limit.hpp>
#include <leanmcp/oauth/server/stored_tries.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <array>
#include <mutex>
#include <memory>

namespace leanmcp::inline v0::as {
namespace {

constexpr std::size_t limit_count = 9;
/// What leaves something in the database is counted for all addresses together too: as many times what one may.
constexpr int all_addresses = 30;
/// One source has that part of what all together may try for a name: several must join to keep a person out.
constexpr int sources_of_a_name = 5;

/// Nothing where there is no limit.
std::unique_ptr<RateBuckets> buckets(int most, std::size_t keys = 50'000,
                                     std::chrono::minutes per = std::chrono::minutes(1)) {
  if (most <= 0) return nullptr;
  return std::make_unique<RateBuckets>(static_cast<std::size_t>(most), per, keys);
}

constexpr int of_one_source(int of_name) { return (of_name + sources_of_a_name - 1) / sources_of_a_name; }

std::chrono::seconds rounded(std::chrono::milliseconds wait) { return std::chrono::ceil<std::chrono::seconds>(wait); }

}  // namespace

struct RateLimits::Data {
  mutable std::mutex mutex;
  std::array<std::unique_ptr<RateBuckets>, limit_count> each;
  std::unique_ptr<RateBuckets> documents;
  std::optional<Store> store;

  /// What is counted in the database as well; nothing for the other limits.
  std::optional<TryRule> stored(Limit limit) const {
    if (!store) return std::nullopt;
    const int of_name = settings.password_failures_per_name;
    if (limit == Limit::password) return TryRule("address", settings.failures_per_address, std::chrono::minutes(1));
    if (limit == Limit::password_name) return TryRule("name", of_name, std::chrono::hours(1));
    if (limit == Limit::password_source) return TryRule("source", of_one_source(of_name), std::chrono::hours(1));
    return std::nullopt;
  }
  OAuthServerOptions::Limits settings;

  std::unique_ptr<RateBuckets>& of(Limit limit) { return each[static_cast<std::size_t>(limit)]; }
};

RateLimits::RateLimits(const OAuthServerOptions::Limits& limits, std::optional<Store> store)
    : data_(std::make_unique<Data>()) {
  data_->store = std::move(store);
  data_->settings = limits;
  data_->of(Limit::registration) = buckets(limits.register_per_address);
  data_->of(Limit::token) = buckets(limits.token_per_client);
  data_->of(Limit::failure) = buckets(limits.failures_per_address);
  data_->of(Limit::password) = buckets(limits.failures_per_address);
  constexpr std::chrono::hours hour(1);
  const int of_name = limits.password_failures_per_name;
  data_->of(Limit::password_name) = buckets(of_name, 50'000, hour);
  data_->of(Limit::password_source) = buckets(of_one_source(of_name), 50'000, hour);
  data_->of(Limit::authorize) = buckets(limits.authorize_per_address);
  data_->of(Limit::document) = buckets(limits.new_documents_per_address);
  data_->of(Limit::all_registrations) = buckets(limits.register_per_address * all_addresses, 1);
  data_->documents = buckets(limits.new_documents_per_address * all_addresses, 1);
}
RateLimits::~RateLimits() = default;

std::chrono::seconds RateLimits::take(Limit limit, std::string_view key, TimePoint now) {
  const std::string counted = limit == Limit::token ? std::string(key) : limit_key(key);
  {
    const std::lock_guard lock(data_->mutex);
    auto& own = data_->of(limit);
    if (!own) return std::chrono::seconds(0);
    const auto wait = own->take(counted, now);
    if (wait.count() > 0) return rounded(wait);
    if (limit == Limit::document) return rounded(data_->documents->take("all", now));
  }
  const auto rule = data_->stored(limit);
  if (!rule) return std::chrono::seconds(0);
  const auto wait = take_stored_try(*data_->store, *rule, counted, now);
  if (wait.count() == 0) return std::chrono::seconds(0);
  const std::lock_guard lock(data_->mutex);
  data_->of(limit)->give_back(counted);
  return rounded(wait);
}

void RateLimits::give_back(Limit limit, std::string_view key) {
  const std::string counted = limit == Limit::token ? std::string(key) : limit_key(key);
  {
    const std::lock_guard lock(data_->mutex);
    auto& own = data_->of(limit);
    if (!own) return;
    own->give_back(counted);
  }
  if (const auto rule = data_->stored(limit)) give_back_stored_try(*data_->store, *rule, counted);
}

std::chrono::seconds RateLimits::wait(Limit limit, std::string_view key, TimePoint now) const {
  const std::string counted = limit == Limit::token ? std::string(key) : limit_key(key);
  {
    const std::lock_guard lock(data_->mutex);
    const auto& own = data_->of(limit);
    if (!own) return std::chrono::seconds(0);
    const auto wait = own->wait(counted, now);
    if (wait.count() > 0) return rounded(wait);
  }
  const auto rule = data_->stored(limit);
  return rule ? rounded(wait_for_stored_try(*data_->store, *rule, counted, now)) : std::chrono::seconds(0);
}

OAuthError too_many_requests(std::chrono::seconds wait) {
  OAuthError error("temporarily_unavailable", "Too many requests; wait a little and try again.", "over a limit");
  error.status = 429;
  error.retry_after = wait;
  return error;
}

std::string limit_key(std::string_view address) {
  in6_addr v6{};
  const std::string text(address);
  if (text.find(':') == text.npos || inet_pton(AF_INET6, text.c_str(), &v6) != 1) return text;
  if (IN6_IS_ADDR_V4MAPPED(&v6)) {
    std::array<char, INET_ADDRSTRLEN> v4{};
    return inet_ntop(AF_INET, v6.s6_addr + 12, v4.data(), v4.size());
  }
  for (std::size_t i = 8; i < 16; ++i) v6.s6_addr[i] = 0;
  std::array<char, INET6_ADDRSTRLEN> out{};
  return std::string(inet_ntop(AF_INET6, &v6, out.data(), out.size())) + "/64";
}

}  // namespace leanmcp::inline v0::as
