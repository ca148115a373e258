// A server to be attacked: tools that ask, that take their time, that are hidden, beside protected prompts and
// resources. The provider's settings and these are read from the environment: PUBLIC_URL, DPOP (1, or nonces). --stdio
// serves there.

#include <leanmcp/auth.hpp>
#include <leanmcp/core.hpp>
#include <leanmcp/elicitation.hpp>
#include <leanmcp/http/client.hpp>

#include <boost/describe.hpp>

#include <cstdlib>
#include <iostream>

using namespace leanmcp;

std::string setting(std::string_view name) {
  const char* const value = std::getenv(std::string(name).c_str());
  return value ? value : "";
}

struct Count {
  int to = 1;
};
BOOST_DESCRIBE_STRUCT(Count, (), (to))

struct Topic {
  std::string id;
};
BOOST_DESCRIBE_STRUCT(Topic, (), (id))

std::string whoami(const Principal& who) { return who.provider() + ":" + who.id(); }

Task<std::string> ask(const Principal& who, Context& ctx) {
  Form form("What do they call you?");
  form.text("id", "Name").required();
  Task<Answer<Topic>> asking = ctx.elicit<Topic>("name", std::move(form));
  const Answer<Topic> answer = co_await std::move(asking);
  if (!answer) co_return who.id() + " says nothing";
  co_return who.id() + " is called " + answer->id;
}

Task<std::string> count(const Count& wanted, const Principal& who, Context& ctx) {
  for (int i = 1; i <= wanted.to; ++i) {
    ctx.progress(i, wanted.to, who.id());
    co_await sleep_for(std::chrono::milliseconds(100));
  }
  co_return who.id() + " counted";
}

int main(int argc, char** argv) {
  const Logger logger([](LogLevel, std::string_view line) { std::cerr << line << '\n'; });
  const std::string url =
      setting("PUBLIC_URL").empty() ? "http://127.0.0.1:" + setting("PORT") + "/mcp" : setting("PUBLIC_URL");
  const auto found = AuthProvider::from_settings(&setting, std::make_shared<HttpClient>(), logger);
  if (!found) {
    std::cerr << "attacked-server: " << found.error().message() << '\n';
    return 2;
  }
  const auto auth = *found;
  auth->protects(url, {"use"});
  if (const std::string mode = setting("DPOP"); !mode.empty()) {
    DpopOptions dpop;
    if (mode == "nonces") dpop.nonces();
    auth->accept_dpop(dpop);
  }
  if (const auto ready = auth->init(); !ready) {
    std::cerr << "attacked-server: " << ready.error().message() << '\n';
    return 2;
  }

  Server server("attacked-server", "1.0.0", ServerOptions().logger(logger));
  server.tool("open", [] { return "open"; })
      .tool("whoami", &whoami, authenticated(auth))
      .tool("ask", &ask, authenticated(auth))
      .tool("count", &count, authenticated(auth))
      .tool("secret", &whoami, authenticated(auth), roles({"keeper"}), hide_from_lists())
      .tool("touch", [](Context& ctx) {
        for (const char* const uri : {"vault://gold", "notes://own"}) ctx.resource_updated(uri);
        return "touched";
      });
  server
      .resource(
          "notes://own", "own", [] { return std::string("note"); }, authenticated(auth))
      .resource(
          "vault://gold", "gold", [] { return std::string("gold"); }, authenticated(auth), roles({"keeper"}),
          hide_from_lists())
      .prompt(
          "plan", [](const Topic& topic) { return PromptResult("Plan " + topic.id); }, authenticated(auth),
          completion("id", [](const std::string&, const std::string&) { return std::vector<std::string>{"one"}; }));

  if (argc > 1 && std::string_view(argv[1]) == "--stdio")
    return serve_stdio(server, StdioOptions().token(Secret(setting("ACCESS_TOKEN"))));
  HttpOptions options;
  options.port(static_cast<std::uint16_t>(std::atoi(setting("PORT").c_str()))).logger(logger).threads(2);
  if (!setting("PUBLIC_URL").empty()) options.public_url(setting("PUBLIC_URL"));
  publish_metadata(options, auth);
  return serve_http(server, options);
}
