#include <leanmcp/oauth/server/stateless_client.hpp>

#include <leanmcp/crypto/strict_json.hpp>
#include <leanmcp/oauth/server/client_metadata.hpp>

#include <boost/json.hpp>

namespace leanmcp::inline v0::as {

namespace json = boost::json;

namespace {

constexpr std::string_view stateless_prefix = "sealed.";
constexpr std::string_view stateless_purpose = "oauth-stateless-client";
constexpr std::size_t longest_stateless_id = 2'000;

}  // namespace

bool is_stateless_id(std::string_view client_id) noexcept { return client_id.starts_with(stateless_prefix); }

std::optional<std::string> stateless_client_id(const KeyRing& ring, const ClientRecord& client) {
  ClientRecord nameless = client;
  nameless.client_id.clear();
  boost::system::error_code failed;
  const json::value metadata = json::parse(client_information(nameless) + "}", failed);
  if (failed) return std::nullopt;
  const json::object kept{{"client", metadata}, {"secret", client.secret_digest}};
  std::string id =
      std::string(stateless_prefix) + ring.sealer(stateless_purpose).seal(json::serialize(kept), stateless_purpose);
  if (id.size() > longest_stateless_id) return std::nullopt;
  return id;
}

std::optional<ClientRecord> stateless_client(const KeyRing& ring, const std::string& client_id) {
  if (!is_stateless_id(client_id)) return std::nullopt;
  const auto text = ring.sealer(stateless_purpose)
                        .open(std::string_view(client_id).substr(stateless_prefix.size()), stateless_purpose);
  if (!text) return std::nullopt;
  const auto kept = detail::strict_object(*text, 16);
  const json::value* const metadata = kept ? kept->if_contains("client") : nullptr;
  const json::string* const secret = kept ? detail::text_member(*kept, "secret") : nullptr;
  if (!metadata || !metadata->is_object() || !secret) return std::nullopt;
  auto client = read_client_metadata(json::serialize(*metadata), MetadataSource::registration);
  const json::value* const issued = metadata->get_object().if_contains("client_id_issued_at");
  if (!client || !issued || !issued->is_int64()) return std::nullopt;
  client->client_id = client_id;
  client->origin = ClientOrigin::dynamic;
  client->secret_digest = std::string(*secret);
  client->created = TimePoint(std::chrono::seconds(issued->get_int64()));
  client->document_digest = consent_digest(*client);
  return std::move(*client);
}

}  // namespace leanmcp::inline v0::as
