// A server for the tests of providers: AUTH_PROVIDER names which, the settings are read from the environment. --stdio
// serves there, with ACCESS_TOKEN as the process's own.

#include <leanmcp/auth.hpp>
#include <leanmcp/core.hpp>
#include <leanmcp/http/client.hpp>

#include <cstdlib>
#include <iostream>

using namespace leanmcp;

std::string setting(std::string_view name) {
  const char* const value = std::getenv(std::string(name).c_str());
  return value ? value : "";
}

std::string get_profile(const AuthUser& user) { return user.json; }
std::string get_user_id(const Principal& principal) { return principal.id(); }

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words) out.append(out.empty() ? "" : " ").append(word);
  return out;
}

std::string get_rights(const Principal& who) {
  return "scopes=" + joined(who.scopes()) + " roles=" + joined(who.roles()) + " groups=" + joined(who.groups()) +
         " permissions=" + joined(who.permissions()) + " organisation=" + who.organisation();
}

int main(int argc, char** argv) {
  const Logger logger([](LogLevel, std::string_view line) { std::cerr << line << '\n'; });
  const auto auth = AuthProvider::from_env(std::make_shared<HttpClient>(), logger);
  if (!auth) {
    std::cerr << "provider-server: " << auth.error().message() << '\n';
    return 2;
  }
  (*auth)->protects("http://127.0.0.1:" + setting("PORT") + "/mcp");
  if (const auto ready = (*auth)->init(); !ready) {
    std::cerr << "provider-server: " << ready.error().message() << '\n';
    return 2;
  }
  Server server("provider-server", "1.0.0", ServerOptions().logger(logger));
  server.tool("getProfile", &get_profile, description("The profile"), authenticated(*auth))
      .tool("getUserId", &get_user_id, description("The user's id"), authenticated(*auth))
      .tool("getRights", &get_rights, description("What the token allows"), authenticated(*auth));
  if (argc > 1 && std::string_view(argv[1]) == "--stdio")
    return serve_stdio(server, StdioOptions().token(Secret(setting("ACCESS_TOKEN"))));
  HttpOptions options;
  options.port(static_cast<std::uint16_t>(std::stoi(setting("PORT")))).logger(logger).threads(2);
  publish_metadata(options, *auth);
  return serve_http(server, options);
}
