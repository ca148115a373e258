#include <leanmcp/auth/auth0.hpp>
#include <leanmcp/auth/claims.hpp>
#include <leanmcp/auth/clerk.hpp>
#include <leanmcp/auth/cognito.hpp>
#include <leanmcp/auth/github.hpp>
#include <leanmcp/auth/google.hpp>
#include <leanmcp/auth/introspection.hpp>
#include <leanmcp/auth/provider_test_support.hpp>
#include <leanmcp/auth/supabase.hpp>
#include <leanmcp/auth/workos.hpp>

#include <boost/json.hpp>

#include <cstdlib>

using namespace leanmcp;

namespace {

/// All that asks gets the fuzzer's answer, except for keys.
struct Everything {
  ClientResponse answer;
  ManualExecutor executor;
  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  std::vector<std::shared_ptr<AuthProvider>> providers;

  Everything() {
    add(clerk(timed(ClerkOptions()
                        .frontend_api("a.b")
                        .secret_key(Secret("sk_x"))
                        .oauth_clients({"app"})
                        .client("app", Secret("s"))
                        .audience("mcp")),
              fetcher()));
    add(clerk(timed(ClerkOptions().frontend_api("a.b").oauth_clients({"app"}).client("app", Secret("s"))), fetcher()));
    add(cognito(timed(CognitoOptions().user_pool_id("eu-west-1_Pool").client_id("app").domain("d.example")),
                fetcher()));
    add(auth0(timed(Auth0Options().domain("a.b").audience("mcp").client_id("app")), fetcher()));
    add(github(timed(GithubOptions().client_id("app").client_secret(Secret("s"))), fetcher()));
    add(google(timed(GoogleOptions().client_id("app")), fetcher()));
    add(introspection(
        timed(IntrospectionOptions("https://a/i", "rs", Secret("s")).audience("mcp").userinfo("https://a/u")),
        fetcher()));
    add(workos(timed(WorkosOptions().client_id("client_1").api_key(Secret("k"))), fetcher()));
    add(supabase(timed(SupabaseOptions().url("https://a")), fetcher()));
  }
  template <class Options>
  Options timed(Options options) {
    options.clock(clock);
    return options;
  }
  Fetcher fetcher() {
    return [this](const ClientRequest& request, const HttpClient::Callback& done) {
      if (request.url.find("jwks") == std::string::npos && request.url.find("certs") == std::string::npos)
        return done(answer);
      ClientResponse keys;
      keys.status = 200;
      keys.body = test::key_set({test::World::key()});
      done(std::move(keys));
    };
  }
  void add(std::shared_ptr<AuthProvider> provider) {
    if (!provider->init()) std::abort();
    providers.push_back(std::move(provider));
  }
};

void require(bool good) {
  if (!good) std::abort();
}

}  // namespace

// The first byte is the status, the next the provider; the rest is what it answers: to a token that only it can read,
// to the question for a profile, and to a refresh. Whatever it says, there is a whole person, whole tokens, or a fault.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Everything all;
  if (size < 2) return 0;
  constexpr int statuses[] = {200, 200, 200, 400, 401, 403, 404, 429, 500, 503};
  all.answer = ClientResponse();
  all.answer.status = statuses[data[0] % std::size(statuses)];
  all.answer.body.assign(reinterpret_cast<const char*>(data) + 2, size - 2);
  AuthProvider& provider = *all.providers[data[1] % all.providers.size()];
  all.clock->advance(std::chrono::seconds(400));  // nothing is remembered, nobody rests

  for (const char* const token : {"oat_x", "gho_x", "ya29.x", "opaque"}) {
    const auto who = test::finish(all.executor, provider.verify(token, all.clock->now()));
    require(who.has_value());
    if (*who) require(!(*who)->key().empty() && claims_of((*who)->claims_json()));
  }
  Principal::Fields fields;
  fields.provider = std::string(provider.name());
  fields.id = fields.subject = "u1";
  fields.scopes = {"openid", "user:email"};
  if (data[0] % 2 == 0) fields.scopes.emplace_back("aws.cognito.signin.user.admin");
  if (data[0] % 3 == 0) fields.client_id = "app";
  fields.claims_json = R"({"sub":"u1","token_use":"access"})";
  const auto user = test::finish(all.executor, provider.user(Principal(std::move(fields)), "token"));
  require(user.has_value());
  if (*user) require((**user)->sub == "u1" && claims_of((**user)->json) && claims_of((**user)->claims_json));
  const auto tokens = test::finish(all.executor, provider.refresh(RefreshRequest(Secret("rt")).username("u")));
  require(tokens.has_value());
  if (*tokens) require(!(*tokens)->access_token.empty() || !(*tokens)->id_token.empty());
  return 0;
}
