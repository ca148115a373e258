#pragma once

#include <leanmcp/oauth/client/form.hpp>
#include <leanmcp/oauth/server/audit_log.hpp>
#include <leanmcp/oauth/server/browser.hpp>
#include <leanmcp/oauth/server/core.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace leanmcp::inline v0::as {

/// Whom an authorization request is from and where its answer goes. What is wrong with these two is shown to the person
/// and never sent anywhere (RFC 6749, section 4.1.2.1).
class AuthorizationTarget {
 public:
  ClientRecord client;
  std::string redirect_uri;
  bool redirect_uri_given = true;
};
Result<AuthorizationTarget, OAuthError> find_target(Core& core, const Parameters& parameters, std::string_view peer,
                                                    TimePoint now);

/// The page for what cannot go on: with the sentence where the request is at fault, else that the server is in trouble
/// (503) or that it is asked too often (429).
Answer stopped_answer(const OAuthError& error, std::string_view sentence);
/// The page for a journey whose client is not found (any more), and the line in the audit log.
Answer refuse_client(Core& core, AuditEvent event, const Request& request, const OAuthError& error);

/// The rest of the request (RFC 6749, section 4.1.1; RFC 7636, section 4.3; RFC 8707, section 2; RFC 9449, section 10).
/// A transaction without id; the error is the one to send back to the client.
Result<TransactionRecord, OAuthError> read_authorization(const Core& core, const AuthorizationTarget& target,
                                                         const Parameters& parameters, TimePoint now);

/// `redirect_uri` with the answer's parameters and, always, `iss` (RFC 9207, section 2).
std::string response_url(const Core& core, std::string_view redirect_uri, std::string_view state,
                         FormParameters parameters);
std::string error_url(const Core& core, std::string_view redirect_uri, std::string_view state, std::string_view error,
                      std::string_view description);

/// Shows the consent page for a new request, or, where this browser's person agreed to exactly this before and said so,
/// goes on to the provider.
Answer begin_authorization(Core& core, const Request& request, const ClientRecord& client,
                           TransactionRecord transaction, bool always_ask, TimePoint now);
/// Where the browser goes after consent.
std::string departure_url(const Core& core, const Departure& departure, const SignInWish& wish);

/// Whether a consent for this address may be remembered at all: only where the address belongs to one site. What
/// answers on loopback or to a scheme of its own may be another program the next time (RFC 8252, section 8.6).
bool can_be_remembered(const Core& core, std::string_view redirect_uri);
/// What a remembered consent is kept under (facts of the request, the client's document).
ConsentRecord consent_of(const TransactionRecord& transaction, const ClientRecord& client, std::string subject);

/// Where a remembered consent stood for the page and somebody else signed in: that person is asked.
Answer ask_anew(Core& core, const Request& request, const ClientRecord& client, const TransactionRecord& transaction,
                TimePoint now);
/// Keeps the consent if that was wished; the Set-Cookie value by which the browser is known.
std::optional<std::string> remember(Core& core, const ClientRecord& client, const TransactionRecord& transaction,
                                    const Luggage& luggage, const std::string& subject, TimePoint now);

/// A code for the approved request and the person who signed in: the URL that carries it back. The error was logged.
Result<std::string, OAuthError> issue_code(Core& core, const TransactionRecord& transaction, const std::string& subject,
                                           const UpstreamPerson& person, TimePoint now);

/// `provider:id`, as access tokens say it.
std::string subject_of(std::string_view upstream, std::string_view id);

}  // namespace leanmcp::inline v0::as
