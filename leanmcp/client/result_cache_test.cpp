#include <leanmcp/client/result_cache.hpp>

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace leanmcp {
namespace {

using detail::ResultCache;
using std::chrono::milliseconds;

ResultCache::Document document(std::string_view text) { return std::make_shared<const json::value>(json::parse(text)); }

TEST(ResultCache, IsFreshForItsTimeAndNoLonger) {
  ResultCache cache(8, 1000);
  const TimePoint start{milliseconds(1000)};
  cache.store("tools/list", "", document(R"({"ttlMs":500,"cacheScope":"private"})"), 10, start);
  EXPECT_TRUE(cache.find("tools/list", "", start + milliseconds(499)));
  EXPECT_FALSE(cache.find("tools/list", "", start + milliseconds(500)));
  EXPECT_EQ(cache.size(), 0u);
}

TEST(ResultCache, KeepsNothingWithoutAPositiveTime) {
  ResultCache cache(8, 1000);
  for (const char* const text : {"{}", R"({"ttlMs":0})", R"({"ttlMs":-5})", R"({"ttlMs":"60000"})", "[]"})
    cache.store("tools/list", text, document(text), 10, TimePoint());
  EXPECT_EQ(cache.size(), 0u);
}

TEST(ResultCache, AnotherParameterIsAnotherResult) {
  ResultCache cache(8, 1000);
  cache.store("resources/read", "file:///a", document(R"({"ttlMs":500})"), 10, TimePoint());
  EXPECT_FALSE(cache.find("resources/read", "file:///b", TimePoint()));
  EXPECT_FALSE(cache.find("resources/list", "file:///a", TimePoint()));
  cache.drop("resources/read", "file:///a");
  EXPECT_FALSE(cache.find("resources/read", "file:///a", TimePoint()));
}

TEST(ResultCache, ChangedListsAndOtherCredentialsDropWhatTheyConcern) {
  ResultCache cache(8, 1000);
  cache.store("tools/list", "", document(R"({"ttlMs":500,"cacheScope":"public"})"), 10, TimePoint());
  cache.store("tools/list", "2", document(R"({"ttlMs":500,"cacheScope":"public"})"), 10, TimePoint());
  cache.store("prompts/list", "", document(R"({"ttlMs":500})"), 10, TimePoint());
  cache.drop_private();
  EXPECT_EQ(cache.size(), 2u);
  cache.drop("tools/list");
  EXPECT_EQ(cache.size(), 0u);
}

TEST(ResultCache, IsBoundedAndAbsurdTimesAreCut) {
  ResultCache cache(2, 100);
  cache.store("a", "", document(R"({"ttlMs":900})"), 40, TimePoint());
  cache.store("b", "", document(R"({"ttlMs":1e300})"), 40, TimePoint());
  cache.store("c", "", document(R"({"ttlMs":800})"), 40, TimePoint());
  EXPECT_EQ(cache.size(), 2u);
  EXPECT_FALSE(cache.find("a", "", TimePoint()));
  EXPECT_TRUE(cache.find("b", "", TimePoint() + std::chrono::hours(23)));
  EXPECT_FALSE(cache.find("b", "", TimePoint() + std::chrono::hours(25)));
  cache.store("huge", "", document(R"({"ttlMs":800})"), 101, TimePoint());
  EXPECT_FALSE(cache.find("huge", "", TimePoint()));
}

}  // namespace
}  // namespace leanmcp
