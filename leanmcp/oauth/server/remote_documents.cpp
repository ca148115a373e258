#include <leanmcp/oauth/server/remote_documents.hpp>

#include <leanmcp/auth/jwks_cache.hpp>
#include <leanmcp/http/resolve.hpp>
#include <leanmcp/oauth/server/redirect_uri.hpp>

#include <algorithm>
#include <future>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <unordered_map>

namespace leanmcp::inline v0::as {
namespace {

using Milliseconds = std::chrono::milliseconds;
using DocumentOutcome = Result<RemoteDocument, RemoteFault>;

constexpr Milliseconds patience(10'000);
constexpr std::chrono::seconds shortest_kept(300);
constexpr std::chrono::seconds longest_kept(24 * 3600);
constexpr std::chrono::seconds key_search_pause(30);
/// How long keys are still good while their host is away.
constexpr std::chrono::seconds stale_keys_good(3600);
constexpr std::size_t most_key_set_bytes = 64 * 1024;
constexpr std::size_t most_key_sets = 1'000;
/// How long a host that was away is left alone where an older copy serves meanwhile.
constexpr std::chrono::seconds retry_pause(30);
constexpr std::size_t most_quiet = 1'000;

/// Threads that read or wait for one that reads, in all and for one host.
struct Bounds {
  int at_once;
  int of_a_host;
};
/// What strangers name: fewer than half of the workers that sign people in (OAuthServer), so that slow hosts, however
/// many, hold up nobody else.
constexpr Bounds strangers{4, 2};
/// What the operator named is waited for by workers of the token endpoint, which has more of them.
constexpr Bounds configured{16, 8};

RemoteFault fault_of(const HttpClientFault& fault) {
  if (fault.cause == HttpClientCause::refused_url) return RemoteFault::blocked;
  return fault.cause == HttpClientCause::too_large ? RemoteFault::too_large : RemoteFault::unreachable;
}

DocumentOutcome document_of(HttpClient::Outcome outcome) {
  if (!outcome) return fault_of(outcome.error());
  if (outcome->status >= 500 || outcome->status == 429) return RemoteFault::unreachable;
  if (outcome->status != 200) return RemoteFault::refused;
  RemoteDocument out;
  const auto said = cache_lifetime(outcome->header("cache-control"));
  out.lifetime = std::clamp(said.value_or(shortest_kept), shortest_kept, longest_kept);
  out.body = std::move(outcome->body);
  return out;
}

}  // namespace

std::string_view to_string(RemoteFault fault) noexcept {
  switch (fault) {
    case RemoteFault::bad_url:
      return "not a url that is taken";
    case RemoteFault::blocked:
      return "address not public";
    case RemoteFault::unreachable:
      return "host unreachable";
    case RemoteFault::refused:
      return "status is not 200";
    case RemoteFault::too_large:
      return "document too large";
    case RemoteFault::malformed:
      return "document malformed";
    case RemoteFault::busy:
      return "too many being read";
  }
  return "other";
}

struct RemoteDocuments::Data {
  std::shared_ptr<HttpClient> trusted;
  std::shared_ptr<HttpClient> guarded;
  bool loopback_allowed = false;
  ResolveHost resolve;

  struct Inside {
    int all = 0;
    std::map<std::string, int> of_host;

    bool enter(const std::string& host, const Bounds& bounds) {
      const auto same = of_host.find(host);
      if (all >= bounds.at_once || (same != of_host.end() && same->second >= bounds.of_a_host)) return false;
      ++all, ++of_host[host];
      return true;
    }
    void leave(const std::string& host) {
      --all;
      if (const auto found = of_host.find(host); --found->second == 0) of_host.erase(found);
    }
  };

  std::mutex mutex;
  Inside of_strangers;
  Inside of_configuration;
  std::map<std::string, std::shared_future<DocumentOutcome>> under_way;
  /// Hosts' documents that were away: until when they are left alone.
  std::map<std::string, TimePoint> quiet;

  struct Keys {
    std::string name;
    PublicKeys keys;
    TimePoint fetched;
    TimePoint fresh_until;
  };
  std::list<Keys> recent;  ///< the latest user first
  std::unordered_map<std::string_view, std::list<Keys>::iterator> by_name;

  /// What is known by that name, moved to the front; under the mutex.
  Keys* known(const std::string& name) {
    const auto found = by_name.find(name);
    if (found == by_name.end()) return nullptr;
    recent.splice(recent.begin(), recent, found->second);
    return &recent.front();
  }

  void keep(const std::string& name, const PublicKeys& keys, TimePoint now, std::chrono::seconds lifetime) {
    const std::lock_guard lock(mutex);
    if (Keys* const old = known(name)) {
      old->keys = keys, old->fetched = now, old->fresh_until = now + lifetime;
      return;
    }
    if (recent.size() >= most_key_sets) {
      by_name.erase(recent.back().name);
      recent.pop_back();
    }
    recent.push_front(Keys{name, keys, now, now + lifetime});
    by_name.emplace(recent.front().name, recent.begin());
  }

  DocumentOutcome fetch(const std::string& url, std::size_t most_bytes, bool from_configuration) const {
    UriParts parts;
    if (!split_uri(url, parts) || parts.has_fragment || parts.has_user) return RemoteFault::bad_url;
    ClientRequest request("GET", url);
    request.headers.emplace_back("Accept", "application/json");
    request.max_body_bytes = most_bytes;
    request.total_timeout = patience;
    const bool loopback = parts.scheme == "http" || is_loopback_name(parts.host);
    if (from_configuration || (loopback_allowed && loopback)) return document_of(trusted->fetch(request));
    if (parts.scheme != "https") return RemoteFault::bad_url;
    return guarded_fetch(parts, std::move(request));
  }

