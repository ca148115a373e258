#include <leanmcp/auth/jwt_provider.hpp>

#include <leanmcp/auth/claims.hpp>
#include <leanmcp/auth/jwt_parts.hpp>
#include <leanmcp/auth/lookup_cache.hpp>
#include <leanmcp/auth/presented_token.hpp>
#include <leanmcp/auth/provider_http.hpp>
#include <leanmcp/auth/token_cache.hpp>
#include <leanmcp/crypto/digest.hpp>
#include <leanmcp/json/write.hpp>

#include <boost/json.hpp>

#include <algorithm>
#include <set>

namespace leanmcp::inline v0 {

namespace {

constexpr std::size_t most_reason_bytes = 400;

/// The reason names what the token says, which its maker chose: a log line has its bounds.
AuthFault invalid(std::string reason) {
  if (reason.size() > most_reason_bytes) reason.resize(most_reason_bytes);
  return AuthFault(AuthCode::invalid_token, std::move(reason));
}

struct Source {
  std::string issuer;
  std::shared_ptr<JwksCache> keys;
  std::optional<SymmetricKey> secret;
  bool at_start = true;
  std::uint64_t number = 0;  // the same for sources that share their keys
  bool any_key_id = false;
  bool is_template() const { return issuer.find('{') != std::string::npos; }
  /// What a verified token stays tied to: this source's keys as they are now.
  std::uint64_t generation() const noexcept { return keys->generation() << 8 | number; }
};

}  // namespace

struct JwtProvider::State {
  State(ProviderBase b, Fetcher f)
      : base(std::move(b)),
        fetcher(std::move(f)),
        users(std::make_shared<LookupCache<std::shared_ptr<const AuthUser>>>(base.clock_)),
        opaque(std::make_shared<LookupCache<Principal>>(base.clock_)) {}

