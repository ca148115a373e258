#include <leanmcp/oauth/server/client_document.hpp>
#include <leanmcp/oauth/server/core.hpp>
#include <leanmcp/oauth/server/redirect_uri.hpp>

#include <boost/url/parse.hpp>

#include <cstdint>
#include <cstdlib>

using namespace leanmcp;
using namespace leanmcp::as;

namespace {

void require(bool good) {
  if (!good) std::abort();
}

bool is_loopback_redirect(std::string_view uri) {
  UriParts parts;
  return split_uri(uri, parts) && parts.scheme == "http" && is_loopback_name(parts.host);
}

}  // namespace

// Two URIs with a line break between them: one is registered, the other asked for.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto end = text.find('\n');
  const std::string registered(text.substr(0, end));
  const std::string_view asked = end == text.npos ? std::string_view() : text.substr(end + 1);
  (void)is_document_url(text, true);
  for (const char* const type : {"native", "web"}) {
    ClientRecord client;
    client.application_type = type;
    client.redirect_uris = {registered};
    const bool registrable = check_redirect_uri(registered, type).has_value();
    if (registrable) {
      require(redirect_matches(client, registered));
      // Another parser takes it for a URI as well, without a fragment or a user name.
      const auto parsed = boost::urls::parse_uri(registered);
      require(parsed && !parsed->has_fragment() && !parsed->has_userinfo());
      if (std::string_view(type) == "web") require(parsed->scheme_id() == boost::urls::scheme::https);
    }
    if (!registrable || !redirect_matches(client, asked) || asked == registered) continue;
    // What differs is the port of a native client's loopback, and nothing else.
    require(std::string_view(type) == "native" && is_loopback_redirect(asked) && is_loopback_redirect(registered));
    UriParts one, other;
    require(split_uri(asked, one) && split_uri(registered, other));
    require(one.host == other.host && one.path == other.path && one.query == other.query);
  }
  return 0;
}
