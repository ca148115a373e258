// Clerk protects the tools, as it protects the app. CLERK_FRONTEND_API and CLERK_SECRET_KEY are the app's own;
// CLERK_AUTHORIZED_PARTIES is the origins that its session tokens come from, such as https://app.example.com.

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
  // The person with the profile: looked up at Clerk where the token has none.
  PrivateData get_private_data(const DataQuery& input, const AuthUser& user) const {
    return PrivateData{input.dataId, user.user_id, user.email};
  }
  std::string get_profile(const AuthUser& user) const { return user.json; }
  // Who it is, by the token alone: nothing is asked of Clerk.
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
    std::cerr << "clerk-auth: PORT: " << port.error().message() << '\n';
    return 2;
  }
  const auto http = std::make_shared<HttpClient>();
  const auto auth = clerk(ClerkOptions()
                              .frontend_api(environment("CLERK_FRONTEND_API"))
                              .secret_key(Secret(environment("CLERK_SECRET_KEY")))
                              .authorized_parties(comma_list(environment("CLERK_AUTHORIZED_PARTIES")))
                              .issuer(environment("CLERK_ISSUER"))    // empty, except for tests
                              .api_url(environment("CLERK_API_URL"))  // empty, except for tests
                              .logger(logger),
                          http);
  auth->protects("http://127.0.0.1:" + std::to_string(*port) + "/mcp", {"profile", "email"});
  if (const auto ready = auth->init(); !ready) {
    std::cerr << "clerk-auth: " << ready.error().message() << '\n';
    return 2;
  }

  UserService users;
  Server server("clerk-auth", "1.0.0", ServerOptions().logger(logger));
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
