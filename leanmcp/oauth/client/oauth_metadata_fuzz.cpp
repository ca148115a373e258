#include <leanmcp/client/http_caller.hpp>
#include <leanmcp/oauth/client/metadata.hpp>
#include <leanmcp/oauth/client/registration.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>

using namespace leanmcp;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

const EndpointRules rules("https://rs.example/mcp", false);

}  // namespace

/// Metadata of a resource and of an authorization server, the answer to a registration, and URLs. The first byte chooses.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  switch (data[0] % 4) {
    case 0: {
      const auto read = read_protected_resource(text, "https://rs.example/mcp");
      if (!read) break;
      require(!read->authorization_servers.empty() && read->authorization_servers.size() <= 200);
      require(detail::origin_of(read->resource) == "https://rs.example:443");
      for (const std::string& issuer : read->authorization_servers)
        for (const std::string& url : issuer_metadata_urls(issuer)) require(url.size() < 4'096);
      break;
    }
    case 1: {
      const auto read = read_authorization_server(text, "https://as.example", rules);
      if (!read) break;
      require(read->issuer == "https://as.example");
      for (const std::string* const url :
           {&read->authorization_endpoint, &read->token_endpoint, &read->registration_endpoint, &read->revocation_endpoint})
        require(url->empty() || rules.allows(*url));
      require(!read->token_endpoint.empty());
      break;
    }
    case 2: {
      ClientResponse response;
      response.status = 201;
      response.body = std::string(text);
      const auto read = read_registration(response);
      if (read) require(!read->client_id.empty());
      break;
    }
    case 3: {
      if (!rules.allows(text)) break;
      // What may be called has an origin, is not plain, and is on no address that is literally private.
      const std::string origin = detail::origin_of(text);
      require(origin.starts_with("https://"));
      require(!origin.starts_with("https://127.") && !origin.starts_with("https://localhost:") &&
              !origin.starts_with("https://10.0.0.") && !origin.starts_with("https://[::1]"));
      break;
    }
  }
  return 0;
}
