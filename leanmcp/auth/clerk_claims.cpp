#include <leanmcp/auth/clerk_claims.hpp>

#include <boost/json.hpp>

#include <algorithm>

namespace leanmcp::inline v0 {

namespace {

constexpr std::size_t most_digits = 4'096;
constexpr std::size_t most_permissions = 4'096;

std::vector<std::string> comma_list(std::string_view text) {
  std::vector<std::string> out;
  if (text.empty()) return out;
  for (;;) {
    const auto comma = text.find(',');
    out.emplace_back(text.substr(0, comma));
    if (comma == std::string_view::npos) return out;
    text.remove_prefix(comma + 1);
  }
}

}  // namespace

std::vector<bool> bits_of_decimal(std::string_view decimal) {
  std::vector<bool> bits;
  if (decimal.empty() || decimal.size() > most_digits ||
      decimal.find_first_not_of("0123456789") != std::string_view::npos)
    return bits;
  // Base 10^9 limbs, most significant first, halved until nothing is left.
  std::vector<std::uint32_t> limbs;
  for (std::size_t at = 0; at < decimal.size();) {
    const std::size_t count = at == 0 && decimal.size() % 9 != 0 ? decimal.size() % 9 : 9;
    std::uint32_t limb = 0;
    for (const char digit : decimal.substr(at, count)) limb = limb * 10 + static_cast<std::uint32_t>(digit - '0');
    limbs.push_back(limb);
    at += count;
  }
  while (std::any_of(limbs.begin(), limbs.end(), [](std::uint32_t limb) { return limb != 0; })) {
    std::uint64_t rest = 0;
    for (std::uint32_t& limb : limbs) {
      const std::uint64_t value = rest * 1'000'000'000 + limb;
      limb = static_cast<std::uint32_t>(value / 2);
      rest = value % 2;
    }
    bits.push_back(rest == 1);
  }
  return bits;
}

void read_clerk_organisation(const json::object& claims, Principal::Fields& fields) {
  const auto version = claim_number(claims, "v");
  if (!version || *version < 2) {
    fields.organisation = claim_text(claims, "org_id");
    if (std::string role = claim_text(claims, "org_role"); !role.empty()) fields.roles = {std::move(role)};
    if (auto list = claim_list(claims, "org_permissions"); !list.empty()) fields.permissions = std::move(list);
    return;
  }
  const json::object* const organisation = claim_object(claims, "o");
  if (!organisation) return;
  fields.organisation = claim_text(*organisation, "id");
  if (const std::string role = claim_text(*organisation, "rol"); !role.empty())
    fields.roles = {role.starts_with("org:") ? role : "org:" + role};
  fields.permissions.clear();
  std::vector<std::string> features;
  for (const auto& entry : comma_list(claim_text(claims, "fea"))) {
    const auto colon = entry.find(':');
    if (colon == std::string::npos) continue;
    const std::string scope = entry.substr(0, colon);
    if (scope == "o" || scope == "ou" || scope == "uo") features.push_back(entry.substr(colon + 1));
  }
  const auto names = comma_list(claim_text(*organisation, "per"));
  const auto masks = comma_list(claim_text(*organisation, "fpm"));
  for (std::size_t i = 0; i < std::min(features.size(), masks.size()); ++i) {
    const auto bits = bits_of_decimal(masks[i]);
    for (std::size_t j = 0; j < std::min(bits.size(), names.size()); ++j) {
      if (bits[j] && fields.permissions.size() < most_permissions)
        fields.permissions.push_back("org:" + features[i] + ":" + names[j]);
    }
  }
}

}  // namespace leanmcp::inline v0
