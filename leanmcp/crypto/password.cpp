#include <leanmcp/crypto/password.hpp>

#include <leanmcp/base/encoding.hpp>
#include <leanmcp/base/random.hpp>
#include <leanmcp/crypto/digest.hpp>

#include <openssl/evp.h>

#include <charconv>
#include <optional>
#include <stdexcept>
#include <vector>

namespace leanmcp::inline v0 {
namespace {

constexpr std::size_t salt_bytes = 16;
constexpr std::size_t hash_bytes = 32;
constexpr std::size_t longest_password = 1024;
constexpr std::size_t longest_stored = 512;

bool affordable(const ScryptCost& cost, const ScryptLimits& limits) {
  // Each bounded by itself first, so that the products cannot overflow. N must be below 2^(16r).
  if (cost.log2_n < 1 || cost.log2_n > 30 || cost.r < 1 || cost.r > 1024 || cost.p < 1 || cost.p > 1024) return false;
  if (cost.log2_n >= 16 * cost.r) return false;
  const std::uint64_t blocks = (std::uint64_t{1} << cost.log2_n) * cost.r;
  return blocks * 128 <= limits.memory && blocks * cost.p <= limits.work;
}

std::string unpadded(std::string text) {
  while (text.ends_with('=')) text.pop_back();
  return text;
}

std::optional<std::string> padded_decode(std::string_view text) {
  if (text.find('=') != std::string_view::npos) return std::nullopt;
  std::string whole(text);
  while (whole.size() % 4 != 0) whole += '=';
  return base64_decode(whole);
}

std::optional<unsigned> number(std::string_view text, std::string_view name) {
  if (!text.starts_with(name)) return std::nullopt;
  text.remove_prefix(name.size());
  unsigned value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size() || text.starts_with('0')) return std::nullopt;
  return value;
}

std::vector<std::string_view> split(std::string_view text, char mark) {
  std::vector<std::string_view> parts;
  for (std::size_t at = 0;;) {
    const std::size_t end = text.find(mark, at);
    parts.push_back(text.substr(at, end - at));
    if (end == std::string_view::npos) return parts;
    at = end + 1;
  }
}

struct Stored {
  ScryptCost cost;
  std::string salt;
  std::string hash;
};

std::optional<Stored> read_stored(std::string_view text) {
  if (text.size() > longest_stored) return std::nullopt;
  const auto parts = split(text, '$');
  if (parts.size() != 5 || !parts[0].empty() || parts[1] != "scrypt") return std::nullopt;
  const auto numbers = split(parts[2], ',');
  if (numbers.size() != 3) return std::nullopt;
  const auto log2_n = number(numbers[0], "ln=");
  const auto r = number(numbers[1], "r=");
  const auto p = number(numbers[2], "p=");
  auto salt = padded_decode(parts[3]);
  auto hash = padded_decode(parts[4]);
  if (!log2_n || !r || !p || !salt || !hash) return std::nullopt;
  if (salt->size() < 8 || salt->size() > 64 || hash->size() < 16 || hash->size() > 64) return std::nullopt;
  Stored stored;
  stored.cost = ScryptCost(*log2_n, *r, *p);
  stored.salt = std::move(*salt);
  stored.hash = std::move(*hash);
  return stored;
}

}  // namespace

std::string_view to_string(PasswordFault fault) noexcept {
  switch (fault) {
    case PasswordFault::not_a_hash:
      return "not a stored password";
    case PasswordFault::too_costly:
      return "stored with a cost over the limits";
    case PasswordFault::too_long:
      return "password too long";
    case PasswordFault::wrong:
      return "wrong password";
  }
  return {};
}

Secret scrypt(std::string_view passphrase, std::string_view salt, const ScryptCost& cost, std::size_t length,
              const ScryptLimits& limits) {
  if (!affordable(cost, limits) || length == 0 || length > 1024)
    throw std::invalid_argument("scrypt: cost or length out of bounds");
  const std::uint64_t n = std::uint64_t{1} << cost.log2_n;
  // OpenSSL counts its own working memory too.
  const std::uint64_t memory = 128 * n * cost.r + 128 * std::uint64_t{cost.r} * (cost.p + 2) + 1024 * 1024;
  std::string out(length, '\0');
  if (EVP_PBE_scrypt(passphrase.data(), passphrase.size(), reinterpret_cast<const unsigned char*>(salt.data()),
                     salt.size(), n, cost.r, cost.p, memory, reinterpret_cast<unsigned char*>(out.data()),
                     out.size()) != 1)
    throw std::runtime_error("scrypt failed");
  return Secret(std::move(out));
}

std::string hash_password(std::string_view password, const ScryptCost& cost) {
  if (password.size() > longest_password) throw std::invalid_argument("password too long");
  unsigned char salt[salt_bytes];
  random_bytes(salt);
  const std::string salt_text(reinterpret_cast<const char*>(salt), sizeof salt);
  const Secret hash = scrypt(password, salt_text, cost, hash_bytes);
  return "$scrypt$ln=" + std::to_string(cost.log2_n) + ",r=" + std::to_string(cost.r) + ",p=" + std::to_string(cost.p) +
         "$" + unpadded(base64_encode(salt_text)) + "$" + unpadded(base64_encode(hash.reveal()));
}

Result<void, PasswordFault> verify_password(std::string_view password, std::string_view stored,
                                            const ScryptLimits& limits) {
  if (password.size() > longest_password) return PasswordFault::too_long;
  const auto parsed = read_stored(stored);
  if (!parsed) return PasswordFault::not_a_hash;
  if (!affordable(parsed->cost, limits)) return PasswordFault::too_costly;
  const Secret hash = scrypt(password, parsed->salt, parsed->cost, parsed->hash.size(), limits);
  if (!constant_time_equal(hash.reveal(), parsed->hash)) return PasswordFault::wrong;
  return {};
}

}  // namespace leanmcp::inline v0