  const ProviderBase base;
  const Fetcher fetcher;
  std::vector<std::string> algorithms = {"RS256"};
  std::vector<Source> sources;
  TokenCache tokens;
  const std::shared_ptr<LookupCache<std::shared_ptr<const AuthUser>>> users;
  const std::shared_ptr<LookupCache<Principal>> opaque;
};

/// What an unverified token says about where to look.
struct JwtProvider::Looked {
  std::optional<JwtParts> parts;
  TokenFault fault = TokenFault::not_a_jwt;
  const Source* source = nullptr;
};

JwtProvider::JwtProvider(ProviderBase base, Fetcher fetcher)
    : state_(std::make_unique<State>(std::move(base), std::move(fetcher))) {}
JwtProvider::~JwtProvider() = default;

const ProviderBase& JwtProvider::base() const noexcept { return state_->base; }
const Fetcher& JwtProvider::fetcher() const noexcept { return state_->fetcher; }
std::string_view JwtProvider::name() const { return state_->base.provider_name; }

Result<void> JwtProvider::init() {
  state_->sources.clear();
  if (state_->base.provider_name.empty()) return Error("the provider's name is empty: it is part of each identity");
  if (auto canonical = check_resource(); !canonical) return canonical;
  const auto configured = configure();
  if (!configured) return configured.error();
  if (state_->sources.empty()) return {};  // opaque tokens only
  if (state_->algorithms.empty()) return Error("no algorithm is accepted");
  for (const auto& algorithm : state_->algorithms) {
    if (!jws_algorithm(algorithm) && algorithm != "none")
      return Error("'" + algorithm + "' is no algorithm of signatures; their names are like RS256, ES256 and EdDSA");
  }
  std::set<std::string> asked;
  for (const Source& source : state_->sources) {
    const bool symmetric = source.secret.has_value();
    for (const auto& algorithm : state_->algorithms) {
      if (algorithm == "none" || (algorithm.starts_with("HS") && !symmetric && state_->sources.size() == 1))
        return Error("the algorithm '" + algorithm + "' is not for published keys");
    }
    if (symmetric || !source.at_start || !asked.insert(source.keys->url()).second) continue;
    const auto fetched = source.keys->init();
    if (fetched) continue;
    const std::string setting = keys_setting();
    return Error((setting.empty() ? state_->base.provider_name : setting) + ": " + fetched.error().message());
  }
  return {};
}

void JwtProvider::trust(std::string issuer, std::string jwks_url, bool at_start) {
  std::shared_ptr<JwksCache> keys;
  for (const Source& other : state_->sources)
    if (other.keys && other.keys->url() == jwks_url) keys = other.keys;
  if (!keys) {
    keys = JwksCache::create(std::move(jwks_url), state_->fetcher, state_->base.clock_, state_->base.keys,
                             state_->base.log_);
  }
  std::uint64_t number = state_->sources.size();
  for (std::uint64_t i = state_->sources.size(); i-- > 0;)
    if (state_->sources[i].keys == keys) number = state_->sources[i].number;
  state_->sources.push_back(Source{std::move(issuer), std::move(keys), std::nullopt, at_start, number});
}

void JwtProvider::trust_keys(std::string issuer, PublicKeys keys) {
  state_->sources.push_back(
      Source{std::move(issuer), JwksCache::fixed(std::move(keys)), std::nullopt, true, state_->sources.size()});
}

void JwtProvider::trust_key(std::string issuer, PublicKey key) {
  trust_keys(std::move(issuer), PublicKeys(std::vector<PublicKey>(1, std::move(key))));
  state_->sources.back().any_key_id = true;
}

void JwtProvider::trust_secret(std::string issuer, SymmetricKey secret) {
  state_->sources.push_back(
      Source{std::move(issuer), JwksCache::fixed(PublicKeys()), std::move(secret), true, state_->sources.size()});
}

void JwtProvider::accept_algorithms(std::vector<std::string> list) { state_->algorithms = std::move(list); }

JwtProvider::Looked JwtProvider::look_at(std::string_view token) const {
  Looked looked;
  auto parts = split_jwt(token);
  if (!parts) {
    looked.fault = parts.error();
    return looked;
  }
  looked.parts = std::move(*parts);
  const std::string issuer = claim_text(looked.parts->claims, "iss");
  const bool symmetric = is_symmetric(looked.parts->jws.algorithm);
  for (const Source& source : state_->sources) {
    if (symmetric != source.secret.has_value()) continue;
    if (!source.is_template() && source.issuer == issuer) looked.source = &source;
  }
  if (!looked.source && !symmetric) {
    // Whose issuers are no fixed texts has one source, and decides once the key is known.
    for (const Source& source : state_->sources)
      if (source.is_template()) looked.source = &source;
  }
  return looked;
}

bool JwtProvider::recognises(std::string_view token) const {
  const Looked looked = look_at(token);
  if (!looked.parts) return takes_opaque(token) || has_our_form(token);
  const json::object& claims = looked.parts->claims;
  const std::string issuer = claim_text(claims, "iss");
  // A template names nobody: what it stands for is the preset's to say.
  if (looked.source && (!looked.source->is_template() || trusts_issuer(issuer, claims))) return true;
  return takes_opaque(token) && looks_up_tokens_of(issuer);
}

std::optional<Result<Principal, AuthFault>> JwtProvider::decide(std::string_view token, const std::string& digest,
                                                                TimePoint now, bool may_wait, std::string& wanted_key) {
  const auto refused = [&](TokenFault fault, const json::object* claims) -> Result<Principal, AuthFault> {
    std::string reason(to_string(fault));
    const std::string more = explain(fault, claims ? *claims : json::object());
    if (!more.empty()) reason += ": " + more;
    return invalid(std::move(reason));
  };
  wanted_key.clear();
  Looked looked = look_at(token);
  if (!looked.parts) return refused(looked.fault, nullptr);
  JwtParts& parts = *looked.parts;
  const JwsAlgorithm algorithm = parts.jws.algorithm;
  const auto& accepted = state_->algorithms;
  if (std::find(accepted.begin(), accepted.end(), to_string(algorithm)) == accepted.end())
    return refused(TokenFault::wrong_algorithm, &parts.claims);
  if (!looked.source) return refused(TokenFault::wrong_issuer, &parts.claims);
  JwksCache& cache = *looked.source->keys;
  const auto unavailable = [&]() -> Result<Principal, AuthFault> {
    return AuthFault(AuthCode::verification_failed, "the provider's keys cannot be fetched from " + cache.url());
  };
  const Jws& jws = parts.jws;
  std::string key_issuer;
  const std::uint64_t generation = looked.source->generation();
  if (looked.source->secret) {
    if (!looked.source->secret->verify(algorithm, jws.parts.signed_text, jws.parts.signature))
      return refused(TokenFault::bad_signature, &parts.claims);
  } else {
    const JwksCache::Step step = cache.ready(now);
    if (step == JwksCache::Step::unavailable) return unavailable();
    if (step == JwksCache::Step::wait && may_wait) return std::nullopt;
    const auto set = cache.keys();
    if (!set) return unavailable();
    const std::string key_id = looked.source->any_key_id ? std::string() : jws.key_id;
    if (!set->keys.has(key_id, algorithm)) {
      if (looked.source->any_key_id || (set->keys.knows(key_id) && !key_id.empty()))
        return refused(TokenFault::wrong_key, &parts.claims);
      const JwksCache::Step next = cache.unknown(now);
      if (next == JwksCache::Step::wait && may_wait) {
        wanted_key = jws.key_id;
        return std::nullopt;
      }
      if (next == JwksCache::Step::unavailable) return unavailable();
      return refused(TokenFault::unknown_key, &parts.claims);
    }
    if (!set->keys.signer(key_id, algorithm, jws.parts.signed_text, jws.parts.signature))
      return refused(TokenFault::bad_signature, &parts.claims);
    if (const auto found = set->issuers.find(jws.key_id); found != set->issuers.end()) key_issuer = found->second;
  }
  // RFC 8725, section 3.11: a token made for something else, such as a logout token, is none of ours.
  if (!jws.type.empty() && !is_type(jws.type, "JWT") && !is_type(jws.type, "at+jwt"))
    return refused(TokenFault::wrong_type, &parts.claims);
  const std::string issuer = claim_text(parts.claims, "iss");
  if (looked.source->is_template() ? !trusts_issuer(issuer, parts.claims) : issuer != looked.source->issuer)
    return refused(TokenFault::wrong_issuer, &parts.claims);
  if (const auto fault = check_times(parts.claims, now, state_->base.clock_skew)) return refused(*fault, &parts.claims);
  std::string reason = refuse_key(parts.claims, key_issuer);
  if (reason.empty()) reason = refuse(jws, parts.claims, now);
  if (!reason.empty()) return invalid(std::move(reason));
  auto fields = describe(parts.claims);
  fields.claims_json = std::move(parts.jws.parts.payload);
  Principal who(std::move(fields));
  if (who.key().empty()) return AuthFault(AuthCode::invalid_token, "the token names no subject");
  // The generation is from before the check: if the keys changed meanwhile, the entry is never found.
  state_->tokens.insert(digest, who, who.expires_at(), generation);
  return who;
}

std::optional<Result<Principal, AuthFault>> JwtProvider::verify_now(std::string_view token, TimePoint now) {
  if (token.size() > most_token_bytes) return AuthFault(AuthCode::invalid_token, "token too large");
  const std::string digest = sha256(token);
  // There are one or two sources; one that was never fetched has verified nothing.
  for (const Source& source : state_->sources) {
    if (source.keys->generation() == 0 || source.keys->ready(now) != JwksCache::Step::use) continue;
    if (auto known = state_->tokens.find(digest, now, source.generation())) return std::move(*known);
  }
  if (takes_opaque(token)) {
    if (auto known = state_->opaque->find(digest)) return std::move(*known);
    return std::nullopt;
  }
  std::string wanted;
  return decide(token, digest, now, true, wanted);
}

Task<Result<Principal, AuthFault>> JwtProvider::verify(std::string token, TimePoint now) {
  const auto self = shared_from_this();
  const std::string digest = sha256(token);
  if (token.size() > most_token_bytes) {
    Result<Principal, AuthFault> out = AuthFault(AuthCode::invalid_token, "token too large");
    co_return std::move(out);
  }
  if (takes_opaque(token)) {
    std::function<void(PrincipalDone)> start = [self, token](PrincipalDone done) {
      self->look_up_token(token, std::move(done));
    };
    std::function<long long(const Principal&)> expiry = [](const Principal& who) { return who.expires_at(); };
    const auto shot = state_->opaque->get(digest, 0, start, expiry);
    Result<Principal, AuthFault> out = co_await shot;
    co_return std::move(out);
  }
  for (int round = 0; round < 2; ++round) {
    std::string wanted;
    auto decided = decide(token, digest, now, true, wanted);
    if (decided) co_return std::move(*decided);
    const Looked looked = look_at(token);
    const auto shot = looked.source->keys->refreshed(wanted);
    co_await shot;
  }
  std::string wanted;
  auto decided = decide(token, digest, now, false, wanted);
  co_return std::move(*decided);
}

Task<Result<std::shared_ptr<const AuthUser>, AuthFault>> JwtProvider::user(Principal principal, std::string token) {
  using Out = Result<std::shared_ptr<const AuthUser>, AuthFault>;
  const auto self = shared_from_this();
  if (principal.is_machine()) {
    Out out = AuthFault(AuthCode::invalid_token, "a machine's token has no profile");
    co_return std::move(out);
  }
  const auto claims = claims_of(principal.claims_json());
  if (!claims) {
    Out out = AuthFault(AuthCode::verification_failed, "the principal has no claims");
    co_return std::move(out);
  }
  if (state_->base.profile == GetUser::no || has_profile(principal, *claims)) {
    Out out = std::make_shared<const AuthUser>(shape_user(principal, *claims));
    co_return std::move(out);
  }
  std::function<void(UserDone)> start = [self, principal, token](UserDone done) {
    self->look_up_user(principal, token, std::move(done));
  };
  const auto shot = state_->users->get(sha256(token), principal.expires_at(), start);
  Out out = co_await shot;
  co_return std::move(out);
}

Task<Result<TokenSet, AuthFault>> JwtProvider::refresh(RefreshRequest request) {
  const auto self = shared_from_this();
  OneShot<Result<TokenSet, AuthFault>> shot;
  TokensDone done = [shot](Result<TokenSet, AuthFault> answer) { shot.set(std::move(answer)); };
  look_up_refresh(request, std::move(done));
  Result<TokenSet, AuthFault> out = co_await shot;
  co_return std::move(out);
}

std::vector<std::string> JwtProvider::authorization_servers() const {
  std::vector<std::string> out;
  for (const Source& source : state_->sources)
    if (std::find(out.begin(), out.end(), source.issuer) == out.end()) out.push_back(source.issuer);
  if (out.size() > 1) out.resize(1);
  return out;
}

bool JwtProvider::trusts_issuer(std::string_view, const json::object&) const { return false; }
std::string JwtProvider::refuse_key(const json::object&, std::string_view) const { return {}; }
Principal::Fields JwtProvider::describe(const json::object& claims) const {
  return principal_fields(base().provider_name, claims);
}
Principal JwtProvider::principal(const json::object& claims) const {
  auto fields = describe(claims);
  fields.claims_json = json_text(claims);
  return Principal(std::move(fields));
}
std::string JwtProvider::explain(TokenFault, const json::object&) const { return {}; }
std::string JwtProvider::keys_setting() const { return {}; }
bool JwtProvider::looks_up_tokens_of(std::string_view) const { return false; }
bool JwtProvider::takes_opaque(std::string_view) const { return false; }
bool JwtProvider::has_our_form(std::string_view) const { return false; }
void JwtProvider::look_up_token(const std::string&, PrincipalDone done) {
  done(AuthFault(AuthCode::invalid_token, "not a signed token"));
}
bool JwtProvider::has_profile(const Principal&, const json::object& claims) const {
  return leanmcp::has_profile(claims);
}
AuthUser JwtProvider::shape_user(const Principal& principal, const json::object& claims) const {
  return user_from_claims(principal, claims);
}
void JwtProvider::look_up_user(const Principal& principal, const std::string&, UserDone done) {
  const auto claims = claims_of(principal.claims_json());
  done(std::make_shared<const AuthUser>(shape_user(principal, claims.value_or(json::object()))));
}
void JwtProvider::look_up_refresh(const RefreshRequest&, TokensDone done) {
  done(AuthFault(AuthCode::verification_failed, base().provider_name + " has no refresh tokens here"));
}

}  // namespace leanmcp::inline v0
