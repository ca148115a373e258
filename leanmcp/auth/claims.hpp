#pragma once

#include <leanmcp/json/fwd.hpp>
#include <leanmcp/server/principal.hpp>

#include <boost/json/fwd.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace leanmcp::inline v0 {

// Readers of claims: whatever stands there, no reader fails; a claim of another type than expected is as if absent.

/// The text as a JSON object of sensible size and depth.
std::optional<json::object> claims_of(std::string_view json_text);
/// A string claim, else empty.
std::string claim_text(const json::object& claims, std::string_view name);
/// A list of strings, or the words of one text between spaces.
std::vector<std::string> claim_words(const json::object& claims, std::string_view name);
/// A list of strings, or one string as a list of one: for `aud`, where a space is part of the value.
std::vector<std::string> claim_list(const json::object& claims, std::string_view name);
/// A number of whole seconds or the like, also one that is written as a text.
std::optional<long long> claim_number(const json::object& claims, std::string_view name);
/// A boolean, also one that is written as a text.
std::optional<bool> claim_flag(const json::object& claims, std::string_view name);
/// The object of that name, or nullptr.
const json::object* claim_object(const json::object& claims, std::string_view name);
/// Whether `aud` (text or list) has the audience; an empty audience is in none.
bool has_audience(const json::object& claims, std::string_view audience);
/// The client a token was issued to: the first of client_id, azp, cid, appid.
std::string client_of(const json::object& claims);

/// What most providers' claims mean: `scope` or `scp` as text or list, roles, groups, permissions, org_id. A token
/// whose subject is its own client is a machine's. `claims_json` is left to the caller.
Principal::Fields principal_fields(const std::string& provider, const json::object& claims);
Principal principal_from_claims(const std::string& provider, const json::object& claims);

/// The profile members of OpenID Connect Core 1.0, section 5.1, where the claims have them. `json` holds sub, email,
/// email_verified and name, null where unknown.
AuthUser user_from_claims(const Principal& principal, const json::object& claims);
/// Whether the claims already hold a profile, so that nobody needs to be asked.
bool has_profile(const json::object& claims);

/// Members of a user's JSON form: the value, or null for an empty text.
json::value text_or_null(const std::string& text);

}  // namespace leanmcp::inline v0
