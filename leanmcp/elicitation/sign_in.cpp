#include <leanmcp/elicitation/sign_in.hpp>

#include <leanmcp/auth/claims.hpp>
#include <leanmcp/auth/token_check.hpp>
#include <leanmcp/base/random.hpp>
#include <leanmcp/base/worker_pool.hpp>
#include <leanmcp/crypto/digest.hpp>
#include <leanmcp/elicitation/page.hpp>
#include <leanmcp/elicitation/page_work.hpp>
#include <leanmcp/http/client.hpp>
#include <leanmcp/oauth/client/authorization.hpp>
#include <leanmcp/oauth/client/token_endpoint.hpp>

#include <boost/json.hpp>

#include <map>
#include <mutex>

namespace leanmcp::inline v0 {

namespace {

constexpr std::string_view kind = "sign-in";
constexpr std::chrono::seconds key_cooldown{30};

ClientRequest get(const std::string& url) {
  ClientRequest request("GET", url);
  request.headers.emplace_back("Accept", "application/json");
  request.total_timeout = std::chrono::seconds(10);
  request.max_body_bytes = 512 * 1024;
  return request;
}

bool is_id(std::string_view id) {
  return id.size() >= 16 && id.size() <= 64 &&
         id.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") ==
             std::string_view::npos;
}

/// OpenID Connect Core 1.0, section 3.1.3.7, steps 4 and 5 and 11: what `check_token` does not look at.
bool id_token_fits(const json::object& claims, const std::string& client_id, const std::string& nonce) {
  if (!constant_time_equal(claim_text(claims, "nonce"), nonce)) return false;
  const json::value* const azp = claims.if_contains("azp");
  if (azp && claim_text(claims, "azp") != client_id) return false;
  const json::value* const audience = claims.if_contains("aud");
  const json::array* const several = audience ? audience->if_array() : nullptr;
  return azp || !several || several->size() <= 1;
}

Page try_again_page() {
  Page page;
  page.status = 503;
  page.title = "Please try again";
  page.text =
      "The sign-in service cannot be reached at the moment. Nothing was changed.\nOpen the link again in a minute.";
  return page;
}

}  // namespace

struct BrowserSignIn::State {
  State(SignInOptions options, BrowserFlows flows, std::shared_ptr<HttpClient> http)
      : options(std::move(options)), flows(std::move(flows)), http(std::move(http)) {}

  std::string redirect_uri() const { return flows.public_url() + options.callback_path; }
  TimePoint now() const { return options.clock_->now(); }

  Page refuse(std::string_view reason) const {
    options.log_.info("link refused", {{"reason", std::string(reason)}});
    return refusal_page();
  }

  Result<void> fetch_keys() {
    const HttpClient::Outcome got = http->fetch(get(jwks_url));
    if (!got || got->status != 200) return Error("the provider's keys cannot be fetched from " + jwks_url);
    auto parsed = PublicKeys::parse(got->body);
    if (!parsed) return Error("the provider's keys at " + jwks_url + ": " + parsed.error().message());
    const std::lock_guard lock(mutex);
    keys = std::move(*parsed);
    return {};
  }

  Result<std::string, TokenFault> check_id_token(const std::string& token) {
    const TokenRules rules(options.issuer, options.client_id, options.accepted);
    PublicKeys known;
    {
      const std::lock_guard lock(mutex);
      known = keys;
    }
    auto checked = check_token(token, known, rules, now());
    if (checked || checked.error() != TokenFault::unknown_key) return checked;
    {
      const std::lock_guard lock(mutex);
      if (now() - keys_fetched < key_cooldown) return checked;
      keys_fetched = now();
    }
    if (!fetch_keys()) return checked;
    const std::lock_guard lock(mutex);
    return check_token(token, keys, rules, now());
  }

