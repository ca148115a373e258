#include <leanmcp/auth/claims.hpp>
#include <leanmcp/auth/provider.hpp>
#include <leanmcp/auth/token_check.hpp>
#include <leanmcp/crypto/digest.hpp>
#include <leanmcp/http/client.hpp>

#include <boost/json.hpp>

#include <map>
#include <mutex>
#include <unordered_map>

namespace leanmcp::inline v0 {

namespace {

constexpr std::size_t most_cached_tokens = 10'000;
constexpr std::size_t most_cached_users = 10'000;
constexpr std::chrono::minutes user_lifetime{5};
/// How long the last good keys are used while the provider cannot be reached.
constexpr std::chrono::hours keys_usable_for{24};
constexpr std::size_t most_document_bytes = 512 * 1024;
constexpr std::chrono::seconds provider_patience{10};

std::string text(const json::object& object, std::string_view name) {
  const json::value* const value = object.if_contains(name);
  if (!value || !value->is_string()) return {};
  return std::string(value->get_string());
}

ClientRequest get(const std::string& url) {
  ClientRequest request("GET", url);
  request.headers.emplace_back("Accept", "application/json");
  request.total_timeout = provider_patience;
  request.max_body_bytes = most_document_bytes;
  return request;
}

class OidcProvider final : public AuthProvider, public std::enable_shared_from_this<OidcProvider> {
 public:
  OidcProvider(OidcOptions options, std::shared_ptr<HttpClient> http)
      : options_(std::move(options)),
        http_(std::move(http)),
        rules_(options_.issuer, options_.audience, options_.accepted) {
    rules_.skew = options_.clock_skew;
  }

  Result<void> init() override {
    if (options_.audience.empty()) return Error("the provider's audience is empty: a token for anyone would do");
    for (const auto& algorithm : options_.accepted)
      if (algorithm == "none" || algorithm.starts_with("HS"))
        return Error("the algorithm '" + algorithm + "' is not for published keys");
    std::string url = options_.issuer;
    if (url.ends_with('/')) url.pop_back();
    url += "/.well-known/openid-configuration";
    auto document = fetch_object(url, "the provider's discovery document");
    if (!document) return document.error();
    const std::string issuer = text(*document, "issuer");
    if (issuer != options_.issuer)
      return Error("the issuer is '" + issuer + "' in " + url + ", but '" + options_.issuer + "' is configured");
    jwks_url_ = text(*document, "jwks_uri");
    userinfo_url_ = text(*document, "userinfo_endpoint");
    if (jwks_url_.empty()) return Error("no jwks_uri in " + url);
    const HttpClient::Outcome got = http_->fetch(get(jwks_url_));
    if (!got || got->status != 200) return Error("the provider's keys cannot be fetched from " + jwks_url_ + why(got));
    auto keys = PublicKeys::parse(got->body);
    if (!keys) return Error("the provider's keys at " + jwks_url_ + ": " + keys.error().message());
    take_keys(std::move(*keys));
    return {};
  }

  std::optional<Result<Principal, AuthFault>> verify_now(std::string_view token, TimePoint now) override {
    const std::string digest = sha256(token);
    PublicKeys keys;
    {
      const std::lock_guard lock(mutex_);
      if (const auto known = tokens_.find(digest); known != tokens_.end()) {
        if (unix_seconds(now) < known->second.expires_at() + options_.clock_skew.count())
          return Result<Principal, AuthFault>(known->second);
        tokens_.erase(known);
      }
      if (keys_.size() == 0 || now - fetched_at_ > keys_usable_for) return std::nullopt;
      keys = keys_;
      if (now - fetched_at_ > options_.keys_fresh_for && !fetching_) start_fetch();
    }
    const auto checked = check_token(token, keys, rules_, now);
    if (!checked) {
      if (checked.error() != TokenFault::unknown_key) return refuse(checked.error());
      const std::lock_guard lock(mutex_);
      // A flood of made-up key ids costs one fetch per cooldown; who comes in between is refused at once.
      if (!fetching_ && now - last_unknown_ < options_.unknown_key_cooldown) return refuse(checked.error());
      return std::nullopt;
    }
    return accept(digest, *checked);
  }

  Task<Result<Principal, AuthFault>> verify(std::string token, TimePoint now) override {
    OneShot<bool> fetched;
    {
      const std::lock_guard lock(mutex_);
      waiting_.push_back(fetched);
      last_unknown_ = now;
      if (!fetching_) start_fetch();
    }
    const bool good = co_await fetched;
    PublicKeys keys;
    {
      const std::lock_guard lock(mutex_);
      keys = keys_;
    }
    const auto checked = check_token(token, keys, rules_, now);
    if (checked) co_return accept(sha256(token), *checked);
    if (checked.error() == TokenFault::unknown_key && !good) {
      AuthFault fault;
      fault.code = AuthCode::verification_failed;
      fault.reason = "the provider's keys cannot be fetched";
      Result<Principal, AuthFault> out = std::move(fault);
      co_return std::move(out);
    }
    co_return refuse(checked.error());
  }

