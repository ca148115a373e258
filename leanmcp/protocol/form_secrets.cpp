#include <leanmcp/protocol/form_secrets.hpp>

#include <leanmcp/base/ascii.hpp>

#include <algorithm>
#include <string>

namespace leanmcp::inline v0::detail {
namespace {

bool is_lower(char c) noexcept { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) noexcept { return c >= 'A' && c <= 'Z'; }

/// The words in lower case between single blanks, with one at either end: " api key ".
std::string words_of(std::string_view text) {
  std::string words = " ";
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (!is_lower(c) && !is_upper(c) && !is_digit(c)) {
      if (words.back() != ' ') words += ' ';
      continue;
    }
    // A new word begins at the capital of "apiKey", at the last capital of "APIKey" and at the digit of "password2".
    const char before = i > 0 ? text[i - 1] : ' ';
    const bool lower_next = i + 1 < text.size() && is_lower(text[i + 1]);
    const bool capital = is_upper(c) && (is_lower(before) || (lower_next && (is_upper(before) || is_digit(before))));
    const bool digit = is_digit(c) && (is_lower(before) || is_upper(before));
    if ((capital || digit) && words.back() != ' ') words += ' ';
    words += is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c;
  }
  if (words.back() != ' ') words += ' ';
  return words;
}

// What holds a secret wherever it stands in a name or label, also as a plural.
constexpr std::string_view phrases[] = {
    "password",
    "passwort",
    "passphrase",
    "api key",
    "apikey",
    "access key",
    "secret key",
    "private key",
    "signing key",
    "encryption key",
    "access token",
    "refresh token",
    "auth token",
    "bearer token",
    "session token",
    "api token",
    "client secret",
    "api secret",
    "webhook secret",
    "card number",
    "cardnumber",
    "credit card",
    "debit card",
    "cvv",
    "cvc",
    "card code",
    "ssn",
    "social security",
    "seed phrase",
    "recovery phrase",
    "recovery code",
    "backup code",
    "pin code",
    "one time password",
    "one time code",
};

// What does so in the name of a field, which is no prose.
constexpr std::string_view name_words[] = {
    "passwd",      "passcode",  "pwd",       "secret",   "secretkey",         "credential",    "otp",
    "totp",        "mfa code",  "2fa code",  "jwt",      "mnemonic",          "card no",       "privatekey",
    "accesstoken", "authtoken", "user pass", "db pass",  "admin pass",        "login pass",    "smtp pass",
    "accesskey",   "bearer",    "auth code", "auth key", "verification code", "security code",
};

// What does so only as the last word, or before one of `tails`: `token_count` is a number like any other.
constexpr std::string_view last_words[] = {"token", "pin"};
constexpr std::string_view tails[] = {"value", "text", "string", "input"};

std::string spaced(std::string_view words) { return " " + std::string(words) + " "; }

bool has_words(const std::string& text, std::string_view words) {
  return text.find(spaced(words)) != std::string::npos ||
         text.find(spaced(std::string(words) + "s")) != std::string::npos;
}

/// Without the numbers at the end: "token 2" is one more token.
std::string_view without_numbers(std::string_view words) {
  while (words.size() > 1 && (is_digit(words[words.size() - 2]) || words[words.size() - 2] == ' '))
    words.remove_suffix(1);
  return words;
}

}  // namespace

bool label_asks_for_a_secret(std::string_view label) {
  const std::string words = words_of(label);
  return std::ranges::any_of(phrases, [&](std::string_view phrase) { return has_words(words, phrase); });
}

bool names_a_secret(std::string_view name) {
  if (label_asks_for_a_secret(name)) return true;
  const std::string all = words_of(name);
  if (all == " pass ") return true;
  if (std::ranges::any_of(name_words, [&](std::string_view word) { return has_words(all, word); })) return true;
  const std::string words = std::string(without_numbers(all));
  return std::ranges::any_of(last_words, [&](std::string_view word) {
    if (words.ends_with(spaced(word))) return true;
    return std::ranges::any_of(tails, [&](std::string_view tail) {
      return words.ends_with(spaced(std::string(word) + " " + std::string(tail)));
    });
  });
}

}  // namespace leanmcp::inline v0::detail
