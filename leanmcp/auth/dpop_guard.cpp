#include <leanmcp/auth/dpop_guard.hpp>

#include <leanmcp/auth/rate_limit.hpp>
#include <leanmcp/crypto/dpop.hpp>
#include <leanmcp/crypto/replay_window.hpp>
#include <leanmcp/server/request.hpp>

#include <boost/json.hpp>

#include <mutex>

namespace leanmcp::inline v0 {

namespace {

DpopRules rules_of(const DpopOptions& options) {
  DpopRules rules;
  rules.max_age = options.max_age_;
  return rules;
}

}  // namespace

struct DpopGuard::Data {
  explicit Data(DpopOptions given)
      : options(std::move(given)),
        rules(rules_of(options)),
        window(rules.max_age + rules.skew, options.remembered_),
        shares(options.remembered_ / 8, rules.max_age + rules.skew) {
    if (!options.nonces_) return;
    if (options.nonce_key_.empty()) {
      nonces.emplace(DpopNonces::random());
    } else {
      nonces.emplace(options.nonce_key_, std::chrono::seconds(180));
    }
  }
  const DpopOptions options;
  const DpopRules rules;
  ReplayWindow window;
  /// No one key may use up what the window remembers for all.
  std::mutex mutex;
  RateBuckets shares;
  std::optional<DpopNonces> nonces;

  bool takes_too_much(std::string_view key, TimePoint now) {
    const std::lock_guard lock(mutex);
    return shares.take(key, now).count() != 0 && window.size() > options.remembered_ / 2;
  }
};

DpopGuard::DpopGuard(DpopOptions options) : data_(std::make_unique<Data>(std::move(options))) {}
DpopGuard::~DpopGuard() = default;

bool DpopGuard::required() const noexcept { return data_->options.required_; }

std::string DpopGuard::nonce_now(TimePoint now) const {
  return data_->nonces ? data_->nonces->current(now) : std::string();
}

std::string DpopGuard::algorithms() {
  std::string out;
  for (const JwsAlgorithm algorithm : DpopRules().algorithms)
    out.append(out.empty() ? "" : " ").append(to_string(algorithm));
  return out;
}

std::optional<DpopGuard::Fault> DpopGuard::check(const Credentials& credentials, std::string_view url,
                                                 std::string_view token, std::string_view thumbprint, TimePoint now) {
  if (credentials.dpop_proofs != 1) return Fault{"not exactly one DPoP header", false};
  DpopExpectation expected(credentials.http_method, url);
  expected.access_token = token;
  expected.thumbprint = thumbprint;
  if (data_->nonces) expected.nonces = data_->nonces->accepted(now);
  const auto proof = verify_dpop_proof(credentials.dpop_proof, expected, data_->rules, now);
  if (!proof) {
    const bool nonce = proof.error() == DpopFault::no_nonce || proof.error() == DpopFault::wrong_nonce;
    return Fault{"proof: " + std::string(to_string(proof.error())), nonce};
  }
  if (data_->takes_too_much(thumbprint, now)) return Fault{"proof: too many by one key", false};
  switch (data_->window.use(proof->replay_id(), now)) {
    case ReplayWindow::Use::first:
      return std::nullopt;
    case ReplayWindow::Use::again:
      return Fault{"proof: used before", false};
    case ReplayWindow::Use::full:
      return Fault{"proof: too many to remember", false};
  }
  return Fault{"proof: undecided", false};
}

std::optional<std::string> bound_key(const Principal& principal) {
  if (!principal.mentions_key()) return std::nullopt;
  boost::system::error_code failed;
  const json::value claims = json::parse(principal.claims_json(), failed);
  if (failed || !claims.is_object()) return std::string();
  const json::value* const cnf = claims.get_object().if_contains("cnf");
  if (!cnf) return std::nullopt;
  const json::object* const object = cnf->if_object();
  const json::value* const key = object && object->size() == 1 ? object->if_contains("jkt") : nullptr;
  if (!key || !key->is_string()) return std::string();
  return std::string(key->get_string());
}

}  // namespace leanmcp::inline v0
