#include <leanmcp/oauth/client/authorization_limits.hpp>

#include <leanmcp/oauth/client/scope_rules.hpp>

#include <algorithm>

namespace leanmcp::inline v0 {

namespace {

/// Operations and scopes that are remembered; each takes a sign-in or a denial, which are few.
constexpr std::size_t most_remembered = 256;

std::string in_order(std::string_view scope) {
  auto words = scope_words(scope);
  std::sort(words.begin(), words.end());
  return scope_text(words);
}

}  // namespace

void AuthorizationLimits::forget_old(TimePoint now) {
  const auto old = [now](TimePoint time) { return time + window <= now; };
  std::erase_if(authorizations_, old);
  for (auto& [operation, times] : step_ups_) std::erase_if(times, old);
  std::erase_if(step_ups_, [](const auto& entry) { return entry.second.empty(); });
  std::erase_if(denials_, [old](const auto& entry) { return old(entry.second); });
}

bool AuthorizationLimits::may_authorize(TimePoint now) {
  forget_old(now);
  return authorizations_.size() < most_authorizations;
}

bool AuthorizationLimits::may_step_up(const std::string& operation, TimePoint now) {
  forget_old(now);
  const auto found = step_ups_.find(operation);
  if (found == step_ups_.end()) return step_ups_.size() < most_remembered;
  return found->second.size() < most_step_ups;
}

void AuthorizationLimits::stepped_up(const std::string& operation, TimePoint now) {
  step_ups_[operation].push_back(now);
}

bool AuthorizationLimits::was_denied(std::string_view scope, TimePoint now) {
  forget_old(now);
  return denials_.contains(in_order(scope));
}

void AuthorizationLimits::denied(std::string_view scope, TimePoint now) {
  if (denials_.size() < most_remembered) denials_[in_order(scope)] = now;
}

void AuthorizationLimits::clear() {
  authorizations_.clear();
  step_ups_.clear();
  denials_.clear();
}

}  // namespace leanmcp::inline v0
