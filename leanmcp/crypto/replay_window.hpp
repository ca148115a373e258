#pragma once

#include <leanmcp/base/clock.hpp>
#include <leanmcp/base/secret.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace leanmcp::inline v0 {

/// Remembers ids that must be used once only (`jti`), in bounded memory. Thread-safe. Of this process: several
/// instances behind one name need a store that they share.
class ReplayWindow {
 public:
  enum class Use {
    first,
    again,  ///< seen less than `keep` ago
    full,   ///< too many in the window: refuse, since whoever fills it could otherwise make us forget
  };

  /// An id costs about 150 bytes, whatever its length.
  explicit ReplayWindow(std::chrono::seconds keep, std::size_t capacity = 100'000);
  ReplayWindow(ReplayWindow&&) noexcept;
  ReplayWindow& operator=(ReplayWindow&&) noexcept;
  ~ReplayWindow();

  Use use(std::string_view id, TimePoint now);
  std::size_t size() const;

 private:
  struct Data;
  std::unique_ptr<Data> data_;
};

/// Nonces that a server hands out (RFC 9449, sections 8 and 9): a keyed function of the time, so that nothing is stored
/// and instances that share the key accept each other's. Immutable and thread-safe.
class DpopNonces {
 public:
  /// Each nonce is current for `lifetime` and accepted for as long again. The key has 32 bytes or more; throws
  /// std::invalid_argument for less.
  DpopNonces(Secret key, std::chrono::seconds lifetime);
  /// With a key that nobody else has.
  static DpopNonces random(std::chrono::seconds lifetime = std::chrono::seconds(180));

  std::string current(TimePoint now) const;
  /// The current one and its neighbours, for `DpopExpectation::nonces`: the next one too, since another instance's
  /// clock may be ahead.
  std::vector<std::string> accepted(TimePoint now) const;

 private:
  std::string at(std::int64_t slot) const;
  Secret key_;
  std::chrono::seconds lifetime_;
};

}  // namespace leanmcp::inline v0
