#pragma once

#include <leanmcp/base/clock.hpp>
#include <leanmcp/crypto/signing_key.hpp>

namespace leanmcp {

/// When tokens are made and checked in tests.
inline const TimePoint now{std::chrono::seconds(1'800'000'000)};

/// Who signs what is good.
inline const SigningKey& key() {
  static const SigningKey made = SigningKey::generate(JwsAlgorithm::es256);
  return made;
}

}  // namespace leanmcp
