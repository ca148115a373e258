#include <leanmcp/base/encoding.hpp>

#include <array>
#include <cstdint>

namespace leanmcp::inline v0 {

namespace {

constexpr char standard[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr char url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

constexpr std::array<std::int8_t, 256> inverse(const char* alphabet) {
  std::array<std::int8_t, 256> table{};
  for (auto& entry : table) entry = -1;
  for (int i = 0; i < 64; ++i) table[static_cast<unsigned char>(alphabet[i])] = static_cast<std::int8_t>(i);
  return table;
}

constexpr auto standard_inverse = inverse(standard);
constexpr auto url_inverse = inverse(url);

std::string encode(std::string_view in, const char* alphabet, bool pad) {
  std::string out;
  out.reserve((in.size() + 2) / 3 * 4);
  const auto at = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(in[i])); };
  std::size_t i = 0;
  for (; i + 3 <= in.size(); i += 3) {
    const std::uint32_t word = at(i) << 16 | at(i + 1) << 8 | at(i + 2);
    out += alphabet[word >> 18];
    out += alphabet[word >> 12 & 63];
    out += alphabet[word >> 6 & 63];
    out += alphabet[word & 63];
  }
  const std::size_t rest = in.size() - i;
  if (rest != 0) {
    const std::uint32_t word = at(i) << 16 | (rest == 2 ? at(i + 1) << 8 : 0);
    out += alphabet[word >> 18];
    out += alphabet[word >> 12 & 63];
    if (rest == 2) out += alphabet[word >> 6 & 63];
    if (pad) out.append(3 - rest, '=');
  }
  return out;
}

std::optional<std::string> decode(std::string_view in, const std::array<std::int8_t, 256>& table) {
  const std::size_t rest = in.size() % 4;
  if (rest == 1) return std::nullopt;
  const auto digit = [&](std::size_t i) -> std::int32_t { return table[static_cast<unsigned char>(in[i])]; };
  std::string out(in.size() / 4 * 3 + (rest == 0 ? 0 : rest - 1), '\0');
  char* to = out.data();
  std::size_t i = 0;
  for (; i + 4 <= in.size(); i += 4) {
    const std::int32_t a = digit(i), b = digit(i + 1), c = digit(i + 2), d = digit(i + 3);
    if ((a | b | c | d) < 0) return std::nullopt;
    const std::int32_t word = a << 18 | b << 12 | c << 6 | d;
    *to++ = static_cast<char>(word >> 16);
    *to++ = static_cast<char>(word >> 8 & 0xff);
    *to++ = static_cast<char>(word & 0xff);
  }
  if (rest == 0) return out;
  const std::int32_t a = digit(i), b = digit(i + 1), c = rest == 3 ? digit(i + 2) : 0;
  if ((a | b | c) < 0) return std::nullopt;
  // The bits that stand for no byte must be zero: one spelling for each text.
  if ((rest == 2 ? b & 15 : c & 3) != 0) return std::nullopt;
  *to++ = static_cast<char>(a << 2 | b >> 4);
  if (rest == 3) *to = static_cast<char>((b & 15) << 4 | c >> 2);
  return out;
}

}  // namespace

std::string base64url_encode(std::string_view bytes) { return encode(bytes, url, false); }
std::optional<std::string> base64url_decode(std::string_view text) { return decode(text, url_inverse); }
std::string base64_encode(std::string_view bytes) { return encode(bytes, standard, true); }

std::optional<std::string> base64_decode(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  if (text.ends_with("==")) {
    text.remove_suffix(2);
  } else if (text.ends_with("=")) {
    text.remove_suffix(1);
  }
  return decode(text, standard_inverse);
}

std::string hex_encode(std::string_view bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

std::optional<std::string> hex_decode(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  const auto digit = [](char c) -> int {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  };
  std::string out;
  out.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = digit(text[i]);
    const int low = digit(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high << 4 | low);
  }
  return out;
}

}  // namespace leanmcp::inline v0