  PageAnswer begin(const std::string& path, const std::string& id) {
    if (!is_id(id)) return refuse("no id");
    const auto owner = targets.at(path)->owner(id, now());
    if (!owner) return try_again_page();
    if (!*owner) return refuse("unknown, used or expired link");
    const std::string verifier = random_id(32);
    const std::string nonce = random_id(32);
    const json::object payload{{"path", path}, {"id", id}, {"verifier", verifier}, {"nonce", nonce}};
    auto begun = flows.begin(kind, path + id, json::serialize(payload), now());
    if (!begun) return begun.error() == FlowRefusal::storage ? try_again_page() : refuse(to_string(begun.error()));
    std::string scope;
    for (const std::string& name : options.wanted) scope += (scope.empty() ? "" : " ") + name;
    PageAnswer answer;
    answer.redirect = authorization_url(authorize_url, {{"response_type", "code"},
                                                        {"client_id", options.client_id},
                                                        {"redirect_uri", redirect_uri()},
                                                        {"scope", scope},
                                                        {"state", begun->state},
                                                        {"nonce", nonce},
                                                        {"code_challenge", s256_challenge(Secret(verifier))},
                                                        {"code_challenge_method", "S256"}});
    answer.page.cookies = {begun->cookie};
    return answer;
  }

  PageAnswer finish(const std::string& query, const std::string& cookies) {
    const auto callback = parse_answer(query);
    if (!callback) return refuse("malformed callback");
    const auto taken = flows.take(kind, callback->state, cookies, now());
    if (!taken) return taken.error() == FlowRefusal::storage ? try_again_page() : refuse(to_string(taken.error()));
    PageAnswer answer = finish_taken(*callback, taken->payload);
    answer.page.cookies.push_back(taken->cookie);
    return answer;
  }

  PageAnswer finish_taken(const AuthorizationAnswer& callback, const std::string& payload_json) {
    if (!issuer_fits(callback.issuer, options.issuer, issuer_announced)) return refuse("callback of another issuer");
    if (!callback.error.empty() || callback.code.empty()) {
      Page page;
      page.status = 200;
      page.title = "You are not signed in";
      page.text = "The sign-in was not completed. Nothing was changed.\nOpen the link again if you want to go on.";
      return page;
    }
    const json::value payload = json::parse(payload_json);
    const json::object& kept = payload.get_object();
    AuthorizationServer server;
    server.token_endpoint = token_url;
    const OAuthClientIdentity identity(options.client_id, options.client_secret);
    ClientRequest request =
        token_request(server, identity, options.client_secret.empty() ? ClientAuthentication::none : proof,
                      {{"grant_type", "authorization_code"},
                       {"code", callback.code},
                       {"redirect_uri", redirect_uri()},
                       {"code_verifier", claim_text(kept, "verifier")}},
                      now());
    const auto reply = read_token_answer(http->fetch(std::move(request)));
    if (!reply)
      return reply.error() == TokenCause::unreachable ? PageAnswer(try_again_page())
                                                      : refuse("the provider refused the code");
    const auto claims_json = check_id_token(reply->id_token);
    if (!claims_json) return refuse("ID token: " + std::string(to_string(claims_json.error())));
    const json::value claims = json::parse(*claims_json);
    if (!id_token_fits(claims.get_object(), options.client_id, claim_text(kept, "nonce")))
      return refuse("ID token: wrong nonce or authorized party");
    const Principal visitor =
        options.who ? options.who(*claims_json) : principal_from_claims(options.provider, claims.get_object());
    const std::string id = claim_text(kept, "id");
    SignInTarget& target = *targets.at(claim_text(kept, "path"));
    const auto owner = target.owner(id, now());
    if (!owner) return try_again_page();
    if (!*owner) return refuse("unknown, used or expired link");
    if (visitor.key().empty() || **owner != visitor.key()) return refuse("somebody else's link");
    const auto opened = target.open(id, visitor, now());
    if (!opened) return try_again_page();
    if (!*opened) return refuse("the link is not good any more");
    PageAnswer answer;
    answer.redirect = (*opened)->url;
    answer.page.cookies = (*opened)->cookies;
    return answer;
  }

