#pragma once

#include <leanmcp/base/result.hpp>
#include <leanmcp/oauth/server/message.hpp>
#include <leanmcp/oauth/server/records.hpp>

#include <string>
#include <string_view>

namespace leanmcp::inline v0::as {

/// Where a client's description is from: what may be in it differs.
enum class MetadataSource {
  registration,  ///< RFC 7591: grants and methods that are not on offer are an error
  document,      ///< a document for many servers: of its grants those on offer are kept; no shared secret of any kind
};

/// A client's description of itself (RFC 7591, section 2), JSON text. Bounded in all its parts; members that mean
/// nothing here are ignored, `logo_uri` among them: it is never fetched. The record has neither id nor secret.
/// `invalid_redirect_uri` or `invalid_client_metadata`.
Result<ClientRecord, OAuthError> read_client_metadata(std::string_view json_text, MetadataSource source);

/// The same as JSON text, with `client_id` and `client_id_issued_at` (RFC 7591, section 3.2.1), without the brace at
/// the end, for what goes along with it.
std::string client_information(const ClientRecord& client);

/// What a remembered consent holds for: the name and all else that the person saw or that the client may do.
std::string consent_digest(const ClientRecord& client);

/// `none`, `client_secret_basic`, …
std::string_view to_string(ClientMethod method) noexcept;

}  // namespace leanmcp::inline v0::as
