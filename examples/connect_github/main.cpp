// A tool that acts for its user at GitHub. The user connects GitHub once, on a page of this server where they sign in
// as the same person; the tokens stay here. Works with anything of GitHub's shape, such as a test double.

#include <leanmcp/auth.hpp>
#include <leanmcp/base/settings.hpp>
#include <leanmcp/elicitation.hpp>
#include <leanmcp/http/client.hpp>
#include <leanmcp/transport/serve.hpp>

#include <boost/describe.hpp>
#include <boost/json.hpp>

#include <cstdlib>
#include <iostream>

using namespace leanmcp;

struct Repositories {
  std::string login;
  std::vector<std::string> names;
};
BOOST_DESCRIBE_STRUCT(Repositories, (), (login, names))

[[noreturn]] void stop(const std::string& why) {
  std::cerr << "connect-github: " << why << '\n';
  std::exit(2);
}

std::string setting(const char* name, const char* otherwise = nullptr) {
  const char* const value = std::getenv(name);
  if (value && *value) return value;
  if (!otherwise) stop(std::string(name) + " is not set");
  return otherwise;
}

template <class R>
auto or_stop(R result, const char* what) {
  if (!result) stop(std::string(what) + ": " + result.error().message() + " " + result.error().detail());
  if constexpr (!std::is_void_v<typename R::value_type>) return std::move(*result);
}

class GitHub {
 public:
  GitHub(Connections& connections, std::shared_ptr<HttpClient> http, std::string api)
      : connections_(connections), http_(std::move(http)), api_(std::move(api)) {}

  Task<Result<Repositories>> list_repositories(Context& ctx, const Principal&) {
    Task<Result<Secret>> connecting = connections_.connect(ctx, "github");
    const Result<Secret> token = co_await std::move(connecting);
    if (!token) co_return token.error();
    const auto user = std::make_shared<boost::json::value>();
    const auto list = std::make_shared<boost::json::value>();
    std::function<void()> work = [this, bearer = token.value(), user, list] {
      *user = get("/user", bearer);
      *list = get("/user/repos?per_page=10", bearer);
    };
    Task<void> working = ctx.on_worker(std::move(work));
    co_await std::move(working);
    if (!user->is_object() || !list->is_array()) co_return ToolError("GitHub did not answer; try again.");
    Repositories out;
    out.login = user->at("login").as_string();
    for (const auto& repository : list->get_array()) out.names.emplace_back(repository.at("full_name").as_string());
    co_return std::move(out);
  }

  Task<Result<std::string>> disconnect(Context& ctx, const Principal&) {
    Task<Result<bool>> ending = connections_.disconnect(ctx, "github");
    const Result<bool> was = co_await std::move(ending);
    if (!was) co_return was.error();
    co_return std::string(was.value() ? "GitHub is disconnected." : "GitHub was not connected.");
  }

 private:
  /// Null when GitHub did not answer with JSON.
  boost::json::value get(const std::string& path, const Secret& bearer) const {
    ClientRequest request("GET", api_ + path);
    request.headers = {{"Authorization", "Bearer " + std::string(bearer.reveal())}, {"Accept", "application/json"}};
    const auto answer = http_->fetch(std::move(request));
    boost::system::error_code failed;
    boost::json::value parsed = answer && answer->status == 200 ? boost::json::parse(answer->body, failed) : nullptr;
    return failed ? nullptr : parsed;
  }

  Connections& connections_;
  std::shared_ptr<HttpClient> http_;
  std::string api_;
};

int main() {
  const Logger log([](LogLevel, std::string_view line) { std::cerr << line << std::endl; });
  const auto http = std::make_shared<HttpClient>();
  const auto port = port_number(setting("PORT", ""), 3003);
  if (!port) stop("PORT: " + port.error().message());
  const std::string public_url = base_url(setting("PUBLIC_URL", ""), "http://127.0.0.1:" + std::to_string(*port));
  const KeyRing keys = or_stop(KeyRing::parse(setting("LEANMCP_STATE_KEYS")), "LEANMCP_STATE_KEYS");
  const auto database = Database::open(setting("DATABASE_URL", "sqlite:connect_github.db"));
  if (!database) stop("DATABASE_URL: " + database.error().detail);
  const auto vault = Vault::open(*database, keys);
  if (!vault) stop("the vault: " + vault.error().detail());

  const std::string issuer = setting("OIDC_ISSUER");
  const auto auth = oidc(OidcOptions(issuer, setting("OIDC_AUDIENCE")).logger(log), http);
  or_stop(auth->init(), "OIDC_ISSUER");
  auth->protects(public_url + "/mcp");
  const auto sign_in = std::make_shared<BrowserSignIn>(
      SignInOptions("oidc", issuer, setting("OIDC_CLIENT_ID"), Secret(setting("OIDC_CLIENT_SECRET"))).logger(log),
      or_stop(BrowserFlows::open(*database, keys, public_url), "PUBLIC_URL"), http);
  or_stop(sign_in->init(), "OIDC_ISSUER");

  const std::string site = setting("GITHUB_URL", "https://github.com");
  const std::string api = site == "https://github.com" ? "https://api.github.com" : site + "/api/v3";
  OAuthService github =
      OAuthService::github(setting("GITHUB_CLIENT_ID"), Secret(setting("GITHUB_CLIENT_SECRET")), site, api);
  github.scopes({"read:user", "repo"});
  Connections connections(*database, *vault, sign_in, http, log);
  or_stop(connections.init(), "DATABASE_URL");
  connections.add(std::move(github));

  GitHub tools(connections, http, api);
  Server server("connect-github", "1.0.0",
                ServerOptions().logger(log).state_keys(keys).force_replay(!setting("FORCE_REPLAY", "").empty()));
  server.service(tools, authenticated(auth))
      .tool("listRepositories", &GitHub::list_repositories, description("Lists the caller's GitHub repositories"))
      .tool("disconnectGithub", &GitHub::disconnect, description("Forgets the caller's GitHub connection"));
  HttpOptions options;
  options.port(*port).public_url(public_url).logger(log);
  publish_metadata(options, auth);
  connections.mount(options);
  return serve_http(server, options);
}
