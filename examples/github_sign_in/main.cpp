// An MCP server and its authorization server in one process. People sign in with GitHub; MCP clients register by
// themselves, and get tokens of this server's own that are good here and nowhere else. GitHub's tokens stay here.

#include <leanmcp/auth.hpp>
#include <leanmcp/auth/server.hpp>
#include <leanmcp/base/settings.hpp>
#include <leanmcp/core.hpp>
#include <leanmcp/http/client.hpp>

#include <boost/describe.hpp>

#include <cstdlib>
#include <iostream>

using namespace leanmcp;

std::string setting(const char* name, const std::string& otherwise) {
  const char* const value = std::getenv(name);
  return value && *value ? value : otherwise;
}

[[noreturn]] void stop(const std::string& why) {
  std::cerr << "github-sign-in: " << why << '\n';
  std::exit(2);
}

struct Me {
  std::string subject, name, email;
};
BOOST_DESCRIBE_STRUCT(Me, (), (subject, name, email))

Me who_am_i(const AuthUser& user) { return {user.sub, user.name, user.email}; }

int main() {
  const Logger log([](LogLevel, std::string_view line) { std::cerr << line << std::endl; });
  const auto port = port_number(setting("PORT", ""), 3004);
  if (!port) stop("PORT: " + port.error().message());
  const std::string url = base_url(setting("PUBLIC_URL", ""), "http://127.0.0.1:" + std::to_string(*port));
  const auto keys = KeyRing::parse(setting("LEANMCP_STATE_KEYS", ""));
  if (!keys) stop("LEANMCP_STATE_KEYS: " + keys.error().message());
  auto database = Database::open(setting("DATABASE_URL", "sqlite:github_sign_in.db"));
  if (!database) stop("DATABASE_URL: " + database.error().detail);

  UpstreamOptions app(setting("GITHUB_CLIENT_ID", ""), Secret(setting("GITHUB_CLIENT_SECRET", "")));
  app.at(setting("GITHUB_URL", ""));
  OAuthServerOptions options(url);
  options.protects(ProtectedApi(url + "/mcp").label("Notes").scope("notes", "Read and write your notes"))
      .upstream(github_upstream(std::move(app)))
      .registration(Registration::open)
      .keys(*keys)
      .logger(log);
  OAuthServer authorization(std::move(options), std::move(*database));
  if (const auto ready = authorization.init(); !ready) stop(ready.error().message());
  const auto auth = own_tokens(authorization, url + "/mcp");
  if (const auto ready = auth->init(); !ready) stop(ready.error().message());

  // What GitHub knows of the caller's work, asked with the token that GitHub gave this server.
  HttpClient http;
  const std::string api = setting("GITHUB_API_URL", "https://api.github.com");
  const auto repositories = [&](const Principal& caller) -> Result<std::string> {
    const auto token = upstream_token(authorization, caller);
    if (!token) return token.error();
    ClientRequest request("GET", api + "/user/repos?per_page=10");
    request.headers = {{"Authorization", "Bearer " + std::string(token->reveal())}, {"Accept", "application/json"}};
    const auto answer = http.fetch(std::move(request));
    if (!answer || answer->status != 200) return Error("GitHub did not answer; try again.");
    return answer->body;
  };

  Server server("github-sign-in", "1.0.0", ServerOptions().logger(log));
  server.tool("whoAmI", &who_am_i, description("Who is signed in"), authenticated(auth))
      .tool("listRepositories", repositories, description("The caller's repositories"), authenticated(auth));
  HttpOptions http_options;
  http_options.port(*port).public_url(url).logger(log);
  publish_metadata(http_options, auth);
  authorization.mount(http_options);
  return serve_http(server, http_options);
}
