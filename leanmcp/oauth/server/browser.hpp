#pragma once

#include <leanmcp/oauth/server/core.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

// What ties a browser to what it was shown and to what it agreed to.
namespace leanmcp::inline v0::as {

/// Whether browsers reach this server by https, so that cookies can be for this host alone.
bool is_secure(const Core& core);

/// Whether a form was sent by a page of this server: `Sec-Fetch-Site` says same-origin or, in browsers without it,
/// `Origin` is ours. Our pages have the policy no-referrer, under which browsers send `Origin: null` (Fetch standard,
/// "append a request Origin header"); that alone shows nothing.
bool from_own_page(const Core& core, const Request& request);

/// One render of a form: what is in the form, what is in the cookie, and the digest that stands for both.
struct FormToken {
  std::string token;
  /// A Set-Cookie value.
  std::string cookie;
  std::string digest;
};
FormToken new_form_token(const Core& core);
/// The digest for a token that came back with its cookie; empty without one.
std::string form_digest(const Core& core, const Request& request, std::string_view token);
/// A Set-Cookie value that removes the form's cookie.
std::string end_of_form(const Core& core, std::string_view token);

/// A journey to a provider and back (RFC 6749, section 10.12): a state that is good once, and a cookie that only the
/// browser has that agreed.
struct Departure {
  std::string state;
  std::string cookie;
  Approval approval;
  std::string verifier;
  std::string nonce;
};
/// `remembered` is the subject whose remembered consent stands for the page; empty otherwise.
Departure new_departure(const Core& core, std::string_view id_digest, std::string_view upstream,
                        std::string_view remembered, TimePoint now);
/// What was sealed at departure.
struct Luggage {
  Secret verifier;
  std::string nonce;
  std::string remembered;
  /// Of journeys that were begun before it was kept: never, so that no sign-in is new enough.
  TimePoint departed = TimePoint::max();
};
std::optional<Luggage> open_luggage(const Core& core, const TransactionRecord& transaction);
/// Whether the request is from the browser that the transaction is bound to.
bool is_bound_browser(const Core& core, const Request& request, const TransactionRecord& transaction);
std::string end_of_journey(const Core& core, const TransactionRecord& transaction);

/// Set-Cookie values that remove what forms and journeys left behind in a browser that has too many of them: header
/// lines have a bound, and cookies of abandoned pages would count for ten minutes.
std::vector<std::string> surplus_cookies(const Core& core, const Request& request);

/// A browser in which the person of that name has signed in with their password in the last three months: what it is
/// counted by where passwords are tried; empty for any other browser. It tells nothing else, and grants nothing.
std::string known_browser(const Core& core, const Request& request, std::string_view username, TimePoint now);
/// A Set-Cookie value by which it is known again.
std::string known_browser_cookie(const Core& core, std::string_view username, TimePoint now);

/// The person this browser is remembered for; empty when there is none.
std::string remembered_subject(const Core& core, const Request& request, TimePoint now);
/// A Set-Cookie value by which the browser is remembered; nullopt when storage failed.
std::optional<std::string> remember_browser(const Core& core, const std::string& subject, TimePoint now);

}  // namespace leanmcp::inline v0::as
