#include <leanmcp/elicitation/browser_flow.hpp>

#include <leanmcp/base/encoding.hpp>
#include <leanmcp/base/random.hpp>
#include <leanmcp/crypto/digest.hpp>
#include <leanmcp/http/client_address.hpp>

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <array>

namespace leanmcp::inline v0 {

namespace {

constexpr std::int64_t most_open_per_subject = 30;

const std::array flow_steps = {
    Migration{1,
              "flows",
              {"CREATE TABLE browser_flows (state_hash TEXT PRIMARY KEY, kind TEXT NOT NULL, subject TEXT NOT NULL, "
               "binding_hash TEXT NOT NULL, sealed TEXT NOT NULL, expires_at BIGINT NOT NULL, taken BIGINT NOT NULL)",
               "CREATE INDEX browser_flows_by_subject ON browser_flows (kind, subject)",
               "CREATE INDEX browser_flows_by_expiry ON browser_flows (expires_at)"}},
};

std::string hash(std::string_view text) { return base64url_encode(sha256(text)); }

std::string bound_to(std::string_view kind, std::string_view subject, std::string_view state_hash) {
  std::string out;
  for (const std::string_view part : {kind, subject, state_hash})
    out.append(std::to_string(part.size())).append(":").append(part);
  return out;
}

bool is_state(std::string_view text) {
  return text.size() == 43 &&
         text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") ==
             std::string_view::npos;
}

}  // namespace

std::string_view to_string(FlowRefusal refusal) noexcept {
  switch (refusal) {
    case FlowRefusal::unknown:
      return "unknown state";
    case FlowRefusal::expired:
      return "expired";
    case FlowRefusal::other_browser:
      return "begun in another browser";
    case FlowRefusal::used:
      return "used before";
    case FlowRefusal::too_many:
      return "too many open";
    case FlowRefusal::storage:
      return "storage failed";
  }
  return "";
}

Result<BrowserFlows> BrowserFlows::open(Database database, const KeyRing& keys, const std::string& public_url,
                                        std::chrono::milliseconds lifetime) {
  const auto url = boost::urls::parse_uri(public_url);
  if (!url || url->host().empty() || url->has_userinfo() || url->has_query() || url->has_fragment())
    return Error("the public URL '" + public_url + "' is not an absolute URL");
  const bool secure = url->scheme() == "https";
  if (!secure && !(url->scheme() == "http" && detail::is_loopback_host(std::string(url->encoded_host()))))
    return Error("the public URL '" + public_url + "' must be https: people sign in there");
  auto migrated = migrate(database, "browser_flows", flow_steps);
  if (!migrated) return Error("the sign-in tables cannot be made", migrated.error().detail);
  std::string base = public_url;
  while (base.ends_with('/')) base.pop_back();
  return BrowserFlows(std::move(database), keys.sealer("browser flow"), std::move(base), secure, lifetime);
}

std::string BrowserFlows::cookie_name(std::string_view state_hash) const {
  // One for each journey, so that several can be under way in one browser.
  return detail::host_cookie_name("leanmcp-" + std::string(state_hash.substr(0, 16)), secure_);
}

Result<BrowserFlows::Begun, FlowRefusal> BrowserFlows::begin(std::string_view kind, std::string_view subject,
                                                             std::string_view payload, TimePoint now) const {
  const std::int64_t ms = now.time_since_epoch().count();
  const std::string state = random_id(32);
  const std::string binding = random_id(32);
  const std::string state_hash = hash(state);
  const std::string sealed = sealer_.seal(payload, bound_to(kind, subject, state_hash));
  const auto swept = database_.run("DELETE FROM browser_flows WHERE expires_at < $1", {ms});
  if (!swept) return FlowRefusal::storage;
  const auto inserted = database_.run(
      "INSERT INTO browser_flows (state_hash, kind, subject, binding_hash, sealed, expires_at, taken) "
      "SELECT $1, $2, $3, $4, $5, CAST($6 AS BIGINT), 0 WHERE "
      "(SELECT count(*) FROM browser_flows WHERE kind = $2 AND subject = $3) < CAST($7 AS BIGINT)",
      {state_hash, kind, subject, hash(binding), sealed, ms + lifetime_.count(), most_open_per_subject});
  if (!inserted) return FlowRefusal::storage;
  if (inserted->changed() != 1) return FlowRefusal::too_many;
  Begun begun;
  begun.state = state;
  begun.cookie = detail::host_cookie(cookie_name(state_hash), binding,
                                     std::chrono::ceil<std::chrono::seconds>(lifetime_), secure_);
  return begun;
}

Result<BrowserFlows::Taken, FlowRefusal> BrowserFlows::take(std::string_view kind, std::string_view state,
                                                            std::string_view cookie_header, TimePoint now) const {
  if (!is_state(state)) return FlowRefusal::unknown;
  const std::string state_hash = hash(state);
  const auto rows = database_.run(
      "SELECT kind, subject, binding_hash, sealed, expires_at, taken FROM browser_flows WHERE state_hash = $1",
      {state_hash});
  if (!rows) return FlowRefusal::storage;
  if (rows->empty()) return FlowRefusal::unknown;
  const Row& row = (*rows)[0];
  if (row.text(0) != kind) return FlowRefusal::unknown;
  const std::string name = cookie_name(state_hash);
  // Before the state is used up: whoever only knows the state must not be able to end the journey of its owner.
  if (!constant_time_equal(hash(detail::cookie_value(cookie_header, name)), row.text(2)))
    return FlowRefusal::other_browser;
  if (row.integer(4) < now.time_since_epoch().count()) return FlowRefusal::expired;
  const auto taken =
      database_.run("UPDATE browser_flows SET taken = 1 WHERE state_hash = $1 AND taken = 0", {state_hash});
  if (!taken) return FlowRefusal::storage;
  if (taken->changed() != 1) return FlowRefusal::used;
  auto payload = sealer_.open(row.text(3), bound_to(kind, row.text(1), state_hash));
  if (!payload) return FlowRefusal::unknown;
  Taken out;
  out.subject = row.text(1);
  out.payload = std::move(*payload);
  out.cookie = detail::host_cookie(name, "", std::chrono::seconds(0), secure_);
  return out;
}

}  // namespace leanmcp::inline v0
