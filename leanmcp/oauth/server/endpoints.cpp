#include <leanmcp/oauth/server/endpoints.hpp>

#include <array>

namespace leanmcp::inline v0::as {
namespace {

/// For the endpoints that have no rest.
template <Answer (*answer)(Core&, const Request&, TimePoint)>
Answer plain(Core& core, const Request& request, std::string_view, TimePoint now) {
  return answer(core, request, now);
}

Answer callback(Core& core, const Request& request, std::string_view rest, TimePoint now) {
  return answer_callback(core, request, rest, now);
}

Answer registered(Core& core, const Request& request, std::string_view rest, TimePoint now) {
  return answer_registered(core, request, rest, now);
}

template <bool openid>
Answer metadata(Core& core, const Request&, std::string_view, TimePoint) {
  return answer_metadata(core, openid);
}

Answer jwks(Core& core, const Request&, std::string_view, TimePoint now) { return answer_jwks(core, now); }

constexpr std::array table{
    Endpoint{HttpMethod::get, "/.well-known/oauth-authorization-server", Workplace::loop, RouteOrigins::any,
             &metadata<false>},
    Endpoint{HttpMethod::get, "/.well-known/openid-configuration", Workplace::loop, RouteOrigins::any, &metadata<true>},
    Endpoint{HttpMethod::get, "/jwks", Workplace::loop, RouteOrigins::any, &jwks},
    Endpoint{HttpMethod::get, "/authorize", Workplace::slow, RouteOrigins::own, &plain<answer_authorize>},
    Endpoint{HttpMethod::post, "/authorize", Workplace::slow, RouteOrigins::own, &plain<answer_authorize>},
    Endpoint{HttpMethod::post, "/consent", Workplace::slow, RouteOrigins::own, &plain<answer_consent>},
    Endpoint{HttpMethod::get, "/sign-in", Workplace::slow, RouteOrigins::own, &plain<answer_sign_in>},
    Endpoint{HttpMethod::post, "/sign-in", Workplace::slow, RouteOrigins::own, &plain<answer_sign_in>},
    Endpoint{HttpMethod::get, "/callback/", Workplace::slow, RouteOrigins::own, &callback},
    Endpoint{HttpMethod::post, "/token", Workplace::quick, RouteOrigins::any, &plain<answer_token>},
    Endpoint{HttpMethod::post, "/par", Workplace::quick, RouteOrigins::any, &plain<answer_pushed>},
    Endpoint{HttpMethod::post, "/register", Workplace::slow, RouteOrigins::any, &plain<answer_register>},
    Endpoint{HttpMethod::get, "/register/", Workplace::slow, RouteOrigins::any, &registered},
    Endpoint{HttpMethod::put, "/register/", Workplace::slow, RouteOrigins::any, &registered},
    Endpoint{HttpMethod::remove, "/register/", Workplace::slow, RouteOrigins::any, &registered},
    Endpoint{HttpMethod::post, "/revoke", Workplace::quick, RouteOrigins::any, &plain<answer_revoke>},
    Endpoint{HttpMethod::post, "/introspect", Workplace::quick, RouteOrigins::allowed, &plain<answer_introspect>},
    Endpoint{HttpMethod::get, "/userinfo", Workplace::quick, RouteOrigins::any, &plain<answer_userinfo>},
    Endpoint{HttpMethod::post, "/userinfo", Workplace::quick, RouteOrigins::any, &plain<answer_userinfo>},
};

}  // namespace

std::span<const Endpoint> endpoints() noexcept { return table; }

Answer answer_request(Core& core, const Request& request, TimePoint now) {
  bool found = false;
  for (const Endpoint& endpoint : table) {
    const std::string_view path = request.path;
    const bool is_prefix = endpoint.path.ends_with('/');
    if (is_prefix ? !path.starts_with(endpoint.path) : path != endpoint.path) continue;
    found = true;
    const bool head = request.verb == HttpMethod::head && endpoint.verb == HttpMethod::get;
    if (request.verb != endpoint.verb && !head) continue;
    return endpoint.answer(core, request, is_prefix ? path.substr(endpoint.path.size()) : std::string_view(), now);
  }
  return found ? oauth_error(405, "invalid_request", "This method is not for this endpoint.")
               : oauth_error(404, "not_found", "There is nothing here.");
}

}  // namespace leanmcp::inline v0::as
