#pragma once

#include <leanmcp/http/page.hpp>
#include <leanmcp/oauth/server/core.hpp>

#include <string>
#include <string_view>
#include <vector>

// What people see. Whatever comes from elsewhere is cut down to readable text and escaped here.
namespace leanmcp::inline v0::as {

using Cookies = std::vector<std::string>;

/// Of a sign-in that cannot go on.
inline constexpr std::string_view sign_in_over = "This sign-in has been completed already, or it took too long.";

Answer page_answer(const HtmlPage& page, const Cookies& cookies = {});
/// 303: a form's data must not go along (RFC 9700, section 4.12).
Answer redirect_answer(const std::string& url, const Cookies& cookies = {});
/// A page of this server that goes on to `url` by itself: Chromium holds `form-action` against every redirect that
/// follows a form.
Answer go_on_answer(std::string title, std::string_view sentence, const std::string& url, const Cookies& cookies);

/// Why a browser is stopped here, in words of ours. It is never sent anywhere.
Answer stop_answer(int status, std::string_view sentence, const Cookies& cookies = {});
/// 429 with Retry-After.
Answer wait_answer(std::chrono::seconds wait);
Answer wrong_method_answer(std::string_view allowed);
/// The server's own trouble: 503.
Answer trouble_answer();

/// One of the ways to sign in.
class SignInChoice {
 public:
  SignInChoice(std::string id, std::string shown, std::vector<std::string> scope_names)
      : name(std::move(id)), label(std::move(shown)), scopes(std::move(scope_names)) {}
  std::string name;
  std::string label;
  std::vector<std::string> scopes;
};
/// The configured providers in their order, and this server's own users where they are on.
std::vector<SignInChoice> sign_in_choices(const Core& core);
/// The name that stands for this server's own users.
inline constexpr std::string_view own_users_name = "local";

/// Asks whether the client may have what the transaction says. `id` is the transaction's, `token` the form's.
HtmlPage consent_page(const Core& core, const ClientRecord& client, const TransactionRecord& transaction,
                      std::string_view id, std::string_view token);

/// For this server's own users. `alarm` is what went wrong before; empty for nothing.
HtmlPage sign_in_page(const Core& core, const ClientRecord& client, std::string_view state, std::string_view token,
                      std::string_view username, std::string_view alarm);

/// What the client calls itself, as text for people.
std::string client_label(const ClientRecord& client);
/// Where a redirect URI leads, in a few words: a host, this computer, an app on this device.
std::string destination_of(std::string_view redirect_uri);

}  // namespace leanmcp::inline v0::as
