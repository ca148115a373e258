// What a tool does with a connection.

#include <leanmcp/elicitation/connections_impl.hpp>

#include <leanmcp/auth/provider_http.hpp>
#include <leanmcp/base/random.hpp>
#include <leanmcp/json/write.hpp>
#include <leanmcp/protocol/message.hpp>

#include <boost/json.hpp>

namespace leanmcp::inline v0 {

namespace {

constexpr std::chrono::seconds lease_time{30};
constexpr std::chrono::milliseconds look_again{200};
constexpr int most_looks = 100;

Error storage_failed(const VaultError& error) {
  return Error("The server's storage failed; try again.", error.detail());
}

/// The caller's link where the client cannot open it, in the shape of the other fallbacks.
Error with_link(std::string words, const std::string& url) {
  std::string data = R"({"type":"url","url":)";
  append_json_string(data, url);
  data += ",\"message\":";
  append_json_string(data, words);
  data += '}';
  Error error(words + "\n" + url);
  return error.with_data(std::move(data));
}

}  // namespace

ClientRequest Connections::State::revocation_request(const OAuthService& service, const ServiceTokens& tokens) const {
  if (service.revoke_by == OAuthService::RevokeBy::github) {
    // "Delete an app token" knows access tokens only; the refresh token of a GitHub App ends with it.
    const json::object body{{"access_token", tokens.access_token.reveal()}};
    ClientRequest request = detail::json_request(service.revoke_url, json_text(body));
    request.method = "DELETE";
    request.headers.emplace_back("X-GitHub-Api-Version", "2022-11-28");
    detail::with_basic(request, service.client_id, service.client_secret.reveal());
    return request;
  }
  // RFC 7009, section 2.1. The longer-lived token first: most services end the shorter-lived with it.
  const bool lasting = !tokens.refresh_token.empty();
  const Secret& token = lasting ? tokens.refresh_token : tokens.access_token;
  FormParameters parameters;
  parameters.emplace_back("token", std::string(token.reveal()));
  parameters.emplace_back("token_type_hint", lasting ? "refresh_token" : "access_token");
  ClientRequest request = token_request(service, std::move(parameters));
  request.url = service.revoke_url;
  return request;
}

Task<HttpClient::Outcome> Connections::State::send(ClientRequest request) {
  OneShot<std::shared_ptr<HttpClient::Outcome>> answered;
  HttpClient::Callback done = [answered](HttpClient::Outcome outcome) {
    answered.set(std::make_shared<HttpClient::Outcome>(std::move(outcome)));
  };
  http->send(std::move(request), std::move(done));
  const std::shared_ptr<HttpClient::Outcome> outcome = co_await answered;
  co_return std::move(*outcome);
}

Task<Result<std::optional<Secret>>> Connections::State::usable(Context& ctx, std::string owner,
                                                               const OAuthService& service) {
  using Out = Result<std::optional<Secret>>;
  const std::string holder = random_id();
  // Of many calls that find the token used up one refreshes it; the others look again until it has.
  for (int look = 0; look < most_looks; ++look) {
    const auto got = std::make_shared<std::optional<Result<std::optional<Vault::Record>, VaultError>>>();
    const auto leased = std::make_shared<std::optional<Result<bool, VaultError>>>();
    std::function<void()> read = [this, owner, holder, name = service.name, got, leased] {
      const auto used_up = [&] {
        got->emplace(vault.get(owner, name));
        const auto& record = **got;
        if (!record || !record.value()) return false;
        const auto tokens = ServiceTokens::read((*record.value()).value);
        return tokens && !tokens->fresh(clock->now()) && !tokens->refresh_token.empty();
      };
      if (!used_up()) return;
      const TimePoint now = clock->now();
      leased->emplace(vault.lease(owner, name, holder, now, now + lease_time));
      // Once more under the lease: whoever had it before has renewed the tokens since, and a refresh token is good
      // once.
      if (!**leased || !(**leased).value() || used_up()) return;
      const auto released = vault.release(owner, name, holder);
      if (!released) logger.error("lease not released", {{"reason", released.error().detail()}});
    };
    Task<void> reading = ctx.on_worker(std::move(read));
    co_await std::move(reading);
    const auto& record = **got;
    if (!record) {
      Out failed = storage_failed(record.error());
      co_return std::move(failed);
    }
    Out none = std::optional<Secret>();
    if (!record.value()) co_return std::move(none);
    const std::optional<ServiceTokens> tokens = ServiceTokens::read((*record.value()).value);
    if (!tokens) co_return std::move(none);
    if (tokens->fresh(clock->now())) {
      Out there = std::optional<Secret>(tokens->access_token);
      co_return std::move(there);
    }
    if (tokens->refresh_token.empty()) co_return std::move(none);
    if (!*leased || !**leased) {
      Out failed = *leased ? storage_failed((*leased)->error()) : Error("The connection cannot be renewed; try again.");
      co_return std::move(failed);
    }
    if (**leased && (*leased)->value()) {
      Task<Out> refreshing = leanmcp::shield(refresh(ctx, owner, service, holder, *record.value()));
      Out refreshed = co_await std::move(refreshing);
      co_return std::move(refreshed);
    }
    Task<void> waiting = sleep_for(look_again);
    co_await std::move(waiting);
  }
  Out busy = Error("The connection is being renewed; try again.");
  co_return std::move(busy);
}

Task<Result<std::optional<Secret>>> Connections::State::refresh(Context& ctx, std::string owner,
                                                                const OAuthService& service, std::string holder,
                                                                Vault::Record record) {
  using Out = Result<std::optional<Secret>>;
  const ServiceTokens before = *ServiceTokens::read(record.value);
  FormParameters parameters;
  parameters.emplace_back("grant_type", "refresh_token");
  parameters.emplace_back("refresh_token", std::string(before.refresh_token.reveal()));
  Task<HttpClient::Outcome> sending = send(token_request(service, std::move(parameters)));
  const HttpClient::Outcome outcome = co_await std::move(sending);
  const auto reply = std::make_shared<const Result<TokenAnswer, TokenCause>>(read_token_answer(outcome));
  const auto result = std::make_shared<Out>(Error("The service cannot be reached at the moment; try again."));
  std::function<void()> keep = [this, owner, holder, name = service.name, version = record.version, before, reply,
                                result] {
    const TimePoint now = clock->now();
    if (*reply) {
      const ServiceTokens after = ServiceTokens::of(reply->value(), now, &before);
      const auto kept = vault.replace(owner, name, version, after.sealed_form(), now);
      if (kept && kept.value()) {
        *result = std::optional<Secret>(after.access_token);
      } else if (!kept) {
        *result = storage_failed(kept.error());
      } else {
        // Connected anew or disconnected meanwhile; that counts, and this answer is of a grant that is gone.
        *result = Error("The connection changed meanwhile; try again.");
      }
    } else if (reply->error() != TokenCause::unreachable && reply->error() != TokenCause::malformed) {
      // The grant is gone: the user has to connect again. A failure of the service would be no reason to forget it.
      const auto removed = vault.remove(owner, name, version);
      if (removed && removed.value()) *result = std::optional<Secret>();
    }
    const auto released = vault.release(owner, name, holder);
    if (!released) logger.error("lease not released", {{"reason", released.error().detail()}});
  };
  Task<void> keeping = ctx.on_worker(std::move(keep));
  co_await std::move(keeping);
  co_return std::move(*result);
}

Task<Result<Secret>> Connections::connect(Context& ctx, std::string name) {
  using Out = Result<Secret>;
  State& s = *state_;
  const auto found = s.services.find(name);
  if (found == s.services.end()) throw std::logic_error("no such service: " + name);
  const OAuthService& service = found->second;
  if (!ctx.principal() || ctx.principal()->key().empty()) {
    Out nobody = Error("Sign in first: connections belong to a person.");
    co_return std::move(nobody);
  }
  const std::string owner = ctx.principal()->key();
  Task<Result<std::optional<Secret>>> looking = s.usable(ctx, owner, service);
  Result<std::optional<Secret>> there = co_await std::move(looking);
  if (!there) co_return there.error();
  if (there.value()) co_return std::move(*there.value());

  const std::string key = "connect." + name;
  const auto make_link = [&]() -> Task<std::string> {
    const auto id = std::make_shared<std::optional<Result<std::string>>>();
    std::function<void()> begin = [&s, owner, name, id] { id->emplace(s.begin(owner, name)); };
    Task<void> beginning = ctx.on_worker(std::move(begin));
    co_await std::move(beginning);
    if (!**id) throw std::runtime_error("a connect link cannot be kept: " + (*id)->error().detail());
    co_return (*id)->value();
  };
  Task<std::string> making = ctx.once(key + ".link", make_link);
  const std::string id = co_await std::move(making);
  const std::string url = s.sign_in->link("/connect/", id);
  const std::string words = "Please connect your " + service.shown + " account.";
  Task<Action> opening = ctx.elicit_url(key, url, words);
  const Action action = co_await std::move(opening);
  if (action == Action::unavailable) {
    Out link = with_link(words + " Open this page, then call again:", url);
    co_return std::move(link);
  }
  if (action != Action::accept) {
    Out declined = Error(service.shown + " was not connected, as you wished.");
    co_return std::move(declined);
  }
  const auto seen = std::make_shared<State::Progress>(State::Progress::open);
  const auto settled = [&ctx, &s, id, seen]() -> Task<bool> {
    std::function<void()> look = [&s, id, seen] {
      const auto progress = s.progress(id);
      if (progress) *seen = progress.value();
    };
    Task<void> working = ctx.on_worker(std::move(look));
    co_await std::move(working);
    co_return *seen != State::Progress::open;
  };
  WaitOptions options;
  options.message("Waiting for you to connect " + service.shown);
  Task<Waited> waiting = ctx.wait_until(key + ".wait", settled, std::move(options));
  const Waited waited = co_await std::move(waiting);
  if (waited != Waited::done) {
    Out pending = with_link(service.shown + " is not connected yet. Finish it on this page, then call again:", url);
    co_return std::move(pending);
  }
  ctx.url_completion(key)();
  Task<Result<std::optional<Secret>>> again = s.usable(ctx, owner, service);
  Result<std::optional<Secret>> token = co_await std::move(again);
  if (!token) co_return token.error();
  if (token.value()) co_return std::move(*token.value());
  Out refused = Error(service.shown + " was not connected.");
  co_return std::move(refused);
}

Task<Result<bool>> Connections::disconnect(Context& ctx, std::string name) {
  using Out = Result<bool>;
  State& s = *state_;
  const auto found = s.services.find(name);
  if (found == s.services.end()) throw std::logic_error("no such service: " + name);
  const OAuthService& service = found->second;
  if (!ctx.principal() || ctx.principal()->key().empty()) {
    Out nobody = Error("Sign in first: connections belong to a person.");
    co_return std::move(nobody);
  }
  const auto tokens = std::make_shared<std::optional<ServiceTokens>>();
  const auto result = std::make_shared<Out>(false);
  std::function<void()> remove = [&s, owner = ctx.principal()->key(), name, tokens, result] {
    const auto record = s.vault.get(owner, name);
    if (record && record.value()) *tokens = ServiceTokens::read((*record.value()).value);
    const auto removed = s.vault.remove(owner, name);
    if (removed) {
      *result = removed.value();
    } else {
      *result = storage_failed(removed.error());
    }
  };
  Task<void> removing = ctx.on_worker(std::move(remove));
  co_await std::move(removing);
  if (*tokens && !service.revoke_url.empty()) {
    ClientRequest request = s.revocation_request(service, **tokens);
    Task<HttpClient::Outcome> sending = s.send(std::move(request));
    const HttpClient::Outcome outcome = co_await std::move(sending);
    if (!outcome || (outcome->status != 200 && outcome->status != 204))
      s.logger.warning("token not revoked", {{"service", service.name}});
  }
  co_return std::move(*result);
}

}  // namespace leanmcp::inline v0
