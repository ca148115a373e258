#include <leanmcp/oauth/server/client_document.hpp>
#include <leanmcp/oauth/server/client_metadata.hpp>
#include <leanmcp/oauth/server/core.hpp>

#include <boost/json.hpp>

#include <cstdint>
#include <cstdlib>

using namespace leanmcp;
using namespace leanmcp::as;

namespace {

void require(bool good) {
  if (!good) std::abort();
}

/// What was taken keeps the rules, and what is said of it can be registered again.
void check(const ClientRecord& client, MetadataSource source) {
  require(!client.redirect_uris.empty() && client.redirect_uris.size() <= 10);
  for (const std::string& uri : client.redirect_uris) {
    require(check_redirect_uri(uri, client.application_type).has_value());
    require(redirect_matches(client, uri));
  }
  require(!client.grant_types.empty() && client.grant_types.size() <= 2);
  if (source == MetadataSource::document)
    require(client.method == ClientMethod::none || client.method == ClientMethod::private_key_jwt);
  const std::string said = client_information(client) + "}";
  const auto again = read_client_metadata(said, MetadataSource::registration);
  require(again.has_value());
  require(again->redirect_uris == client.redirect_uris && again->name == client.name &&
          again->scopes == client.scopes && again->method == client.method && again->dpop_bound == client.dpop_bound);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const auto source : {MetadataSource::registration, MetadataSource::document})
    if (const auto client = read_client_metadata(text, source)) check(*client, source);
  const std::string id = "https://app.example/client.json";
  if (const auto client = read_client_document(id, text)) {
    require(client->client_id == id && client->origin == ClientOrigin::document && client->secret_digest.empty());
    check(*client, MetadataSource::document);
  }
  return 0;
}
