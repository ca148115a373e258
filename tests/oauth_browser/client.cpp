// Our client for the tests of the authorization server: it signs in where the MCP server asks for it, with the browser
// being whoever reads its output. Each line it writes begins with a word: OPEN and an address to visit, then it reads
// the redirect's query from a line of its input; RESULT and a tool's text; FAILED and why.
//
//     oauth-browser-client URL REDIRECT_URI TOOL ARGUMENTS [CLIENT_DOCUMENT]

#include <leanmcp/client/blocking_client.hpp>
#include <leanmcp/oauth/client/oauth_client.hpp>

#include <iostream>
#include <string>
#include <thread>

using namespace leanmcp;

namespace {

class LineBrowser final : public AuthorizationBrowser {
 public:
  explicit LineBrowser(std::string redirect_uri) : redirect_uri_(std::move(redirect_uri)) {}

  Task<Result<std::string>> prepare() override { co_return Result<std::string>(redirect_uri_); }

  Task<Result<std::string>> visit(std::string url, std::function<bool(std::string_view)> is_answer) override {
    std::cout << "OPEN " << url << std::endl;
    OneShot<std::string> answer;
    std::thread([answer, is_answer] {
      for (std::string line; std::getline(std::cin, line);)
        if (is_answer(line)) return answer.set(line);
      answer.set("");
    }).detach();
    std::string query = co_await answer;
    if (query.empty()) co_return Result<std::string>(Error("nobody signed in"));
    co_return Result<std::string>(std::move(query));
  }

 private:
  std::string redirect_uri_;
};

int fail(const std::string& why) {
  std::cout << "FAILED " << why << std::endl;
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) return fail("usage: oauth-browser-client URL REDIRECT_URI TOOL ARGUMENTS [CLIENT_DOCUMENT]");
  const std::string url = argv[1];
  ClientDescription description;
  description.name = "Our client";
  OAuthClientOptions oauth;
  oauth.browser(std::make_shared<LineBrowser>(argv[2])).describe(description);
  if (argc > 5) oauth.client_document(argv[5]);
  ClientOptions options;
  options.authorizer(std::make_shared<OAuthClient>(url, std::move(oauth), std::make_shared<HttpClient>()));
  auto client = BlockingClient::connect(url, std::move(options));
  if (!client) return fail(client.error().message());
  const auto reply = client->call(argv[3], argv[4]);
  if (!reply) return fail(reply.error().message());
  std::cout << "RESULT " << reply->text() << std::endl;
  return 0;
}
