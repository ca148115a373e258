#pragma once

#include <leanmcp/base/result.hpp>
#include <leanmcp/oauth/server/message.hpp>
#include <leanmcp/oauth/server/records.hpp>

#include <string>
#include <string_view>

namespace leanmcp::inline v0::as {

/// What a metadata document may be at most.
inline constexpr std::size_t most_document_bytes = 5 * 1024;

/// Whether a client's id is the URL of its metadata document (draft-ietf-oauth-client-id-metadata-document, section 3):
/// https with a path, no fragment, no user name, no dot segments. With `loopback`, http to this machine as well.
bool is_document_url(std::string_view client_id, bool loopback);

/// What a document says of the client whose id is `client_id` (section 4). `client_id` in it is the same string, no
/// secret is in it, and everything else is as in RFC 7591. `invalid_client`.
Result<ClientRecord, OAuthError> read_client_document(const std::string& client_id, std::string_view json_text);

}  // namespace leanmcp::inline v0::as
