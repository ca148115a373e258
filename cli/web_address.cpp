#include "web_address.hpp"

#include <leanmcp/oauth/client/browser_launch.hpp>

#include <leanmcp/base/url.hpp>

#include <cstdlib>

bool check_address(Terminal& terminal, std::string_view url) {
  const auto checked = leanmcp::check_browser_url(url);
  if (checked) return true;
  terminal.say(terminal.failure("This address is not opened, " + std::string(to_string(checked.error())) + ": ") +
               shown(url));
  return false;
}

std::string host_of(std::string_view url) {
  const auto parsed = leanmcp::detail::parse_url(url);
  return parsed ? std::string(parsed->encoded_host_and_port()) : std::string();
}

void show_address(Terminal& terminal, std::string_view url) {
  const auto parsed = leanmcp::detail::parse_url(url);
  if (!parsed) return terminal.say("  " + shown(url));
  const std::string_view host = parsed->encoded_host_and_port();
  const auto at = static_cast<std::size_t>(host.data() - url.data());
  terminal.say("  " + shown(url.substr(0, at)) + terminal.bold(shown(host)) + shown(url.substr(at + host.size())));
  if (parsed->has_userinfo())
    terminal.say(terminal.warning("  The address hides its host behind a user name; the host is " + std::string(host)));
  if (host.find("xn--") != std::string_view::npos)
    terminal.say(terminal.warning("  The host's name has letters of other scripts; it may look like another one's."));
}

bool open_address(const std::string& url) {
  const auto is_set = [](const char* name) {
    const char* const value = std::getenv(name);
    return value && *value;
  };
  // Without a desktop xdg-open looks for browsers of the terminal, which is ours.
  if (!is_set("DISPLAY") && !is_set("WAYLAND_DISPLAY")) return false;
  return leanmcp::launch_browser(url).has_value();
}
