#pragma once

#include <leanmcp/oauth/server/core.hpp>

#include <chrono>
#include <optional>

// How a client wants the person to sign in: `prompt`, `max_age`, `login_hint` (OpenID Connect Core 1.0,
// section 3.1.2.1).
namespace leanmcp::inline v0::as {

/// By how much the clocks of a provider and of this server may differ.
inline constexpr std::chrono::seconds sign_in_skew{60};

/// Writes the three parameters into the transaction: `prompt` as its known words, each once. `prompt=none` is
/// interaction_required, since whoever is asked for nothing cannot agree either; what is malformed, too long or not
/// supported is invalid_request (OpenID Connect Prompt Create 1.0, section 4.1).
Result<void, OAuthError> read_sign_in_wish(const Parameters& parameters, TransactionRecord& into);

SignInWish wish_of(const TransactionRecord& transaction);
/// Whether the person is to see the consent page, whatever was agreed to before: they were to be asked something, or
/// are to sign in anew.
bool asks_again(const TransactionRecord& transaction);

/// Whether somebody who left for the provider at `departed`, and signed in there at `signed_in`, did as was wished.
/// What counts is how old the sign-in was when the browser left: a person may take their time over the provider's
/// pages.
bool is_met(const SignInWish& wish, TimePoint departed, const std::optional<TimePoint>& signed_in);
/// That it cannot be met, for the client: login_required (section 3.1.2.6), and for a limit of time
/// unmet_authentication_requirements (RFC 9470, section 5).
OAuthError unmet(const SignInWish& wish);

}  // namespace leanmcp::inline v0::as
