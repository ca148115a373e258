#pragma once

#include <leanmcp/base/clock.hpp>
#include <leanmcp/base/secret.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace leanmcp::inline v0 {

struct Credentials;
class Principal;

/// How proofs of possession are asked for.
class DpopOptions {
 public:
  DpopOptions() = default;
  /// Tokens that are bound to no key are refused as well.
  DpopOptions& required(bool on = true) { return required_ = on, *this; }
  /// Proofs must hold a nonce of ours (RFC 9449, section 9). With a key of 32 bytes or more that all instances share;
  /// without one, each instance hands out its own.
  DpopOptions& nonces(Secret key = {}) {
    nonces_ = true;
    nonce_key_ = std::move(key);
    return *this;
  }
  /// How old a proof may be.
  DpopOptions& max_age(std::chrono::seconds age) { return max_age_ = age, *this; }
  /// How many proofs are remembered, so that none is used twice.
  DpopOptions& remembered(std::size_t proofs) { return remembered_ = proofs, *this; }

  bool required_ = false;
  bool nonces_ = false;
  Secret nonce_key_;
  std::chrono::seconds max_age_ = std::chrono::seconds(300);
  std::size_t remembered_ = 100'000;
};

/// Checks the proofs that come with bound tokens (RFC 9449, section 7). Thread-safe.
class DpopGuard {
 public:
  explicit DpopGuard(DpopOptions options);
  ~DpopGuard();

  struct Fault {
    std::string reason;  ///< for the log
    bool nonce = false;  ///< the client shall try again with `nonce_now`
  };
  /// nullopt when the request proves that it comes from the holder of the key. `url` is the endpoint's public one:
  /// `htu` is compared with it, never with the Host header. Each proof is good once.
  std::optional<Fault> check(const Credentials& credentials, std::string_view url, std::string_view token,
                             std::string_view thumbprint, TimePoint now);
  bool required() const noexcept;
  /// The nonce to hand out now; empty when none is asked for.
  std::string nonce_now(TimePoint now) const;
  /// Names of the algorithms proofs may use, separated by spaces.
  static std::string algorithms();

 private:
  struct Data;
  std::unique_ptr<Data> data_;
};

/// `cnf.jkt` of a token's claims (RFC 9449, section 6.1): nullopt for a token that is bound to nothing, empty for one
/// that is bound in a way we do not know.
std::optional<std::string> bound_key(const Principal& principal);

}  // namespace leanmcp::inline v0
