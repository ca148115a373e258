// A client for hostile servers: does what the JSON object of its one argument says and prints what came of it as one
// JSON object: {"ok":…,"cause":…,"message":…,"visits":[…],"peak_kib":…,"ms":…}. Exit code 0 for a result, 1 for an
// error of the library, anything else is a crash.
#include <leanmcp/base/event_loop.hpp>
#include <leanmcp/client.hpp>
#include <leanmcp/json/write.hpp>
#include <leanmcp/oauth/client/file_token_store.hpp>
#include <leanmcp/oauth/client/oauth_client.hpp>

#include <sys/resource.h>

#include <boost/json.hpp>

#include <cstdio>
#include <optional>
#include <stdexcept>

using namespace leanmcp;

namespace {

json::object orders;

std::string text(const char* name) {
  const json::value* const value = orders.if_contains(name);
  return value ? std::string(value->as_string()) : std::string();
}
std::int64_t number(const char* name, std::int64_t otherwise) {
  const json::value* const value = orders.if_contains(name);
  return value ? value->as_int64() : otherwise;
}
bool flag(const char* name) {
  const json::value* const value = orders.if_contains(name);
  return value && value->as_bool();
}

/// A person who agrees to everything: the address is fetched and its redirect taken for the answer.
class InstantBrowser final : public AuthorizationBrowser {
 public:
  explicit InstantBrowser(std::shared_ptr<HttpClient> http) : http_(std::move(http)) {}

  Task<Result<std::string>> prepare() override {
    co_return Result<std::string>(std::string("http://127.0.0.1:3999/callback"));
  }
  Task<Result<std::string>> visit(std::string url, std::function<bool(std::string_view)> is_answer) override {
    visits.emplace_back(url);
    OneShot<HttpClient::Outcome> done;
    http_->send(ClientRequest("GET", url), [done](HttpClient::Outcome outcome) { done.set(std::move(outcome)); });
    const HttpClient::Outcome outcome = co_await done;
    if (!outcome) co_return Result<std::string>(Error("the page does not load"));
    const std::string_view location = outcome->header("location");
    const std::size_t query = location.find('?');
    if (query == std::string_view::npos || !is_answer(location.substr(query + 1)))
      co_return Result<std::string>(Error("nobody answers"));
    co_return Result<std::string>(std::string(location.substr(query + 1)));
  }

  json::array visits;

 private:
  std::shared_ptr<HttpClient> http_;
};

std::function<Task<Result<Secret>>()> secret(std::string value) {
  return [value]() -> Task<Result<Secret>> { co_return Result<Secret>(Secret(value)); };
}

OAuthClientOptions oauth_options(const std::shared_ptr<InstantBrowser>& browser) {
  OAuthClientOptions options;
  options.browser(browser).private_addresses(flag("private_addresses"));
  const std::string id = text("client_id");
  if (!id.empty()) options.registered(OAuthClientIdentity(id, Secret(text("client_secret"))), text("issuer"));
  const std::string folder = text("store");
  if (!folder.empty()) {
    auto store = FileTokenStore::open(folder, TokenFileKey::file(folder));
    if (!store) throw std::runtime_error(std::string(to_string(store.error())));
    options.store(*store);
  }
  const std::string grant = text("grant");
  if (grant == "credentials") options.client_credentials();
  if (grant == "workload") options.workload(secret(text("assertion")));
  if (grant == "enterprise")
    options.enterprise(
        EnterpriseGrant(text("idp_token_endpoint"), OAuthClientIdentity("at-idp"), secret(text("assertion"))));
  return options;
}

json::object report(const ClientError& error) {
  return json::object{
      {"ok", false}, {"cause", to_string(error.cause())}, {"message", error.message()}, {"data", error.data()}};
}

json::object work(const std::shared_ptr<InstantBrowser>& browser, const HttpClientOptions& http,
                  const std::shared_ptr<HttpClient>& shared) {
  ClientOptions options;
  options.http(http);
  const std::chrono::milliseconds quiet(number("timeout_ms", 3'000));
  options.timeout(quiet, quiet * 2).probe_timeout(quiet).listen_stream(false);
  if (!text("token").empty()) {
    options.token(Secret(text("token")));
  } else {
    options.authorizer(std::make_shared<OAuthClient>(text("url"), oauth_options(browser), shared));
  }
  // One process signs in, others use it.
  if (flag("sign_in")) {
    EventLoop loop;
    OAuthClient client(text("url"), oauth_options(browser), shared);
    std::optional<Result<void>> signed_in;
    loop.post([&] {
      spawn(loop, client.sign_in(), [&](RunOutcome<Result<void>> outcome) {
        signed_in = std::move(outcome.value);
        loop.stop();
      });
    });
    loop.run();
    if (!signed_in || !*signed_in)
      return report(ClientError(ClientCause::unauthenticated, signed_in ? signed_in->error().message() : ""));
    return json::object{{"ok", true}};
  }
  auto client = BlockingClient::connect(text("url"), options);
  if (!client) return report(client.error());
  for (std::int64_t i = 0; i < number("calls", 1); ++i) {
    const auto reply = client->call("tool", "{}");
    if (!reply) return report(reply.error());
  }
  return json::object{{"ok", true}};
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) return 2;
  orders = json::parse(arguments[1]).as_object();
  HttpClientOptions http;
  http.proxy = text("proxy");
  http.ca_file = text("ca_file");
  const auto shared = std::make_shared<HttpClient>(http);
  const auto browser = std::make_shared<InstantBrowser>(shared);
  const auto begun = std::chrono::steady_clock::now();
  json::object out = work(browser, http, shared);
  out["ms"] = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begun).count();
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  out["peak_kib"] = usage.ru_maxrss;
  out["visits"] = std::move(browser->visits);
  std::puts(json_text(out).c_str());
  return out.at("ok").as_bool() ? 0 : 1;
}
