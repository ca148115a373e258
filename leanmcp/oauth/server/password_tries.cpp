#include <leanmcp/oauth/server/password_tries.hpp>

#include <leanmcp/oauth/server/browser.hpp>
#include <leanmcp/oauth/server/rate_limits.hpp>

#include <algorithm>

namespace leanmcp::inline v0::as {

// Names are counted as digests, since what is typed there may be a password.
PasswordTry::PasswordTry(const Core& core, const Request& request, std::string_view username, TimePoint now)
    : core_(core), now_(now), address_(request.peer), name_("user " + digest_of(username).substr(0, 32)) {
  const std::string browser = known_browser(core, request, username, now);
  known_ = !browser.empty();
  source_ = known_ ? "browser " + browser : name_ + " from " + digest_of(limit_key(address_)).substr(0, 32);
}

std::chrono::seconds PasswordTry::wait() const {
  const auto of_source = core_.limits->wait(Limit::password_source, source_, now_);
  if (known_) return of_source;
  return std::max({of_source, core_.limits->wait(Limit::password, address_, now_),
                   core_.limits->wait(Limit::password_name, name_, now_)});
}

void PasswordTry::failed() const {
  core_.limits->take(Limit::password_source, source_, now_);
  if (known_) return;
  core_.limits->take(Limit::password, address_, now_);
  core_.limits->take(Limit::password_name, name_, now_);
}

}  // namespace leanmcp::inline v0::as