  Task<Result<std::shared_ptr<const AuthUser>, AuthFault>> user(Principal principal, std::string token) override {
    using Out = Result<std::shared_ptr<const AuthUser>, AuthFault>;
    const json::value claims = json::parse(principal.claims_json());
    if (has_profile(claims.get_object()) || userinfo_url_.empty()) {
      Out out = std::make_shared<const AuthUser>(user_from_claims(principal, claims.get_object()));
      co_return std::move(out);
    }
    const TimePoint now = options_.clock_->now();
    {
      const std::lock_guard lock(mutex_);
      const auto known = users_.find(principal.key());
      if (known != users_.end() && now - known->second.first < user_lifetime) {
        Out out = known->second.second;
        co_return std::move(out);
      }
    }
    ClientRequest request = get(userinfo_url_);
    request.headers.emplace_back("Authorization", "Bearer " + token);
    OneShot<std::shared_ptr<HttpClient::Outcome>> answered;
    HttpClient::Callback done = [answered](HttpClient::Outcome outcome) {
      answered.set(std::make_shared<HttpClient::Outcome>(std::move(outcome)));
    };
    http_->send(std::move(request), std::move(done));
    const std::shared_ptr<HttpClient::Outcome> outcome = co_await answered;
    co_return read_user(principal, claims.get_object(), *outcome, now);
  }

  std::vector<std::string> authorization_servers() const override { return {options_.issuer}; }

 private:
  static std::string why(const HttpClient::Outcome& outcome) {
    if (!outcome) return " (" + std::string(to_string(outcome.error().cause)) + ": " + outcome.error().detail + ")";
    return " (status " + std::to_string(outcome->status) + ")";
  }

  Result<json::object> fetch_object(const std::string& url, const std::string& what) {
    const HttpClient::Outcome got = http_->fetch(get(url));
    if (!got || got->status != 200) return Error(what + " cannot be fetched from " + url + why(got));
    boost::system::error_code failed;
    json::value value = json::parse(got->body, failed);
    if (failed || !value.is_object()) return Error(what + " at " + url + " is no JSON object");
    return std::move(value.get_object());
  }

  Result<Principal, AuthFault> refuse(TokenFault fault) const {
    AuthFault out;
    out.code = AuthCode::invalid_token;
    out.reason = to_string(fault);
    return out;
  }

  Result<Principal, AuthFault> accept(const std::string& digest, const std::string& claims_json) {
    const json::value claims = json::parse(claims_json);
    Principal principal = principal_from_claims(options_.provider_name, claims.get_object());
    const std::lock_guard lock(mutex_);
    if (tokens_.size() >= most_cached_tokens) tokens_.erase(tokens_.begin());
    tokens_.emplace(digest, principal);
    return principal;
  }

  /// Under the mutex, or before serving.
  void take_keys(PublicKeys keys) {
    keys_ = std::move(keys);
    fetched_at_ = options_.clock_->now();
    // What a key that is gone has signed must not go on being believed.
    tokens_.clear();
  }

  /// Under the mutex: asks for the keys; whoever waits is told when they are there or cannot be had.
  void start_fetch() {
    fetching_ = true;
    http_->send(get(jwks_url_), [weak = weak_from_this()](HttpClient::Outcome outcome) {
      if (const auto self = weak.lock()) self->fetched(outcome);
    });
  }

  void fetched(const HttpClient::Outcome& outcome) {
    auto keys = outcome && outcome->status == 200 ? PublicKeys::parse(outcome->body)
                                                  : Result<PublicKeys>(Error("not fetched" + why(outcome)));
    std::vector<OneShot<bool>> waiting;
    {
      const std::lock_guard lock(mutex_);
      fetching_ = false;
      waiting.swap(waiting_);
      if (keys) take_keys(*keys);
    }
    if (!keys) options_.log_.warning("the provider's keys cannot be had", {{"reason", keys.error().message()}});
    for (const auto& one : waiting) one.set(keys.has_value());
  }

  Result<std::shared_ptr<const AuthUser>, AuthFault> read_user(const Principal& principal, const json::object& claims,
                                                              const HttpClient::Outcome& outcome, TimePoint now) {
    AuthFault fault;
    fault.code = AuthCode::verification_failed;
    if (!outcome || outcome->status != 200) {
      if (outcome && outcome->status == 401) fault.code = AuthCode::invalid_token;
      fault.reason = "the profile cannot be fetched" + why(outcome);
      return fault;
    }
    boost::system::error_code failed;
    const json::value profile = json::parse(outcome->body, failed);
    // OpenID Connect Core 1.0, section 5.3.2: the subject must be the token's, or the answer is another person's.
    if (failed || !profile.is_object() || text(profile.get_object(), "sub") != principal.subject()) {
      fault.reason = "the profile is broken or another person's";
      return fault;
    }
    json::object merged = claims;
    for (const auto& [key, value] : profile.get_object()) merged[key] = value;
    auto user = std::make_shared<const AuthUser>(user_from_claims(principal, merged));
    const std::lock_guard lock(mutex_);
    if (users_.size() >= most_cached_users) users_.erase(users_.begin());
    users_[principal.key()] = {now, user};
    return std::shared_ptr<const AuthUser>(std::move(user));
  }

  const OidcOptions options_;
  const std::shared_ptr<HttpClient> http_;
  TokenRules rules_;
  std::string jwks_url_;
  std::string userinfo_url_;

  std::mutex mutex_;
  PublicKeys keys_;
  TimePoint fetched_at_{};
  TimePoint last_unknown_{};
  bool fetching_ = false;
  std::vector<OneShot<bool>> waiting_;
  std::unordered_map<std::string, Principal> tokens_;
  std::map<std::string, std::pair<TimePoint, std::shared_ptr<const AuthUser>>> users_;
};

}  // namespace

std::shared_ptr<AuthProvider> oidc(OidcOptions options, std::shared_ptr<HttpClient> http) {
  return std::make_shared<OidcProvider>(std::move(options), std::move(http));
}

}  // namespace leanmcp::inline v0
