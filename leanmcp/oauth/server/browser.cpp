#include <leanmcp/oauth/server/browser.hpp>

#include <leanmcp/auth/claims.hpp>
#include <leanmcp/base/random.hpp>
#include <leanmcp/crypto/digest.hpp>
#include <leanmcp/http/cookie.hpp>
#include <leanmcp/json/write.hpp>

#include <boost/json.hpp>

namespace leanmcp::inline v0::as {

namespace {

using leanmcp::detail::cookie_names;
using leanmcp::detail::cookie_value;
using leanmcp::detail::host_cookie;
using leanmcp::detail::host_cookie_name;

constexpr std::string_view form_prefix = "leanmcp-form-";
constexpr std::string_view journey_prefix = "leanmcp-go-";
constexpr std::string_view browser_name = "leanmcp-known";
/// One cookie for each person who signs in with the browser.
constexpr std::string_view signed_in_prefix = "leanmcp-in-";
constexpr std::chrono::hours signed_in_lifetime(24 * 90);
/// Of each kind; about 80 bytes each, twice over.
constexpr std::size_t most_cookies = 12;

std::string name_of(const Core& core, std::string_view prefix, std::string_view digest) {
  return host_cookie_name(std::string(prefix) + std::string(digest.substr(0, 16)), is_secure(core));
}

/// Scheme, host and port of the issuer.
std::string_view own_origin(const Core& core) {
  const std::string_view issuer = core.options.issuer_;
  return issuer.substr(0, issuer.find('/', issuer.find("://") + 3));
}

std::string form_digest_of(std::string_view token, std::string_view cookie) {
  return digest_of("form|" + std::string(token) + "|" + std::string(cookie));
}

std::string signed_in_tag(std::string_view username) { return "signed-in|" + digest_of(username); }
std::string signed_in_name(const Core& core, std::string_view username) {
  return name_of(core, signed_in_prefix, digest_of(signed_in_tag(username)));
}

std::string luggage_tag(std::string_view id_digest) { return "luggage|" + std::string(id_digest); }

/// The one Cookie field that browsers send; several could hide one of them.
std::string_view cookies_of(const Request& request) {
  return request.header_count("cookie") == 1 ? request.header("cookie") : std::string_view();
}

}  // namespace

bool is_secure(const Core& core) { return core.options.issuer_.starts_with("https://"); }

bool from_own_page(const Core& core, const Request& request) {
  const std::string_view origin = request.header("origin");
  const std::string_view site = request.header("sec-fetch-site");
  if (request.header_count("origin") > 1 || request.header_count("sec-fetch-site") > 1) return false;
  if (!site.empty()) return site == "same-origin" && (origin.empty() || origin == "null" || origin == own_origin(core));
  return origin == own_origin(core);
}

FormToken new_form_token(const Core& core) {
  FormToken out;
  out.token = random_id(32);
  const std::string value = random_id(32);
  out.cookie = host_cookie(name_of(core, form_prefix, digest_of(out.token)), value, core.options.lifetimes_.transaction,
                           is_secure(core));
  out.digest = form_digest_of(out.token, value);
  return out;
}

std::string form_digest(const Core& core, const Request& request, std::string_view token) {
  const std::string_view value = cookie_value(cookies_of(request), name_of(core, form_prefix, digest_of(token)));
  return token.empty() || value.empty() ? std::string() : form_digest_of(token, value);
}

std::string end_of_form(const Core& core, std::string_view token) {
  return host_cookie(name_of(core, form_prefix, digest_of(token)), "", std::chrono::seconds(0), is_secure(core));
}

Departure new_departure(const Core& core, std::string_view id_digest, std::string_view upstream,
                        std::string_view remembered, TimePoint now) {
  Departure out;
  out.state = random_id(32);
  out.verifier = random_id(32);
  out.nonce = random_id(32);
  const std::string value = random_id(32);
  out.approval.browser_digest = digest_of(value);
  out.approval.upstream = upstream;
  out.approval.upstream_state_digest = digest_of(out.state);
  const json::object luggage{
      {"verifier", out.verifier}, {"nonce", out.nonce}, {"remembered", remembered}, {"departed", unix_seconds(now)}};
  out.approval.upstream_secrets = core.sealer->seal(json_text(luggage), luggage_tag(id_digest));
  out.cookie = host_cookie(name_of(core, journey_prefix, out.approval.upstream_state_digest), value,
                           core.options.lifetimes_.transaction, is_secure(core));
  return out;
}

std::optional<Luggage> open_luggage(const Core& core, const TransactionRecord& transaction) {
  const auto opened = core.sealer->open(transaction.upstream_secrets, luggage_tag(transaction.id_digest));
  const auto read = opened ? claims_of(*opened) : std::nullopt;
  if (!read) return std::nullopt;
  Luggage out;
  out.verifier = Secret(claim_text(*read, "verifier"));
  out.nonce = claim_text(*read, "nonce");
  out.remembered = claim_text(*read, "remembered");
  if (const auto departed = claim_number(*read, "departed")) out.departed = TimePoint(std::chrono::seconds(*departed));
  return out;
}

bool is_bound_browser(const Core& core, const Request& request, const TransactionRecord& transaction) {
  const std::string_view value =
      cookie_value(cookies_of(request), name_of(core, journey_prefix, transaction.upstream_state_digest));
  return !transaction.browser_digest.empty() && !value.empty() &&
         constant_time_equal(digest_of(value), transaction.browser_digest);
}

std::string end_of_journey(const Core& core, const TransactionRecord& transaction) {
  return host_cookie(name_of(core, journey_prefix, transaction.upstream_state_digest), "", std::chrono::seconds(0),
                     is_secure(core));
}

std::vector<std::string> surplus_cookies(const Core& core, const Request& request) {
  std::vector<std::string> out;
  for (const std::string_view prefix : {form_prefix, journey_prefix, signed_in_prefix}) {
    const auto names = cookie_names(cookies_of(request), host_cookie_name(prefix, is_secure(core)));
    if (names.size() < most_cookies) continue;
    for (const std::string& name : names)
      out.push_back(host_cookie(name, "", std::chrono::seconds(0), is_secure(core)));
  }
  return out;
}

std::string known_browser(const Core& core, const Request& request, std::string_view username, TimePoint now) {
  const std::string_view value = cookie_value(cookies_of(request), signed_in_name(core, username));
  const auto opened = core.sealer->open(value, signed_in_tag(username));
  const auto read = opened ? claims_of(*opened) : std::nullopt;
  const auto until = read ? claim_number(*read, "until") : std::nullopt;
  return until && now < TimePoint(std::chrono::seconds(*until)) ? claim_text(*read, "browser") : std::string();
}

std::string known_browser_cookie(const Core& core, std::string_view username, TimePoint now) {
  const json::object known{{"browser", random_id()}, {"until", unix_seconds(now + signed_in_lifetime)}};
  return host_cookie(signed_in_name(core, username), core.sealer->seal(json_text(known), signed_in_tag(username)),
                     signed_in_lifetime, is_secure(core));
}

std::string remembered_subject(const Core& core, const Request& request, TimePoint now) {
  const std::string_view value = cookie_value(cookies_of(request), host_cookie_name(browser_name, is_secure(core)));
  if (value.empty()) return {};
  const auto subject = core.store->browser(digest_of(value), now);
  return subject && *subject ? **subject : std::string();
}

std::optional<std::string> remember_browser(const Core& core, const std::string& subject, TimePoint now) {
  const std::string value = random_id(32);
  const auto lifetime = core.options.lifetimes_.consent;
  if (!core.store->add_browser(digest_of(value), subject, now + lifetime)) return std::nullopt;
  return host_cookie(host_cookie_name(browser_name, is_secure(core)), value, lifetime, is_secure(core));
}

}  // namespace leanmcp::inline v0::as
