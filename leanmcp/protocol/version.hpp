#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace leanmcp::inline v0 {

/// The dated protocol revisions that are spoken, oldest first; comparable.
enum class Version { v2025_03_26, v2025_06_18, v2025_11_25, v2026_07_28 };

inline constexpr std::array supported_versions = {Version::v2026_07_28, Version::v2025_11_25, Version::v2025_06_18,
                                                  Version::v2025_03_26};
inline constexpr Version newest_version = Version::v2026_07_28;
/// What `initialize` is answered with when the client's own wish is unknown (2025-11-25, Lifecycle, Version
/// Negotiation: "another protocol version it supports", the latest).
inline constexpr Version newest_legacy_version = Version::v2025_11_25;

constexpr std::string_view to_string(Version version) {
  switch (version) {
    case Version::v2025_03_26: return "2025-03-26";
    case Version::v2025_06_18: return "2025-06-18";
    case Version::v2025_11_25: return "2025-11-25";
    case Version::v2026_07_28: return "2026-07-28";
  }
  return "";
}

constexpr std::optional<Version> parse_version(std::string_view text) {
  for (const Version version : supported_versions)
    if (to_string(version) == text) return version;
  return std::nullopt;
}

/// Modern revisions carry version and capabilities in each request; legacy ones begin with `initialize`
/// (2026-07-28, Versioning and Compatibility, Terminology).
constexpr bool is_modern(Version version) { return version >= Version::v2026_07_28; }

}  // namespace leanmcp::inline v0
