#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace leanmcp::inline v0 {

/// Fills the span with unpredictable bytes from the operating system (getrandom). Throws std::system_error if the
/// system refuses, which Linux does not once booted. Thread-safe.
void random_bytes(std::span<unsigned char> out);

/// `bytes` unpredictable bytes as unpadded base64url; 16 (128 bits) suits ids, 32 suits secrets. It never begins with
/// '-' (drawn again, 1 in 64), so that a person can hand it to a command, which would take such a one for an option.
std::string random_id(std::size_t bytes = 16);

}  // namespace leanmcp::inline v0
