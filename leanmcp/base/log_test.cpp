#include <leanmcp/base/log.hpp>

#include <gtest/gtest.h>

#include <vector>

namespace leanmcp {
namespace {

std::string line_of(std::string_view value) {
  std::string written;
  const Logger log([&](LogLevel, std::string_view line) { written = line; });
  log.info("event", {{"value", value}});
  return written;
}

TEST(Log, ValuesAreQuotedAndCannotForgeALine) {
  EXPECT_EQ(line_of("plain"), R"(event value="plain")");
  EXPECT_EQ(line_of("a\"b\\c"), R"(event value="a\"b\\c")");
  EXPECT_EQ(line_of("a\r\nerror x\x1b[2J\x7f"), R"(event value="a\x0d\x0aerror x\x1b[2J\x7f")");
}

TEST(Log, MarksOfDirectionAndSeparatorsAreEscapedWhole) {
  EXPECT_EQ(line_of("a\u202eb"), R"(event value="a\xe2\x80\xaeb")");
  EXPECT_EQ(line_of("a\u2028b\u2066c"), R"(event value="a\xe2\x80\xa8b\xe2\x81\xa6c")");
  EXPECT_EQ(line_of("a\u0085b\u061cc"), R"(event value="a\xc2\x85b\xd8\x9cc")");
  EXPECT_EQ(line_of("\u00e9\u20ac\u201c"), "event value=\"\u00e9\u20ac\u201c\"");
  EXPECT_EQ(line_of("cut \xe2"), "event value=\"cut \xe2\"");
}

TEST(Log, TextForPeopleHasItsMarksEscapedAndNothingElse) {
  std::string out;
  append_visible(out, "say \"a\\b\"\x1b[31m\u202e");
  EXPECT_EQ(out, "say \"a\\b\"\\x1b[31m\\xe2\\x80\\xae");
}

TEST(Log, AFieldWithoutANameIsLeftOut) {
  std::string written;
  const Logger log([&](LogLevel, std::string_view line) { written = line; });
  log.info("event", {{"a", "1"}, {"", "2"}, {"c", "3"}});
  EXPECT_EQ(written, R"(event a="1" c="3")");
}

TEST(Log, LevelsBelowTheLeastAndLoggersWithoutASinkAreSilent) {
  std::vector<std::string> lines;
  const Logger log([&](LogLevel, std::string_view line) { lines.emplace_back(line); }, LogLevel::warning);
  log.debug("a");
  log.info("b");
  log.warning("c");
  log.error("d");
  EXPECT_EQ(lines, (std::vector<std::string>{"c", "d"}));
  EXPECT_FALSE(Logger().enabled(LogLevel::error));
}

}  // namespace
}  // namespace leanmcp
