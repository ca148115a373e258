#pragma once

#include <leanmcp/auth/jwks_cache.hpp>
#include <leanmcp/auth/provider.hpp>
#include <leanmcp/base/clock.hpp>
#include <leanmcp/base/log.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace leanmcp::inline v0 {

namespace detail {

/// An empty id is a setting that is not set; as an id it would stand for tokens that name none.
inline std::vector<std::string> without_empty(std::vector<std::string> ids) {
  std::erase(ids, std::string());
  return ids;
}

}  // namespace detail

/// What every provider can be told. `Self` is the options type, so that the calls chain in any order.
template <class Self>
class ProviderOptions {
 public:
  /// The name in `Principal::provider()`; part of every stored identity, so it should never change.
  Self& name(std::string text) { return provider_name = std::move(text), self(); }
  /// How far clocks may differ; 5 s by default.
  Self& skew(std::chrono::seconds by) { return clock_skew = by, self(); }
  /// When published keys are fetched again.
  Self& key_times(KeyTimes times) { return keys = std::move(times), self(); }
  /// Whether a profile that the token lacks is looked up.
  Self& get_user(GetUser choice) { return profile = choice, self(); }
  Self& logger(Logger log) { return log_ = std::move(log), self(); }
  Self& clock(std::shared_ptr<const Clock> source) { return clock_ = std::move(source), self(); }

  std::string provider_name;
  std::chrono::seconds clock_skew{5};
  KeyTimes keys;
  GetUser profile = GetUser::yes;
  Logger log_;
  std::shared_ptr<const Clock> clock_ = std::make_shared<SystemClock>();

 protected:
  ProviderOptions() = default;

 private:
  Self& self() { return static_cast<Self&>(*this); }
};

/// The part of the options that the common code reads.
struct ProviderBase : ProviderOptions<ProviderBase> {
  ProviderBase() = default;
  template <class Options>
  explicit ProviderBase(const ProviderOptions<Options>& from) {
    provider_name = from.provider_name;
    clock_skew = from.clock_skew;
    keys = from.keys;
    profile = from.profile;
    log_ = from.log_;
    clock_ = from.clock_;
  }
};

}  // namespace leanmcp::inline v0
