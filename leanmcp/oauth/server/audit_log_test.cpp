#include <leanmcp/oauth/server/audit_log.hpp>

#include <gtest/gtest.h>

#include <vector>

namespace leanmcp::as {
namespace {

class AuditLogTest : public testing::Test {
 protected:
  std::vector<std::string> lines;
  std::vector<LogLevel> levels;
  AuditLog audit{Logger([this](LogLevel level, std::string_view line) {
    levels.push_back(level);
    lines.emplace_back(line);
  })};
};

TEST_F(AuditLogTest, SaysWhoWhatAndWhy) {
  audit.write(AuditEntry(AuditEvent::token, "ok")
                  .client("c1")
                  .subject("github:7")
                  .grant("g1")
                  .grant_type("refresh_token")
                  .scope("read write")
                  .resource("https://api/mcp")
                  .peer("192.0.2.1"));
  audit.write(AuditEntry(AuditEvent::client, "invalid_client").client("c1").reason("wrong secret"));
  audit.write(AuditEntry(AuditEvent::blocked, "ok"));
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(lines[0],
            "oauth token outcome=\"ok\" client=\"c1\" subject=\"github:7\" grant=\"g1\" grant_type=\"refresh_token\" "
            "resource=\"https://api/mcp\" scope=\"read write\" peer=\"192.0.2.1\"");
  EXPECT_EQ(lines[1], "oauth client outcome=\"invalid_client\" client=\"c1\" reason=\"wrong secret\"");
  EXPECT_EQ(levels, (std::vector{LogLevel::info, LogLevel::warning, LogLevel::warning}));
}

TEST_F(AuditLogTest, CutsDownWhatCouldHoldASecret) {
  const std::string secret = "s3cr3t-s3cr3t-s3cr3t-s3cr3t-s3cr3t";
  audit.write(AuditEntry(AuditEvent::authorize, secret)
                  .unknown_client("mcp_" + secret)
                  .redirect("https://app.example:8443/cb/" + secret + "?code=" + secret)
                  .host("https://" + secret + "@evil/x")
                  .transaction(secret + secret)
                  .reason("state=" + secret));
  audit.write(AuditEntry(AuditEvent::authorize, "ok").redirect("no uri " + secret).reason(secret));
  audit.write(AuditEntry(AuditEvent::authorize, "ok").redirect("myapp:" + secret));
  ASSERT_EQ(lines.size(), 3U);
  for (const auto& line : lines) EXPECT_EQ(line.find(secret), std::string::npos) << line;
  EXPECT_NE(lines[0].find("redirect=\"https://app.example:8443\""), std::string::npos) << lines[0];
  EXPECT_NE(lines[0].find("outcome=\"other\""), std::string::npos) << lines[0];
  EXPECT_NE(lines[0].find("client=\"sha256:"), std::string::npos) << lines[0];
}

TEST_F(AuditLogTest, CannotBeForged) {
  audit.write(AuditEntry(AuditEvent::token, "ok").client("a\r\noauth token outcome=\"ok\" \x1b[2J\xe2\x80\xae"));
  ASSERT_EQ(lines.size(), 1U);
  for (const char c : lines[0]) EXPECT_GE(static_cast<unsigned char>(c), 0x20) << lines[0];
  EXPECT_EQ(lines[0].find("\xe2\x80\xae"), std::string::npos);
}

}  // namespace
}  // namespace leanmcp::as
