// Auth0 protects the tools: AUTH0_DOMAIN, AUTH0_CLIENT_ID, AUTH0_CLIENT_SECRET and AUTH0_AUDIENCE are the app's own.

#include <leanmcp/auth.hpp>
#include <leanmcp/base/settings.hpp>
#include <leanmcp/core.hpp>
#include <leanmcp/http/client.hpp>

#include <boost/describe.hpp>

#include <cstdlib>
#include <iostream>

using namespace leanmcp;

struct DataQuery {
  std::string dataId;
};
BOOST_DESCRIBE_STRUCT(DataQuery, (), (dataId))

struct PrivateData {
  std::string dataId, owner, email;
};
BOOST_DESCRIBE_STRUCT(PrivateData, (), (dataId, owner, email))

struct Status {
  std::string status;
};
BOOST_DESCRIBE_STRUCT(Status, (), (status))

class UserService {
 public:
  // The person with the profile: looked up at Auth0 where the token has none.
  PrivateData get_private_data(const DataQuery& input, const AuthUser& user) const {
    return PrivateData{input.dataId, user.user_id, user.email};
  }
  std::string get_profile(const AuthUser& user) const { return user.json; }
  // Who it is, by the token alone: nothing is asked of Auth0.
  std::string get_user_id(const Principal& principal) const { return principal.id(); }
  Status get_public_info() const { return Status{"online"}; }
};

std::string environment(const char* name) {
  const char* const value = std::getenv(name);
  return value ? value : "";
}

int main() {
  const Logger logger([](LogLevel, std::string_view line) { std::cerr << line << '\n'; });
  const auto port = port_number(environment("PORT"), 3000);
  if (!port) {
    std::cerr << "auth0-auth: PORT: " << port.error().message() << '\n';
    return 2;
  }
  const auto http = std::make_shared<HttpClient>();
  const auto auth = auth0(Auth0Options()
                              .domain(environment("AUTH0_DOMAIN"))
                              .client_id(environment("AUTH0_CLIENT_ID"))
                              .client_secret(Secret(environment("AUTH0_CLIENT_SECRET")))
                              .audience(environment("AUTH0_AUDIENCE"))
                              .issuer(environment("AUTH0_ISSUER"))  // empty, except for tests
                              .logger(logger),
                          http);
  auth->protects("http://127.0.0.1:" + std::to_string(*port) + "/mcp", {"openid", "profile", "email"});
  if (const auto ready = auth->init(); !ready) {
    std::cerr << "auth0-auth: " << ready.error().message() << '\n';
    return 2;
  }

  UserService users;
  Server server("auth0-auth", "1.0.0", ServerOptions().logger(logger));
  server.service(users)
      .tool("getPrivateData", &UserService::get_private_data, description("Get user's private data"),
            authenticated(auth))
      .tool("getProfile", &UserService::get_profile, description("Get the user's profile"), authenticated(auth))
      .tool("getUserId", &UserService::get_user_id, description("Get the user's id"), authenticated(auth))
      .tool("getPublicInfo", &UserService::get_public_info, description("Get public info"));

  HttpOptions options;
  options.port(*port).logger(logger);
  publish_metadata(options, auth);
  return serve_http(server, options);
}
