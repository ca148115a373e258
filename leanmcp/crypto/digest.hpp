#pragma once

#include <string>
#include <string_view>

namespace leanmcp::inline v0 {

/// SHA-2 digests as raw bytes (FIPS 180-4). Thread-safe. Throw std::runtime_error only when the crypto library itself
/// fails, which no input can cause.
std::string sha256(std::string_view bytes);
std::string sha384(std::string_view bytes);
std::string sha512(std::string_view bytes);

/// HMAC (RFC 2104) as raw bytes.
std::string hmac_sha256(std::string_view key, std::string_view bytes);
std::string hmac_sha384(std::string_view key, std::string_view bytes);
std::string hmac_sha512(std::string_view key, std::string_view bytes);

/// HKDF with SHA-256 (RFC 5869): `length` bytes, at most 255·32.
std::string hkdf_sha256(std::string_view key, std::string_view salt, std::string_view info, std::size_t length);

/// Compares in time that depends on the lengths only. False for different lengths.
bool constant_time_equal(std::string_view a, std::string_view b) noexcept;

}  // namespace leanmcp::inline v0