  const SignInOptions options;
  const BrowserFlows flows;
  const std::shared_ptr<HttpClient> http;
  std::map<std::string, std::shared_ptr<SignInTarget>> targets;
  std::string authorize_url;
  std::string token_url;
  std::string jwks_url;
  bool issuer_announced = false;
  ClientAuthentication proof = ClientAuthentication::basic;
  std::mutex mutex;
  PublicKeys keys;
  TimePoint keys_fetched;
  PageWork work;
};

BrowserSignIn::BrowserSignIn(SignInOptions options, BrowserFlows flows, std::shared_ptr<HttpClient> http)
    : state_(std::make_shared<State>(std::move(options), std::move(flows), std::move(http))) {}

BrowserSignIn::~BrowserSignIn() { state_->work.stop(); }

const BrowserFlows& BrowserSignIn::flows() const noexcept { return state_->flows; }

Result<void> BrowserSignIn::init() {
  State& s = *state_;
  std::string url = s.options.issuer;
  if (url.ends_with('/')) url.pop_back();
  url += "/.well-known/openid-configuration";
  const HttpClient::Outcome got = s.http->fetch(get(url));
  if (!got || got->status != 200) return Error("the sign-in provider's metadata cannot be fetched from " + url);
  boost::system::error_code failed;
  const json::value parsed = json::parse(got->body, failed);
  if (failed || !parsed.is_object()) return Error("the metadata at " + url + " is no JSON object");
  const json::object& metadata = parsed.get_object();
  if (claim_text(metadata, "issuer") != s.options.issuer)
    return Error("the issuer in " + url + " is not '" + s.options.issuer + "'");
  s.authorize_url = claim_text(metadata, "authorization_endpoint");
  s.token_url = claim_text(metadata, "token_endpoint");
  s.jwks_url = claim_text(metadata, "jwks_uri");
  for (const std::string* const endpoint : {&s.authorize_url, &s.token_url, &s.jwks_url})
    if (!endpoint->starts_with("https://") && !endpoint->starts_with("http://"))
      return Error("the metadata at " + url + " lacks an endpoint, or one is no web address");
  const json::value* const announced = metadata.if_contains("authorization_response_iss_parameter_supported");
  s.issuer_announced = announced && announced->is_bool() && announced->get_bool();
  // The default is basic (OpenID Connect Discovery 1.0, section 3).
  if (const json::value* const list = metadata.if_contains("token_endpoint_auth_methods_supported");
      list && list->is_array()) {
    bool basic = false;
    for (const json::value& method : list->get_array()) basic = basic || method == "client_secret_basic";
    s.proof = basic ? ClientAuthentication::basic : ClientAuthentication::post;
  }
  return s.fetch_keys();
}

void BrowserSignIn::page(std::string path, std::shared_ptr<SignInTarget> target) {
  if (!path.starts_with('/') || !path.ends_with('/'))
    throw std::logic_error("a sign-in page's path begins and ends with a slash: " + path);
  state_->targets[std::move(path)] = std::move(target);
}

std::string BrowserSignIn::link(std::string_view path, std::string_view id) const {
  return state_->flows.public_url() + std::string(path) + std::string(id);
}

void BrowserSignIn::mount(HttpOptions& options) {
  const std::shared_ptr<State> state = state_;
  for (const auto& [path, target] : state->targets) {
    options.route(HttpMethod::get, path, [state, path = path](HttpExchange exchange) {
      // A HEAD, as link checkers send it, begins no journey.
      if (exchange.request().verb() != HttpMethod::get) return exchange.respond(200, "text/html; charset=utf-8", "");
      const std::string id(exchange.request().path().substr(path.size()));
      state->work.run(std::move(exchange), [s = state.get(), path, id] { return s->begin(path, id); });
    });
  }
  options.route(HttpMethod::get, state->options.callback_path, [state](HttpExchange exchange) {
    const std::string query(exchange.request().query());
    const std::string cookies(exchange.request().header(KnownHeader::cookie));
    state->work.run(std::move(exchange), [s = state.get(), query, cookies] { return s->finish(query, cookies); });
  });
}

}  // namespace leanmcp::inline v0
