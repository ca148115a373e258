#include <leanmcp/oauth/client/issuer_rules.hpp>

#include <leanmcp/base/encoding.hpp>
#include <leanmcp/base/url.hpp>
#include <leanmcp/json/parse.hpp>

#include <boost/json.hpp>

#include <algorithm>

namespace leanmcp::inline v0 {

std::optional<std::string> choose_issuer(const std::vector<std::string>& offered, const std::string& registered,
                                         const std::string& used) {
  const auto is_offered = [&offered](const std::string& issuer) {
    return !issuer.empty() && std::find(offered.begin(), offered.end(), issuer) != offered.end();
  };
  if (!registered.empty()) return is_offered(registered) ? std::optional(registered) : std::nullopt;
  if (is_offered(used)) return used;
  return offered.empty() ? std::nullopt : std::optional(offered.front());
}

bool is_for_issuer(std::string_view jwt, std::string_view issuer) {
  const std::size_t first = jwt.find('.');
  if (first == std::string_view::npos) return false;
  const std::string_view rest = jwt.substr(first + 1);
  const auto claims = base64url_decode(rest.substr(0, rest.find('.')));
  if (!claims) return false;
  const auto parsed = parse_json(*claims, ParseLimits());
  const json::object* const object = parsed ? parsed->if_object() : nullptr;
  const json::value* const audience = object ? object->if_contains("aud") : nullptr;
  if (!audience) return false;
  const auto is_it = [issuer](const json::value& value) {
    return value.is_string() && std::string_view(value.get_string()) == issuer;
  };
  if (!audience->is_array()) return is_it(*audience);
  return std::any_of(audience->get_array().begin(), audience->get_array().end(), is_it);
}

bool same_redirect(std::string_view registered, std::string_view now) {
  if (registered == now) return true;
  const auto a = detail::parse_url(registered);
  const auto b = detail::parse_url(now);
  if (!a || !b) return false;
  const auto is_loopback = [](const boost::urls::url_view& url) {
    if (url.scheme_id() != boost::urls::scheme::http || url.has_userinfo()) return false;
    if (url.host_type() == boost::urls::host_type::ipv4) return url.host_ipv4_address().is_loopback();
    return url.host_type() == boost::urls::host_type::ipv6 && url.host_ipv6_address().is_loopback();
  };
  return is_loopback(*a) && is_loopback(*b) && a->encoded_host() == b->encoded_host() &&
         a->encoded_target() == b->encoded_target() && !a->has_fragment() && !b->has_fragment();
}

}  // namespace leanmcp::inline v0
