#pragma once

#include <leanmcp/base/clock.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace leanmcp::inline v0::as {

/// From now to its end.
inline constexpr std::chrono::seconds longest_assertion_life(300);
/// What the clock of its issuer may be off.
inline constexpr std::chrono::seconds assertion_skew(30);

/// The claims of an assertion (RFC 7523, section 3; ID-JAG) in their right types. Nothing is verified.
struct AssertionClaims {
  std::string issuer;
  std::string subject;
  /// `aud` when it is one text, or a list of one.
  std::string audience;
  /// It is a text, not a list.
  bool sole_audience = false;
  /// `jti`; empty when it is not there, too long, or no text.
  std::string id;
  std::string client_id;
  std::string resource;
  std::string scope;
  /// `cnf.jkt`, when `cnf` has that and nothing else.
  std::string thumbprint;
  bool has_cnf = false;
  TimePoint issued;
  TimePoint expires;

  /// nullopt for what is no JSON object, has a member there twice, or one of the above in a wrong type. `jti` of a
  /// wrong type too.
  static std::optional<AssertionClaims> read(std::string_view claims_json);
};

}  // namespace leanmcp::inline v0::as
