#include <leanmcp/oauth/server/password_tries.hpp>

#include <leanmcp/oauth/server/browser.hpp>

namespace leanmcp::inline v0::as {

PasswordTry::PasswordTry(const Core& core, const Request& request, std::string_view username, TimePoint now)
    : core_(core), now_(now) {
  const std::string browser = known_browser(core, request, username, now);
  if (!browser.empty()) {
    counts_ = {{Limit::password_source, "browser " + browser}};
    return;
  }
  // Names are counted as digests, since what is typed there may be a password.
  const std::string name = "user " + digest_of(username).substr(0, 32);
  counts_ = {{Limit::password_source, name + " from " + digest_of(limit_key(request.peer)).substr(0, 32)},
             {Limit::password, request.peer},
             {Limit::password_name, name}};
}

std::chrono::seconds PasswordTry::take() {
  for (const auto& [limit, key] : counts_) {
    const auto wait = core_.limits->take(limit, key, now_);
    if (wait.count() > 0) {
      give_back();
      return wait;
    }
    ++taken_;
  }
  return std::chrono::seconds(0);
}

void PasswordTry::give_back() {
  while (taken_ > 0) {
    --taken_;
    core_.limits->give_back(counts_[taken_].first, counts_[taken_].second);
  }
}

}  // namespace leanmcp::inline v0::as
