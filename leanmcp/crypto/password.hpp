#pragma once

#include <leanmcp/base/result.hpp>
#include <leanmcp/base/secret.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace leanmcp::inline v0 {

/// What scrypt costs (RFC 7914, section 2): 128·2^log2_n·r bytes of memory, p times its work.
struct ScryptCost {
  /// 32 MiB and three passes, about a quarter of a second.
  ScryptCost() = default;
  ScryptCost(unsigned log2_n, unsigned r, unsigned p) : log2_n(log2_n), r(r), p(p) {}
  unsigned log2_n = 15;
  unsigned r = 8;
  unsigned p = 3;
};

/// How much a stored hash may make us spend.
struct ScryptLimits {
  std::size_t memory = 256 * 1024 * 1024;
  /// 2^log2_n·r·p
  std::uint64_t work = std::uint64_t{1} << 24;
};

enum class PasswordFault {
  not_a_hash,  ///< the stored text is none of ours
  too_costly,  ///< its cost is over the limits
  too_long,    ///< a password over 1 KiB
  wrong,
};
std::string_view to_string(PasswordFault fault) noexcept;

/// `$scrypt$ln=15,r=8,p=3$salt$hash` (PHC string format; salt and hash in unpadded base64) with a random salt. Takes as
/// long as it costs: on a worker thread, never on an event loop. Throws std::invalid_argument for a cost or a password
/// out of bounds.
std::string hash_password(std::string_view password, const ScryptCost& cost = {});

/// Whether it is the password that was hashed; compared in constant time.
Result<void, PasswordFault> verify_password(std::string_view password, std::string_view stored,
                                            const ScryptLimits& limits = {});

/// `length` bytes from a passphrase (RFC 7914, section 6), for a key. Throws std::invalid_argument for a cost or a
/// length out of bounds.
Secret scrypt(std::string_view passphrase, std::string_view salt, const ScryptCost& cost, std::size_t length,
              const ScryptLimits& limits = {});

}  // namespace leanmcp::inline v0
