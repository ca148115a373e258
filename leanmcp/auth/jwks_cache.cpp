#include <leanmcp/auth/jwks_cache.hpp>

#include <leanmcp/auth/claims.hpp>
#include <leanmcp/auth/provider_http.hpp>
#include <leanmcp/crypto/digest.hpp>

#include <algorithm>
#include <charconv>
#include <limits>

namespace leanmcp::inline v0 {

namespace {

constexpr std::size_t most_wanted = 64;
constexpr std::size_t most_key_id_bytes = 512;

std::int64_t ms(TimePoint time) { return time.time_since_epoch().count(); }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool same_word(std::string_view a, std::string_view lower) {
  return std::equal(a.begin(), a.end(), lower.begin(), lower.end(),
                    [](char x, char y) { return (x >= 'A' && x <= 'Z' ? x + 32 : x) == y; });
}

}  // namespace

std::optional<std::chrono::seconds> cache_lifetime(std::string_view cache_control) {
  std::optional<std::chrono::seconds> out;
  while (!cache_control.empty()) {
    const auto comma = cache_control.find(',');
    const std::string_view directive = trimmed(cache_control.substr(0, comma));
    cache_control = comma == std::string_view::npos ? std::string_view() : cache_control.substr(comma + 1);
    const auto equals = directive.find('=');
    const std::string_view name = trimmed(directive.substr(0, equals));
    if (same_word(name, "no-store") || same_word(name, "no-cache")) return std::chrono::seconds(0);
    if (!same_word(name, "max-age") || equals == std::string_view::npos || out) continue;
    std::string_view value = trimmed(directive.substr(equals + 1));
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
    std::uint32_t seconds = 0;
    const auto [end, failed] = std::from_chars(value.data(), value.data() + value.size(), seconds);
    if (end != value.data() + value.size() || value.empty()) continue;
    // More than fits is as long as can be (RFC 9111, section 1.2.2).
    if (failed == std::errc::result_out_of_range) seconds = std::numeric_limits<std::int32_t>::max();
    out = std::chrono::seconds(seconds);
  }
  return out;
}

Result<KeySet> read_key_set(const ClientResponse& response, std::uint64_t generation) {
  if (response.status != 200) return Error("the answer has status " + std::to_string(response.status));
  if (response.body.size() > detail::most_answer_bytes) return Error("the answer is too large");
  auto keys = PublicKeys::parse(response.body);
  if (!keys) return keys.error();
  KeySet set;
  set.keys = std::move(*keys);
  set.generation = generation;
  if (const auto document = claims_of(response.body)) {
    if (const json::value* const list = document->if_contains("keys"); list && list->is_array()) {
      for (const json::value& key : list->get_array()) {
        const json::object* const object = key.if_object();
        if (!object) continue;
        std::string id = claim_text(*object, "kid");
        std::string issuer = claim_text(*object, "issuer");
        if (!id.empty() && !issuer.empty()) set.issuers.emplace(std::move(id), std::move(issuer));
      }
    }
  }
  return set;
}

JwksCache::JwksCache(std::string url, Fetcher fetcher, std::shared_ptr<const Clock> clock, KeyTimes times,
                     Logger logger, HttpFields headers)
    : url_(std::move(url)),
      fetcher_(std::move(fetcher)),
      clock_(std::move(clock)),
      times_(std::move(times)),
      logger_(std::move(logger)),
      headers_(std::move(headers)) {}

std::shared_ptr<JwksCache> JwksCache::create(std::string url, Fetcher fetcher, std::shared_ptr<const Clock> clock,
                                             KeyTimes times, Logger logger, HttpFields headers) {
  return std::shared_ptr<JwksCache>(new JwksCache(std::move(url), std::move(fetcher), std::move(clock),
                                                  std::move(times), std::move(logger), std::move(headers)));
}

std::shared_ptr<JwksCache> JwksCache::fixed(PublicKeys keys) {
  auto cache = create({}, {}, std::make_shared<SystemClock>(), KeyTimes());
  auto set = std::make_shared<KeySet>();
  set->keys = std::move(keys);
  set->generation = 1;
  cache->set_ = std::move(set);
  cache->generation_ = 1;
  cache->refresh_from_ms_ = std::numeric_limits<std::int64_t>::max();
  return cache;
}

ClientRequest JwksCache::request() const {
  ClientRequest request = detail::get_request(url_);
  for (const auto& field : headers_) request.headers.push_back(field);
  return request;
}

Result<void> JwksCache::init() {
  if (!fetcher_) return {};
  if (!is_provider_url(url_)) return Error("the keys' URL '" + url_ + "' is neither https nor http on loopback");
  const HttpClient::Outcome outcome = detail::fetch_and_wait(fetcher_, request());
  const std::lock_guard lock(mutex_);
  const TimePoint now = clock_->now();
  auto taken = take(outcome, now);
  quiet_until_ = now + (taken ? times_.cooldown_good : times_.cooldown_bad);
  return taken;
}

JwksCache::Step JwksCache::ready(TimePoint now) {
  if (ms(now) < refresh_from_ms_.load(std::memory_order_acquire)) return Step::use;
  std::unique_lock lock(mutex_);
  if (!set_) {
    if (failed_ && !fetching_ && now < quiet_until_) return Step::unavailable;
    return Step::wait;
  }
  const bool fresh = now < fresh_until_;
  const bool usable = now < fetched_at_ + times_.usable_for;
  const bool away = failed_;
  const bool trying = fetching_;
  const bool resting = failed_ && now < quiet_until_;
  if (!trying && !resting) start(std::move(lock));
  if (fresh) return Step::use;
  // Stale keys: who comes first after a quiet time waits for the new ones. While the provider is known to be away,
  // nobody waits for it.
  if (!away) return Step::wait;
  if (usable) return Step::use;
  return resting && !trying ? Step::unavailable : Step::wait;
}

JwksCache::Step JwksCache::unknown(TimePoint now) {
  if (!fetcher_) return Step::use;
  const std::lock_guard lock(mutex_);
  if (fetching_ || now >= quiet_until_) return Step::wait;
  // While the provider is away, nobody knows whether it has published that key meanwhile.
  return failed_ ? Step::unavailable : Step::use;
}

OneShot<bool> JwksCache::refreshed(std::string_view key_id) {
  OneShot<bool> done;
  std::unique_lock lock(mutex_);
  // The fetch may have ended between the caller's question and this one.
  if (!fetching_ && clock_->now() < quiet_until_) {
    done.set(!failed_);
    return done;
  }
  waiting_.push_back(done);
  if (!key_id.empty() && key_id.size() <= most_key_id_bytes && wanted_.size() < most_wanted)
    wanted_.emplace_back(key_id);
  if (!fetching_) start(std::move(lock));
  return done;
}

void JwksCache::start(std::unique_lock<std::mutex> lock) {
  fetching_ = true;
  lock.unlock();
  fetcher_(request(), [weak = weak_from_this()](HttpClient::Outcome outcome) {
    if (const auto self = weak.lock()) self->finish(outcome);
  });
}

void JwksCache::finish(const HttpClient::Outcome& outcome) {
  const TimePoint now = clock_->now();
  std::vector<OneShot<bool>> waiting;
  std::string fault;
  bool good = false;
  {
    const std::lock_guard lock(mutex_);
    fetching_ = false;
    waiting.swap(waiting_);
    const auto taken = take(outcome, now);
    good = taken.has_value();
    if (!good) fault = taken.error().message();
    // A fetch that did not bring what was asked for may be tried again sooner: the provider may be about to publish.
    bool found = good;
    if (good && !wanted_.empty()) {
      found = std::any_of(wanted_.begin(), wanted_.end(), [&](const std::string& id) { return set_->keys.knows(id); });
    }
    wanted_.clear();
    quiet_until_ = now + (found ? times_.cooldown_good : times_.cooldown_bad);
  }
  if (!good) logger_.warning("the provider's keys cannot be had", {{"reason", fault}});
  for (const auto& one : waiting) one.set(good);
}

Result<void> JwksCache::take(const HttpClient::Outcome& outcome, TimePoint now) {
  failed_ = true;
  if (!outcome) return Error("the provider's keys cannot be fetched from " + url_ + detail::why(outcome));
  auto set = read_key_set(*outcome, generation_.load() + 1);
  if (!set) return Error("the provider's keys at " + url_ + " cannot be used: " + set.error().message());
  failed_ = false;
  fetched_at_ = now;
  std::chrono::seconds lifetime = times_.lifetime_default;
  if (const auto said = cache_lifetime(outcome->header("cache-control")))
    lifetime = std::clamp(*said, times_.lifetime_least, times_.lifetime_most);
  fresh_until_ = now + lifetime;
  std::string digest = sha256(outcome->body);
  if (!set_ || digest != body_digest_) {
    body_digest_ = std::move(digest);
    const std::uint64_t generation = set->generation;
    set_ = std::make_shared<const KeySet>(std::move(*set));
    generation_.store(generation, std::memory_order_release);
  }
  refresh_from_ms_.store(ms(now + lifetime * 4 / 5), std::memory_order_release);
  return {};
}

std::shared_ptr<const KeySet> JwksCache::keys() const {
  const std::lock_guard lock(mutex_);
  return set_;
}

}  // namespace leanmcp::inline v0
