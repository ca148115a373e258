#pragma once

#include <leanmcp/auth/claims.hpp>

#include <string>
#include <vector>

namespace leanmcp::inline v0 {

/// Organisation, role and permissions of a Clerk session token, version 1 (org_id, org_role, org_permissions) and
/// version 2 (`o`, `fea`), where `fpm` holds a decimal bit mask a feature over the list of permissions; a mask may have
/// more than 64 bits. Put into the fields; whatever is malformed gives nothing.
void read_clerk_organisation(const json::object& claims, Principal::Fields& fields);

/// The bits of a decimal number without bound, lowest first; empty when it is none. At most 4,096 digits are read.
std::vector<bool> bits_of_decimal(std::string_view decimal);

}  // namespace leanmcp::inline v0