  /// All addresses are looked at before the first byte goes out, and only they are connected to: a name that answers
  /// otherwise the next time (DNS rebinding) is not asked a next time.
  DocumentOutcome guarded_fetch(const UriParts& parts, ClientRequest request) const {
    const auto began = std::chrono::steady_clock::now();
    std::string host(parts.host);
    const bool literal_v6 = host.starts_with('[');
    if (literal_v6) host = host.substr(1, host.size() - 2);
    const std::vector<std::string> addresses = resolve(host, patience);
    if (addresses.empty()) return RemoteFault::unreachable;
    if (!std::all_of(addresses.begin(), addresses.end(), is_public_address)) return RemoteFault::blocked;
    if (!literal_v6) request.connect_to = addresses;
    const auto spent = std::chrono::duration_cast<Milliseconds>(std::chrono::steady_clock::now() - began);
    request.total_timeout = std::max(Milliseconds(1), patience - spent);
    return document_of(guarded->fetch(std::move(request)));
  }

  DocumentOutcome read(const std::string& name, const std::string& url, std::size_t most, bool from_configuration,
                       bool wait_for_others) {
    UriParts parts;
    if (!split_uri(url, parts)) return RemoteFault::bad_url;
    const std::string host(parts.host);
    Inside& inside = from_configuration ? of_configuration : of_strangers;
    std::promise<DocumentOutcome> promise;
    std::shared_future<DocumentOutcome> answer;
    bool mine = false;
    {
      const std::lock_guard lock(mutex);
      const auto found = under_way.find(name);
      mine = found == under_way.end();
      if (!mine && !wait_for_others) return RemoteFault::busy;
      if (!inside.enter(host, from_configuration ? configured : strangers)) return RemoteFault::busy;
      answer = mine ? promise.get_future().share() : found->second;
      if (mine) under_way.emplace(name, answer);
    }
    if (mine) {
      DocumentOutcome outcome = fetch(url, most, from_configuration);
      promise.set_value(std::move(outcome));
    }
    const DocumentOutcome& outcome = answer.get();
    const std::lock_guard lock(mutex);
    inside.leave(host);
    if (mine) under_way.erase(name);
    return outcome;
  }

  bool is_quiet(const std::string& url, TimePoint now) {
    const std::lock_guard lock(mutex);
    const auto found = quiet.find(url);
    return found != quiet.end() && now < found->second;
  }
  void leave_alone(const std::string& url, TimePoint now) {
    const std::lock_guard lock(mutex);
    if (quiet.size() >= most_quiet) std::erase_if(quiet, [&](const auto& one) { return one.second <= now; });
    if (quiet.size() < most_quiet) quiet[url] = now + retry_pause;
  }
};

RemoteDocuments::RemoteDocuments(std::shared_ptr<HttpClient> trusted, std::shared_ptr<HttpClient> guarded,
                                 bool loopback_allowed)
    : RemoteDocuments(std::move(trusted), std::move(guarded), loopback_allowed,
                      [resolver = HostResolver()](const std::string& host, Milliseconds limit) {
                        return resolver.addresses(host, limit);
                      }) {}

RemoteDocuments::RemoteDocuments(std::shared_ptr<HttpClient> trusted, std::shared_ptr<HttpClient> guarded,
                                 bool loopback_allowed, ResolveHost resolve)
    : data_(std::make_unique<Data>()) {
  data_->trusted = std::move(trusted);
  data_->guarded = std::move(guarded);
  data_->loopback_allowed = loopback_allowed;
  data_->resolve = std::move(resolve);
}
RemoteDocuments::~RemoteDocuments() = default;

DocumentOutcome RemoteDocuments::read(const std::string& url, std::size_t most_bytes) {
  return data_->read("d" + url, url, most_bytes, false, true);
}

DocumentOutcome RemoteDocuments::read_again(const std::string& url, std::size_t most_bytes, TimePoint now) {
  if (data_->is_quiet(url, now)) return RemoteFault::busy;
  DocumentOutcome outcome = data_->read("d" + url, url, most_bytes, false, false);
  if (!outcome && outcome.error() == RemoteFault::unreachable) data_->leave_alone(url, now);
  return outcome;
}

Result<PublicKeys, RemoteFault> RemoteDocuments::keys(const std::string& url, std::string_view key_id,
                                                      bool from_configuration, TimePoint now) {
  // What the operator's own URL brought is not a client's to use, should it name the same one.
  const std::string name = (from_configuration ? "c" : "k") + url;
  std::optional<PublicKeys> stale;
  {
    const std::lock_guard lock(data_->mutex);
    if (const Data::Keys* const known = data_->known(name)) {
      const bool searched = now < known->fetched + key_search_pause;
      if (now < known->fresh_until && (key_id.empty() || known->keys.knows(key_id) || searched)) return known->keys;
      if (now < known->fresh_until + stale_keys_good) stale = known->keys;
    }
  }
  const DocumentOutcome document = data_->read(name, url, most_key_set_bytes, from_configuration, !stale);
  if (!document) {
    const bool away = document.error() == RemoteFault::unreachable || document.error() == RemoteFault::busy;
    if (stale && away) return std::move(*stale);
    return document.error();
  }
  auto keys = PublicKeys::parse(document->body);
  if (!keys) return RemoteFault::malformed;
  data_->keep(name, *keys, now, document->lifetime);
  return std::move(*keys);
}

}  // namespace leanmcp::inline v0::as
