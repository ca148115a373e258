#include <leanmcp/payments/stripe_form.hpp>

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace leanmcp {
namespace {

std::string form(std::string_view json_text) { return stripe_form(boost::json::parse(json_text).as_object()); }

TEST(StripeForm, NestsWithBrackets) {
  EXPECT_EQ(form(R"({"line_items":[{"price":"price_1","quantity":1}],"metadata":{"k":"v"},"expand":["a","b"]})"),
            "line_items[0][price]=price_1&line_items[0][quantity]=1&metadata[k]=v&expand[0]=a&expand[1]=b");
  EXPECT_EQ(form(R"({"a":{"b":{"c":[[1],[2,3]]}}})"), "a[b][c][0][0]=1&a[b][c][1][0]=2&a[b][c][1][1]=3");
}

TEST(StripeForm, EmptiesAndNulls) {
  EXPECT_EQ(form("{}"), "");
  EXPECT_EQ(form(R"({"a":null,"b":[],"c":{},"d":"","e":[{}],"f":[null]})"), "a=&d=&f[0]=");
  EXPECT_EQ(form(R"({"t":true,"f":false})"), "t=true&f=false");
}

TEST(StripeForm, EscapesAllButUnreservedAndBrackets) {
  EXPECT_EQ(form(R"({"k":"a b!*()'~-_.[]&=+%/?:;,@é😀"})"),
            "k=a%20b%21%2A%28%29%27~-_.[]%26%3D%2B%25%2F%3F%3A%3B%2C%40%C3%A9%F0%9F%98%80");
  EXPECT_EQ(form(R"({"a b":{"c&d":1}})"), "a%20b[c%26d]=1");
  EXPECT_EQ(stripe_escape("a/b[c]"), "a%2Fb%5Bc%5D");
  EXPECT_EQ(form(R"({"u":"https://x/?s={CHECKOUT_SESSION_ID}"})"),
            "u=https%3A%2F%2Fx%2F%3Fs%3D%7BCHECKOUT_SESSION_ID%7D");
}

TEST(StripeForm, WritesNumbersAsJavaScript) {
  EXPECT_EQ(form(R"({"a":0,"b":-1,"c":9007199254740991,"d":1800001860})"), "a=0&b=-1&c=9007199254740991&d=1800001860");
  EXPECT_EQ(form(R"({"a":0.1,"b":-0.0,"c":1.0,"d":1e21,"e":1e-7,"g":1.5e300})"),
            "a=0.1&b=0&c=1&d=1e%2B21&e=1e-7&g=1.5e%2B300");
  EXPECT_EQ(stripe_form({{"a", 123456789012345680000.0}, {"b", 0.1 + 0.2}}),
            "a=123456789012345680000&b=0.30000000000000004");
  EXPECT_EQ(form(R"({"a":0.000001,"b":0.00000123,"c":-12.5,"d":5e-324,"e":1234567.891})"),
            "a=0.000001&b=0.00000123&c=-12.5&d=5e-324&e=1234567.891");
}

}  // namespace
}  // namespace leanmcp
