#include <leanmcp/protocol/form_secrets.hpp>

#include <gtest/gtest.h>

namespace leanmcp::detail {
namespace {

TEST(FormSecrets, KnowsNamesOfSecrets) {
  for (const std::string_view name : {"password",
                                      "Password",
                                      "PASSWORD",
                                      "password2",
                                      "new_password",
                                      "passwordConfirmation",
                                      "db-password",
                                      "passwords",
                                      "passwd",
                                      "pwd",
                                      "pass",
                                      "user_pass",
                                      "passphrase",
                                      "passcode",
                                      "secret",
                                      "client_secret",
                                      "clientSecret",
                                      "secretKey",
                                      "secrets",
                                      "api_key",
                                      "apiKey",
                                      "APIKey",
                                      "API-KEY",
                                      "apikey",
                                      "api.key",
                                      "openai_api_key",
                                      "api_keys",
                                      "access_token",
                                      "accessToken",
                                      "token",
                                      "github_token",
                                      "TOKEN",
                                      "token2",
                                      "token_2",
                                      "token_value",
                                      "refresh_token",
                                      "bearer_token",
                                      "session_token",
                                      "private_key",
                                      "privateKey",
                                      "card_number",
                                      "cardNumber",
                                      "cardnumber",
                                      "credit_card",
                                      "creditCardNumber",
                                      "card_no",
                                      "cvv",
                                      "CVV",
                                      "cvv2",
                                      "cvc",
                                      "card_cvc",
                                      "pin",
                                      "PIN",
                                      "pin_code",
                                      "user_pin",
                                      "ssn",
                                      "social_security_number",
                                      "otp",
                                      "totp",
                                      "one_time_code",
                                      "2fa_code",
                                      "mfaCode",
                                      "verification_code",
                                      "security_code",
                                      "seed_phrase",
                                      "mnemonic",
                                      "recovery_code",
                                      "jwt",
                                      "credentials",
                                      "webhookSecret",
                                      "aws_secret_access_key"})
    EXPECT_TRUE(names_a_secret(name)) << name;
}

TEST(FormSecrets, LetsOthersPass) {
  for (const std::string_view name : {"",           "name",           "email",         "username",
                                      "plan",       "confirm",        "max_tokens",    "token_count",
                                      "tokenLimit", "shipping",       "pinned",        "spin",
                                      "opinion",    "pin_color",      "compass",       "passport_country",
                                      "passenger",  "pass_rate",      "boarding_pass", "secretary",
                                      "card_color", "card",           "number",        "key",
                                      "keyword",    "keyboard",       "tokenizer",     "api_version",
                                      "api",        "access_level",   "private",       "hotp_x",
                                      "ssnake",     "discard_number", "monkey",        "bypass",
                                      "code",       "zip_code",       "country_code"})
    EXPECT_FALSE(names_a_secret(name)) << name;
}

TEST(FormSecrets, ReadsLabelsAsProse) {
  EXPECT_TRUE(label_asks_for_a_secret("Your password"));
  EXPECT_TRUE(label_asks_for_a_secret("Password:"));
  EXPECT_TRUE(label_asks_for_a_secret("Please enter the API key of the service"));
  EXPECT_TRUE(label_asks_for_a_secret("Credit-card number"));
  EXPECT_TRUE(label_asks_for_a_secret("CVC"));
  EXPECT_FALSE(label_asks_for_a_secret("How many tokens at most?"));
  EXPECT_FALSE(label_asks_for_a_secret("Name of your Secret Santa"));
  EXPECT_FALSE(label_asks_for_a_secret("Pin this message"));
  EXPECT_FALSE(label_asks_for_a_secret(""));
}

}  // namespace
}  // namespace leanmcp::detail
