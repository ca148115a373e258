#pragma once

#include <leanmcp/auth/provider.hpp>
#include <leanmcp/server/entry.hpp>

#include <memory>
#include <string>
#include <vector>

namespace leanmcp::inline v0 {

/// Only callers with a token of the provider may use the entry. The token comes in the `Authorization` header, in
/// `_meta.authorization {type: "bearer", token}`, or, on stdio, with the process; where it comes twice, both must be of
/// the same principal. Nothing in the token is believed before it is verified.
///
/// Refusals over HTTP are 401 with `WWW-Authenticate: Bearer` (RFC 6750, section 3; RFC 9728, section 5.1) and a
/// JSON-RPC error whose `data.code` is MISSING_TOKEN, INVALID_TOKEN or VERIFICATION_FAILED (then 503). On stdio, and
/// where the token came in `_meta`, a tool answers with an `isError` result of the same detail.
Decorator authenticated(std::shared_ptr<AuthProvider> provider);

/// The token must have all of these scopes; after `authenticated`. The challenge (403) names all that are needed.
Decorator scopes(std::vector<std::string> all_of);
/// The token must have one of these.
Decorator any_scope(std::vector<std::string> one_of);

}  // namespace leanmcp::inline v0
