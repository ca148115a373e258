#pragma once

#include <leanmcp/auth/provider.hpp>
#include <leanmcp/server/entry.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace leanmcp::inline v0 {

// All of these may stand on tools, prompts, resources, resource templates and whole services, in any order. What a
// service declares and what a method declares hold together; a method's own `authenticated` replaces its service's.

/// Only callers with a token of the provider may use the entry. The token comes in the `Authorization` header, in
/// `_meta.authorization {type: "bearer", token}`, or, on stdio, with the process; where it comes twice, both must be of
/// the same principal. Nothing in the token is believed before it is verified.
///
/// Refusals over HTTP are 401 with `WWW-Authenticate: Bearer` (RFC 6750, section 3; RFC 9728, section 5.1) and a
/// JSON-RPC error whose `data.code` is MISSING_TOKEN, INVALID_TOKEN or VERIFICATION_FAILED (then 503). On stdio, and
/// where the token came in `_meta`, a tool answers with an `isError` result of the same detail. A token that is bound
/// to a key is taken only by the DPoP scheme with a good proof (`AuthProvider::accept_dpop`).
Decorator authenticated(std::shared_ptr<AuthProvider> provider);

/// The token must have all of these scopes, or scopes that imply them (`AuthProvider::implies`). The challenge (403,
/// INSUFFICIENT_SCOPE) names all scopes the operation needs, so that one further sign-in is enough.
Decorator scopes(std::vector<std::string> all_of);
/// The token must have one of these. The challenge names the first.
Decorator any_scope(std::vector<std::string> one_of);

// 403, FORBIDDEN and no challenge: signing in again would not change the answer.

/// The person must have one of these roles.
Decorator roles(std::vector<std::string> one_of);
/// The person must be in one of these groups.
Decorator groups(std::vector<std::string> one_of);
/// The token must carry all of these permissions.
Decorator permissions(std::vector<std::string> all_of);
/// The token must be of one of these organisations (tenants).
Decorator organisations(std::vector<std::string> one_of);

/// The sign-in must have been of one of these classes (`acr`), if any are given, and at most `max_age` ago
/// (`auth_time`), if that is not zero. Otherwise 401 with `insufficient_user_authentication` (RFC 9470, section 3).
Decorator sign_in_strength(std::vector<std::string> acr_values, std::chrono::seconds max_age = {});

}  // namespace leanmcp::inline v0
