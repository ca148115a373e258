// The connect page and what comes back from the services.

#include <leanmcp/auth/claims.hpp>
#include <leanmcp/elicitation/connections_impl.hpp>

#include <leanmcp/base/random.hpp>
#include <leanmcp/protocol/form_format.hpp>

#include <boost/json.hpp>

#include <array>
#include <chrono>
#include <stdexcept>

namespace leanmcp::inline v0 {

namespace {

constexpr std::string_view page_path = "/connect/";
constexpr std::chrono::milliseconds link_lifetime = std::chrono::minutes(15);

const std::array connection_steps = {
    Migration{1,
              "requests",
              {"CREATE TABLE connect_requests (id TEXT PRIMARY KEY, owner TEXT NOT NULL, service TEXT NOT NULL, "
               "status TEXT NOT NULL, expires_at BIGINT NOT NULL)",
               "CREATE INDEX connect_requests_by_expiry ON connect_requests (expires_at)"}},
};

Error storage_failed(const StorageError& error) {
  return Error("The server's storage failed; try again.", std::string(to_string(error.cause)));
}

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= 32 &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
}

Page page(int status, std::string title, std::string words) {
  Page out;
  out.status = status;
  out.title = std::move(title);
  out.text = std::move(words);
  return out;
}

}  // namespace

Secret ServiceTokens::sealed_form() const {
  return Secret(json::serialize(json::object{{"access_token", access_token.reveal()},
                                             {"refresh_token", refresh_token.reveal()},
                                             {"scope", scope},
                                             {"expires_at", expires_at}}));
}

std::optional<ServiceTokens> ServiceTokens::read(const Secret& sealed_form) {
  boost::system::error_code failed;
  const json::value parsed = json::parse(sealed_form.reveal(), failed);
  if (failed || !parsed.is_object()) return std::nullopt;
  const json::object& in = parsed.get_object();
  ServiceTokens out;
  out.access_token = Secret(claim_text(in, "access_token"));
  out.refresh_token = Secret(claim_text(in, "refresh_token"));
  out.scope = claim_text(in, "scope");
  if (const json::value* const at = in.if_contains("expires_at"); at && at->is_int64())
    out.expires_at = at->get_int64();
  if (out.access_token.empty()) return std::nullopt;
  return out;
}

ServiceTokens ServiceTokens::of(const TokenAnswer& reply, TimePoint now, const ServiceTokens* before) {
  ServiceTokens out;
  out.access_token = reply.access_token;
  // A service that sends no new refresh token means the old one to go on (RFC 6749, section 6).
  out.refresh_token = reply.refresh_token.empty() && before ? before->refresh_token : reply.refresh_token;
  out.scope = reply.scope.empty() && before ? before->scope : reply.scope;
  // Some services say 0 for "never".
  if (reply.expires_in && reply.expires_in->count() > 0) out.expires_at = unix_seconds(now) + reply.expires_in->count();
  return out;
}

Connections::Connections(Database database, Vault vault, std::shared_ptr<BrowserSignIn> sign_in,
                         std::shared_ptr<HttpClient> http, Logger logger, std::shared_ptr<const Clock> clock)
    : state_(std::make_shared<State>(std::move(database), std::move(vault), std::move(sign_in), std::move(http),
                                     std::move(logger), std::move(clock))) {}

Connections::~Connections() { state_->work.stop(); }

Result<void> Connections::init() {
  auto migrated = migrate(state_->database, "connections", connection_steps);
  if (!migrated) return storage_failed(migrated.error());
  return {};
}

void Connections::add(OAuthService service) {
  if (!is_name(service.name)) throw std::logic_error("a service's name is 1 to 32 of a-z, 0-9 and -: " + service.name);
  for (const std::string* const url : {&service.authorize_url, &service.token_url})
    if (!detail::is_http_url(*url)) throw std::logic_error("not a web address of " + service.name + ": " + *url);
  if (service.shown.empty()) service.shown = service.name;
  const std::string name = service.name;
  if (!state_->services.emplace(name, std::move(service)).second)
    throw std::logic_error("the service is there twice: " + name);
}

