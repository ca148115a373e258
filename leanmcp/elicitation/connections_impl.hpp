#pragma once

#include <leanmcp/elicitation/connections.hpp>
#include <leanmcp/elicitation/page_work.hpp>
#include <leanmcp/oauth/client/authorization.hpp>
#include <leanmcp/oauth/client/token_endpoint.hpp>

#include <map>
#include <optional>
#include <string>

namespace leanmcp::inline v0 {

/// What the vault holds of one connection.
struct ServiceTokens {
  Secret access_token;
  Secret refresh_token;
  std::string scope;
  /// Unix seconds; 0 for a token that does not say when it ends.
  long long expires_at = 0;

  /// A minute before its end a token counts as used up: it must live through the request it is for.
  bool fresh(TimePoint now) const { return expires_at == 0 || expires_at > unix_seconds(now) + 60; }
  Secret sealed_form() const;
  static std::optional<ServiceTokens> read(const Secret& sealed_form);
  static ServiceTokens of(const TokenAnswer& reply, TimePoint now, const ServiceTokens* before);
};

/// Also the target of the connect page: behind a link stands one wish of one user to connect one service.
struct Connections::State final : SignInTarget {
  State(Database database, Vault vault, std::shared_ptr<BrowserSignIn> sign_in, std::shared_ptr<HttpClient> http,
        Logger logger, std::shared_ptr<const Clock> clock)
      : database(std::move(database)),
        vault(std::move(vault)),
        sign_in(std::move(sign_in)),
        http(std::move(http)),
        logger(std::move(logger)),
        clock(std::move(clock)) {}

  Result<std::optional<std::string>> owner(const std::string& id, TimePoint now) override;
  Result<std::optional<Opened>> open(const std::string& id, const Principal& visitor, TimePoint now) override;
  PageAnswer finish(const OAuthService& service, const std::string& query, const std::string& cookies);

  /// A new link for the owner.
  Result<std::string> begin(const std::string& owner, const std::string& service);
  enum class Progress { open, done, refused };
  Result<Progress> progress(const std::string& id);

  std::string callback_url(const OAuthService& service) const;
  ClientRequest token_request(const OAuthService& service, FormParameters parameters) const;
  ClientRequest revocation_request(const OAuthService& service, const ServiceTokens& tokens) const;
  Task<HttpClient::Outcome> send(ClientRequest request);
  /// The access token if there is one that still works or can be refreshed; none when the user has to connect.
  Task<Result<std::optional<Secret>>> usable(Context& ctx, std::string owner, const OAuthService& service);
  Task<Result<std::optional<Secret>>> refresh(Context& ctx, std::string owner, const OAuthService& service,
                                              std::string holder, Vault::Record record);

  Database database;
  Vault vault;
  std::shared_ptr<BrowserSignIn> sign_in;
  std::shared_ptr<HttpClient> http;
  Logger logger;
  std::shared_ptr<const Clock> clock;
  std::map<std::string, OAuthService> services;
  PageWork work;
};

}  // namespace leanmcp::inline v0
