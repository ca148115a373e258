#pragma once

#include <leanmcp/oauth/client/token_endpoint.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace leanmcp::inline v0 {

/// Which of the authorization servers that a resource names is used: the one that the client is registered at, which
/// must be among them (nullopt if it is not); else the one that was used so far, if it is still named; else the first.
/// `registered` and `used` are empty when there is none.
std::optional<std::string> choose_issuer(const std::vector<std::string>& offered, const std::string& registered,
                                         const std::string& used);

/// Whether `aud` of the JWT is, or has among its values, `issuer`. Nothing else of the token is looked at or verified:
/// it is for deciding whether it may be shown there, not whether it is good.
bool is_for_issuer(std::string_view jwt, std::string_view issuer);

/// Whether a redirect URI registered earlier serves for `now`: the same, or the same but for the port of a loopback
/// address (RFC 8252, section 7.3).
bool same_redirect(std::string_view registered, std::string_view now);

}  // namespace leanmcp::inline v0
