#include <leanmcp/oauth/server/id_token.hpp>

#include <leanmcp/auth/claims.hpp>
#include <leanmcp/auth/provider_http.hpp>
#include <leanmcp/base/encoding.hpp>
#include <leanmcp/crypto/digest.hpp>
#include <leanmcp/crypto/jwt.hpp>

#include <boost/json.hpp>

namespace leanmcp::inline v0::as {

namespace {

constexpr std::chrono::seconds least_lifetime{300};
constexpr std::chrono::seconds usual_lifetime{600};
constexpr std::chrono::seconds most_lifetime{24 * 3600};
constexpr std::chrono::seconds pause{30};

/// Section 3.1.3.6: the left half of the digest that belongs to the signature's algorithm.
std::string half_digest(JwsAlgorithm algorithm, std::string_view text) {
  const std::string_view name = to_string(algorithm);
  const std::string whole = name.ends_with("512") || name == "EdDSA" || name == "Ed25519" ? sha512(text)
                            : name.ends_with("384")                                       ? sha384(text)
                                                                                          : sha256(text);
  return base64url_encode(std::string_view(whole).substr(0, whole.size() / 2));
}

}  // namespace

std::shared_ptr<const KeySet> ProviderKeys::get(std::string_view key_id, TimePoint now) {
  const auto enough = [&](const std::lock_guard<std::mutex>&) {
    const bool known = set_ && (key_id.empty() || set_->keys.knows(key_id));
    return (known && now < fresh_until_) || now < quiet_until_;
  };
  const auto usable = [&](const std::lock_guard<std::mutex>&) {
    return now < usable_until_ ? set_ : std::shared_ptr<const KeySet>();
  };
  {
    const std::lock_guard lock(mutex_);
    if (enough(lock)) return usable(lock);
  }
  const std::lock_guard one(fetching_);
  {
    // Somebody else may have read them meanwhile.
    const std::lock_guard lock(mutex_);
    if (enough(lock)) return usable(lock);
  }
  const bool fetched = fetch(now);
  const std::lock_guard lock(mutex_);
  if (!fetched) quiet_until_ = now + pause;
  return usable(lock);
}

bool ProviderKeys::fetch(TimePoint now) {
  const HttpClient::Outcome got = http_->fetch(detail::get_request(url_));
  if (!got) return false;
  auto set = read_key_set(*got, ++generation_);
  if (!set) return false;
  std::chrono::seconds lifetime = usual_lifetime;
  if (const auto said = cache_lifetime(got->header("cache-control")))
    lifetime = std::clamp(*said, least_lifetime, most_lifetime);
  const std::lock_guard lock(mutex_);
  set_ = std::make_shared<const KeySet>(std::move(*set));
  fresh_until_ = now + lifetime;
  usable_until_ = now + most_lifetime;
  quiet_until_ = now + pause;
  return true;
}

Result<json::object, IdTokenFault> check_id_token(std::string_view token, const PublicKeys& keys,
                                                  const IdTokenRules& rules, TimePoint now) {
  const JwtRules basic = JwtRules::any_of(rules.issuers, {rules.client_id}, rules.algorithms);
  const auto verified = verify_jwt(token, keys, basic, now);
  if (!verified) return IdTokenFault::token;
  auto claims = claims_of(verified->claims);
  // `iat` is required of ID tokens (section 2), which a plain JWT may lack.
  if (!claims || !claim_number(*claims, "iat")) return IdTokenFault::token;
  if (rules.nonce.empty() || !constant_time_equal(claim_text(*claims, "nonce"), rules.nonce))
    return IdTokenFault::nonce;
  const bool names_party = claims->contains("azp");
  if (names_party && claim_text(*claims, "azp") != rules.client_id) return IdTokenFault::authorized_party;
  if (!names_party && claim_list(*claims, "aud").size() > 1) return IdTokenFault::several_audiences;
  if (claims->contains("at_hash") &&
      claim_text(*claims, "at_hash") != half_digest(verified->jws.algorithm, rules.access_token))
    return IdTokenFault::access_token_hash;
  return std::move(*claims);
}

}  // namespace leanmcp::inline v0::as
