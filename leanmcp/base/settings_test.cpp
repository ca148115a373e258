#include <leanmcp/base/settings.hpp>

#include <gtest/gtest.h>

namespace leanmcp {
namespace {

TEST(SettingsText, ListsHaveCommas) {
  EXPECT_EQ(comma_list(" a,b ,, c d "), (std::vector<std::string>{"a", "b", "c d"}));
  EXPECT_TRUE(comma_list("").empty());
  EXPECT_TRUE(comma_list(" , ").empty());
}

TEST(SettingsText, PortsAreWholeNumbersThatFit) {
  EXPECT_EQ(*port_number("", 3000), 3000);
  EXPECT_EQ(*port_number("0", 3000), 0);
  EXPECT_EQ(*port_number("65535", 3000), 65535);
  for (const char* const bad : {"abc", "65536", "99999", "-1", "80a", " 80", "8.0", "99999999999999999999"})
    EXPECT_EQ(port_number(bad, 3000).error().message(),
              "'" + std::string(bad) + "' is no port: a number from 0 to 65535");
}

TEST(SettingsText, PathsArePutBehindABaseUrl) {
  EXPECT_EQ(base_url("https://mcp.example.com/", "x") + "/mcp", "https://mcp.example.com/mcp");
  EXPECT_EQ(base_url("https://mcp.example.com/a//", "x"), "https://mcp.example.com/a");
  EXPECT_EQ(base_url("", "http://127.0.0.1:3000"), "http://127.0.0.1:3000");
}

}  // namespace
}  // namespace leanmcp