void Connections::mount(HttpOptions& options) {
  // An alias without ownership: the sign-in is owned by the state it would otherwise own.
  state_->sign_in->page(std::string(page_path), std::shared_ptr<SignInTarget>(std::shared_ptr<void>(), state_.get()));
  state_->sign_in->mount(options);
  for (const auto& [name, service] : state_->services) {
    options.route(
        HttpMethod::get, "/connect/callback/" + name, [state = state_, known = &service](HttpExchange exchange) {
          const std::string query(exchange.request().query());
          const std::string cookies(exchange.request().header(KnownHeader::cookie));
          state->work.run(std::move(exchange),
                          [s = state.get(), known, query, cookies] { return s->finish(*known, query, cookies); });
        });
  }
}

std::string Connections::State::callback_url(const OAuthService& service) const {
  return sign_in->flows().public_url() + "/connect/callback/" + service.name;
}

ClientRequest Connections::State::token_request(const OAuthService& service, FormParameters parameters) const {
  AuthorizationServer server;
  server.token_endpoint = service.token_url;
  const ClientAuthentication method = service.client_secret.empty() ? ClientAuthentication::none
                                      : service.basic               ? ClientAuthentication::basic
                                                                    : ClientAuthentication::post;
  const OAuthClientIdentity identity(service.client_id, service.client_secret);
  return leanmcp::token_request(server, identity, method, std::move(parameters), clock->now());
}

Result<std::string> Connections::State::begin(const std::string& owner, const std::string& service) {
  const std::int64_t ms = clock->now().time_since_epoch().count();
  // Ended ones are kept for a day: a late call still sees what became of them.
  const auto swept = database.run("DELETE FROM connect_requests WHERE expires_at < $1", {ms - 86'400'000});
  if (!swept) return storage_failed(swept.error());
  const std::string id = random_id();
  const auto inserted = database.run(
      "INSERT INTO connect_requests (id, owner, service, status, expires_at) VALUES ($1, $2, $3, 'open', $4)",
      {id, owner, service, ms + link_lifetime.count()});
  if (!inserted) return storage_failed(inserted.error());
  return id;
}

Result<Connections::State::Progress> Connections::State::progress(const std::string& id) {
  const auto rows = database.run("SELECT status FROM connect_requests WHERE id = $1", {id});
  if (!rows) return storage_failed(rows.error());
  if (rows->empty()) return Progress::refused;
  const std::string& status = (*rows)[0].text(0);
  if (status == "done") return Progress::done;
  return status == "refused" ? Progress::refused : Progress::open;
}

Result<std::optional<std::string>> Connections::State::owner(const std::string& id, TimePoint now) {
  const auto rows =
      database.run("SELECT owner FROM connect_requests WHERE id = $1 AND status = 'open' AND expires_at > $2",
                   {id, now.time_since_epoch().count()});
  if (!rows) return storage_failed(rows.error());
  std::optional<std::string> none;
  if (rows->empty()) return none;
  return std::optional<std::string>((*rows)[0].text(0));
}

Result<std::optional<SignInTarget::Opened>> Connections::State::open(const std::string& id, const Principal& visitor,
                                                                     TimePoint now) {
  std::optional<Opened> none;
  const auto rows = database.run(
      "SELECT service FROM connect_requests WHERE id = $1 AND owner = $2 AND status = 'open' AND expires_at > $3",
      {id, visitor.key(), now.time_since_epoch().count()});
  if (!rows) return storage_failed(rows.error());
  const auto found = rows->empty() ? services.end() : services.find((*rows)[0].text(0));
  if (found == services.end()) return none;
  const OAuthService& service = found->second;
  const std::string verifier = random_id(32);
  const json::object payload{{"owner", visitor.key()}, {"verifier", verifier}};
  auto begun = sign_in->flows().begin("service:" + service.name, id, json::serialize(payload), now);
  if (!begun) return none;
  std::string scope;
  for (const std::string& name : service.wanted) scope += (scope.empty() ? "" : " ") + name;
  FormParameters parameters = {{"response_type", "code"},
                               {"client_id", service.client_id},
                               {"redirect_uri", callback_url(service)},
                               {"state", begun->state},
                               {"code_challenge", s256_challenge(Secret(verifier))},
                               {"code_challenge_method", "S256"}};
  if (!scope.empty()) parameters.emplace_back("scope", scope);
  parameters.insert(parameters.end(), service.extra.begin(), service.extra.end());
  Opened opened;
  opened.url = authorization_url(service.authorize_url, parameters);
  opened.cookies = {begun->cookie};
  return std::optional<Opened>(std::move(opened));
}

