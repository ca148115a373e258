#pragma once

#include <leanmcp/auth/jwks_cache.hpp>
#include <leanmcp/base/clock.hpp>
#include <leanmcp/crypto/token_fault.hpp>
#include <leanmcp/json/fwd.hpp>

#include <boost/json/fwd.hpp>

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace leanmcp::inline v0::as {

/// The published keys of a provider: read when they are needed, kept as long as the provider says, read again for a key
/// id that is not among them, by one thread at a time and not too often. Thread-safe; blocks.
class ProviderKeys {
 public:
  ProviderKeys(std::shared_ptr<HttpClient> http, std::string url) : http_(std::move(http)), url_(std::move(url)) {}
  /// Null while there are none. While the provider is away the last good ones stay in use, for a day.
  std::shared_ptr<const KeySet> get(std::string_view key_id, TimePoint now);

 private:
  bool fetch(TimePoint now);

  const std::shared_ptr<HttpClient> http_;
  const std::string url_;
  std::mutex fetching_;
  std::mutex mutex_;
  std::shared_ptr<const KeySet> set_;
  std::uint64_t generation_ = 0;
  TimePoint fresh_until_{};
  TimePoint usable_until_{};
  TimePoint quiet_until_{};
};

/// What an ID token is held against (OpenID Connect Core 1.0, section 3.1.3.7).
class IdTokenRules {
 public:
  std::vector<std::string> issuers;
  std::string client_id;
  std::string nonce;
  std::vector<std::string> algorithms;
  /// For `at_hash`, when the token has one.
  std::string_view access_token;
};

/// Why an ID token is not taken, for the log.
enum class IdTokenFault { token, nonce, authorized_party, several_audiences, access_token_hash };

/// Signature, algorithm, issuer, audience and times (`verify_jwt`), then nonce, azp, further audiences, at_hash. The
/// claims. A pure function.
Result<json::object, IdTokenFault> check_id_token(std::string_view token, const PublicKeys& keys,
                                                  const IdTokenRules& rules, TimePoint now);

}  // namespace leanmcp::inline v0::as
