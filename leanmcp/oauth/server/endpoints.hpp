#pragma once

#include <leanmcp/http/server_options.hpp>
#include <leanmcp/oauth/server/core.hpp>

#include <span>
#include <string_view>

namespace leanmcp::inline v0::as {

/// Where an endpoint is worked on.
enum class Workplace {
  loop,   ///< at once, on the connection's loop: nothing blocks
  quick,  ///< needs the database only
  slow,   ///< may wait for other servers, or compute for long: must not hold up the quick ones
};

/// One method of one path below the issuer. A path that ends in a slash stands for all below it; what follows is handed
/// on as `rest`. The well-known documents are named without the issuer's own path.
struct Endpoint {
  HttpMethod verb;
  std::string_view path;
  Workplace workplace;
  RouteOrigins origins;
  Answer (*answer)(Core& core, const Request& request, std::string_view rest, TimePoint now);
};
std::span<const Endpoint> endpoints() noexcept;

/// The endpoint for the request's method and path answers it; 404 or 405 when there is none.
Answer answer_request(Core& core, const Request& request, TimePoint now);

}  // namespace leanmcp::inline v0::as