PageAnswer Connections::State::finish(const OAuthService& service, const std::string& query,
                                      const std::string& cookies) {
  const auto refuse = [&](std::string_view reason) {
    logger.info("connection refused", {{"service", service.name}, {"reason", std::string(reason)}});
    return PageAnswer(refusal_page());
  };
  const TimePoint now = clock->now();
  const auto callback = parse_answer(query);
  if (!callback) return refuse("malformed callback");
  const auto taken = sign_in->flows().take("service:" + service.name, callback->state, cookies, now);
  if (!taken) return refuse(to_string(taken.error()));
  const std::string& id = taken->subject;
  const json::value kept = json::parse(taken->payload);
  const std::string owner = claim_text(kept.get_object(), "owner");
  const auto ended = [&](Page shown) {
    shown.cookies = {taken->cookie};
    return PageAnswer(std::move(shown));
  };
  if (!issuer_fits(callback->issuer, service.expected_issuer, service.issuer_announced))
    return refuse("callback of another issuer");
  if (!callback->error.empty() || callback->code.empty()) {
    const auto noted =
        database.run("UPDATE connect_requests SET status = 'refused' WHERE id = $1 AND status = 'open'", {id});
    if (!noted) logger.error("connection not noted", {{"reason", noted.error().detail}});
    return ended(page(200, "Not connected",
                      service.shown + " was not connected. Nothing was changed.\nYou can close this page."));
  }
  ClientRequest request = token_request(service, {{"grant_type", "authorization_code"},
                                                  {"code", callback->code},
                                                  {"redirect_uri", callback_url(service)},
                                                  {"code_verifier", claim_text(kept.get_object(), "verifier")}});
  const auto reply = read_token_answer(http->fetch(std::move(request)));
  if (!reply) {
    logger.warning("no tokens", {{"service", service.name}});
    return ended(page(502, "Not connected",
                      service.shown + " did not confirm the connection. Nothing was changed.\n"
                                      "Open the link again to try once more."));
  }
  // The link ends before the tokens are kept, so that it is good for one connection only.
  const auto claimed = database.run(
      "UPDATE connect_requests SET status = 'storing' WHERE id = $1 AND owner = $2 AND status = 'open' AND expires_at "
      "> $3",
      {id, owner, now.time_since_epoch().count()});
  if (!claimed || claimed->changed() != 1) return refuse("the link is not good any more");
  const auto stored = vault.put(owner, service.name, ServiceTokens::of(*reply, now, nullptr).sealed_form(), now);
  if (!stored) {
    logger.error("tokens not kept", {{"reason", stored.error().detail()}});
    const auto undone = database.run("UPDATE connect_requests SET status = 'open' WHERE id = $1", {id});
    if (!undone) logger.error("connection not noted", {{"reason", undone.error().detail}});
    return ended(
        page(503, "Not connected", "The server could not keep the connection. Open the link again to try once more."));
  }
  const auto done = database.run("UPDATE connect_requests SET status = 'done' WHERE id = $1", {id});
  if (!done) logger.error("connection not noted", {{"reason", done.error().detail}});
  logger.info("connected", {{"service", service.name}});
  return ended(page(200, service.shown + " is connected", "You can close this page and go back to your assistant."));
}

}  // namespace leanmcp::inline v0
