#include <leanmcp/oauth/server/sign_in_wish.hpp>

#include <algorithm>
#include <array>
#include <charconv>

namespace leanmcp::inline v0::as {

namespace {

constexpr std::size_t longest_prompt = 64;
constexpr std::size_t longest_hint = 1024;
/// Three hundred years; whoever means "no limit" by a larger number can leave it out.
constexpr std::size_t most_digits = 10;
/// In the order in which they are kept.
constexpr std::array<std::string_view, 3> known_prompts = {"login", "consent", "select_account"};

OAuthError bad_wish(std::string sentence, std::string cause) {
  return OAuthError("invalid_request", std::move(sentence), std::move(cause));
}

bool has_word(std::string_view words, std::string_view word) {
  return (" " + std::string(words) + " ").find(" " + std::string(word) + " ") != std::string::npos;
}

Result<std::string, OAuthError> read_prompt(std::string_view prompt) {
  if (prompt.size() > longest_prompt) return bad_wish("prompt is too long.", "long prompt");
  std::array<bool, known_prompts.size()> asked{};
  bool none = false;
  bool others = false;
  while (!prompt.empty()) {
    const std::string_view word = prompt.substr(0, prompt.find(' '));
    prompt.remove_prefix(std::min(word.size() + 1, prompt.size()));
    if (word.empty()) continue;
    if (word == "none") {
      none = true;
      continue;
    }
    others = true;
    const auto known = std::find(known_prompts.begin(), known_prompts.end(), word);
    if (known == known_prompts.end())
      return bad_wish("prompt has a value other than login, consent, select_account and none.", "unknown prompt");
    asked[static_cast<std::size_t>(known - known_prompts.begin())] = true;
  }
  if (none && others) return bad_wish("prompt=none stands alone.", "prompt");
  if (none) return OAuthError("interaction_required", "The person has to be asked.", "prompt none");
  std::string out;
  for (std::size_t i = 0; i < asked.size(); ++i)
    if (asked[i]) out.append(out.empty() ? "" : " ").append(known_prompts[i]);
  return out;
}

}  // namespace

Result<void, OAuthError> read_sign_in_wish(const Parameters& parameters, TransactionRecord& into) {
  auto prompt = read_prompt(parameters.get("prompt"));
  if (!prompt) return prompt.error();
  into.prompt = std::move(*prompt);

  if (const std::string_view age = parameters.get("max_age"); !age.empty()) {
    std::int64_t seconds = 0;
    if (age.find_first_not_of("0123456789") != std::string_view::npos)
      return bad_wish("max_age is no whole number of seconds.", "malformed max_age");
    if (age.size() > most_digits) return bad_wish("max_age is too large.", "large max_age");
    std::from_chars(age.data(), age.data() + age.size(), seconds);
    into.max_age = std::chrono::seconds(seconds);
  }

  const std::string_view hint = parameters.get("login_hint");
  if (hint.size() > longest_hint) return bad_wish("login_hint is too long.", "long login_hint");
  const bool plain = std::all_of(hint.begin(), hint.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x20 && byte != 0x7f;
  });
  // U+0080 to U+009F, the other control characters, are C2 80 to C2 9F in UTF-8.
  for (std::size_t at = hint.find('\xc2'); plain && at != std::string_view::npos; at = hint.find('\xc2', at + 1))
    if (at + 1 < hint.size() && static_cast<unsigned char>(hint[at + 1]) < 0xa0)
      return bad_wish("login_hint has control characters.", "malformed login_hint");
  if (!plain) return bad_wish("login_hint has control characters.", "malformed login_hint");
  into.login_hint = hint;
  return {};
}

SignInWish wish_of(const TransactionRecord& transaction) {
  SignInWish out;
  out.again = has_word(transaction.prompt, "login") || (transaction.max_age && transaction.max_age->count() == 0);
  out.select_account = has_word(transaction.prompt, "select_account");
  out.max_age = transaction.max_age;
  out.login_hint = transaction.login_hint;
  return out;
}

bool asks_again(const TransactionRecord& transaction) {
  return !transaction.prompt.empty() || wish_of(transaction).again;
}

bool is_met(const SignInWish& wish, TimePoint departed, const std::optional<TimePoint>& signed_in) {
  if (!wish.is_strict()) return true;
  if (!signed_in) return false;
  const auto allowed = wish.again ? std::chrono::seconds(0) : *wish.max_age;
  // auth_time is in whole seconds, rounded down.
  return *signed_in + allowed + sign_in_skew >= departed;
}

OAuthError unmet(const SignInWish& wish) {
  if (!wish.max_age)
    return OAuthError("login_required", "Nothing shows that the person signed in again.", "no new sign-in");
  return OAuthError("unmet_authentication_requirements", "Nothing shows a sign-in that is new enough for max_age.",
                    "no new sign-in");
}

}  // namespace leanmcp::inline v0::as
