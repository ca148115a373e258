#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace leanmcp::inline v0 {

/// Unpadded base64url (RFC 4648, section 5; RFC 7515, section 2).
std::string base64url_encode(std::string_view bytes);
/// Strict: no padding, no white space, and the unused low bits of the last character must be zero, so that each
/// byte string has one spelling only. nullopt otherwise.
std::optional<std::string> base64url_decode(std::string_view text);

/// Padded standard base64 (RFC 4648, section 4).
std::string base64_encode(std::string_view bytes);
/// Strict and padded; nullopt for anything else.
std::optional<std::string> base64_decode(std::string_view text);

/// Lower-case hexadecimal.
std::string hex_encode(std::string_view bytes);
/// Accepts both cases; nullopt for an odd length or another character.
std::optional<std::string> hex_decode(std::string_view text);

}  // namespace leanmcp::inline v0
