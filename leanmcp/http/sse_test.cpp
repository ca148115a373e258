#include <leanmcp/http/sse.hpp>

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace leanmcp {
namespace {

std::string text_of(const SseEvent& event) {
  std::string out;
  append_sse_event(out, event);
  return out;
}

/// Each event as "type|data|id"; fed in pieces of the given size.
std::vector<std::string> read(std::string_view text, std::size_t piece = 0, SseParser parser = SseParser()) {
  std::vector<std::string> seen;
  if (piece == 0) piece = text.size();
  while (!text.empty()) {
    const auto fed = parser.feed(text.substr(0, piece), [&](SseEvent&& event) {
      seen.push_back(event.event + "|" + event.data + "|" + event.id.value_or("-"));
      return true;
    });
    EXPECT_TRUE(fed);
    text.remove_prefix(std::min(piece, text.size()));
  }
  return seen;
}

using Events = std::vector<std::string>;

TEST(SseWriter, WritesFields) {
  EXPECT_EQ(text_of(SseEvent("x")), "data: x\n\n");
  EXPECT_EQ(text_of(SseEvent("")), "data: \n\n");
  EXPECT_EQ(text_of(SseEvent("x").with_event("message").with_id("1").with_retry(std::chrono::milliseconds(1500))),
            "id: 1\nevent: message\nretry: 1500\ndata: x\n\n");
  EXPECT_EQ(text_of(SseEvent("x").with_id("")), "id: \ndata: x\n\n");
}

TEST(SseWriter, SplitsDataAtEveryKindOfLineEnd) {
  EXPECT_EQ(text_of(SseEvent("a\nb\r\nc\rd\n")), "data: a\ndata: b\ndata: c\ndata: d\ndata: \n\n");
}

TEST(SseWriter, NothingBreaksOutOfItsField) {
  EXPECT_EQ(text_of(SseEvent("x").with_event("a\ndata: evil\n\n").with_id(std::string("1\r\n\0002", 5))),
            "id: 12\nevent: adata: evil\ndata: x\n\n");
  std::string out;
  append_sse_comment(out, "a\ndata: b\n\ndata: c");
  EXPECT_EQ(out, ": a\n: data: b\n: \n: data: c\n\n");
  EXPECT_TRUE(read(out).empty());
}

// The examples of WHATWG HTML, section 9.2.6.
TEST(SseParser, ReadsTheExamplesOfTheStandard) {
  EXPECT_EQ(read("data: YHOO\ndata: +2\ndata: 10\n\n"), Events({"|YHOO\n+2\n10|-"}));
  EXPECT_EQ(read(": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n"),
            Events({"|first event|1", "|second event|-", "| third event|-"}));
  EXPECT_EQ(read("data\n\ndata\ndata\n\ndata:"), Events({"||-", "|\n|-"}));
  EXPECT_EQ(read("data:test\n\ndata: test\n\n"), Events({"|test|-", "|test|-"}));
}

TEST(SseParser, TakesEveryLineEndInEveryPiece) {
  const std::string text =
      "\xEF\xBB\xBF"
      "event: a\r\ndata: 1\r\n\r\nevent: b\rdata: 2\r\rid: 9\ndata: 3\ndata: 4\n\n: c\n\n";
  const Events expected = {"a|1|-", "b|2|-", "|3\n4|9"};
  for (std::size_t piece = 1; piece <= text.size(); ++piece) EXPECT_EQ(read(text, piece), expected) << piece;
}

TEST(SseParser, TheIdHoldsUntilAnotherOne) {
  SseParser parser;
  std::vector<std::string> ids;
  const auto fed = parser.feed(std::string("id: 1\ndata: a\n\ndata: b\n\nid: 2\n\nid: x\0y\ndata: c\n\n", 48),
                               [&](SseEvent&& event) {
                                 ids.push_back(event.id.value_or("-"));
                                 return true;
                               });
  ASSERT_TRUE(fed);
  EXPECT_EQ(ids, Events({"1", "1", "2"}));
  EXPECT_EQ(parser.last_event_id(), "2");
}

TEST(SseParser, Retry) {
  SseParser parser;
  const auto keep = [](SseEvent&&) { return true; };
  EXPECT_FALSE(parser.retry());
  for (const char* const bad : {"retry: 1s\n\n", "retry: -1\n\n", "retry:\n\n", "retry: 99999999999\n\n"}) {
    ASSERT_TRUE(parser.feed(bad, keep));
    EXPECT_FALSE(parser.retry()) << bad;
  }
  ASSERT_TRUE(parser.feed("retry: 500\n", keep));
  EXPECT_EQ(parser.retry(), std::chrono::milliseconds(500));
}

TEST(SseParser, WithoutDataThereIsNoEvent) {
  EXPECT_TRUE(read("event: a\nid: 1\n\n").empty());
  EXPECT_EQ(read("event: a\n\ndata: x\n\n"), Events({"|x|-"})) << "the type goes with its event";
  EXPECT_TRUE(read("unknown: a\nda: b\n\n").empty());
  EXPECT_TRUE(read("data: never finished\n").empty());
}

TEST(SseParser, IsBounded) {
  const auto keep = [](SseEvent&&) { return true; };
  const auto fault = [&](std::string_view text, std::size_t piece) {
    SseParser parser(100);
    for (; !text.empty(); text.remove_prefix(std::min(piece, text.size()))) {
      const auto fed = parser.feed(text.substr(0, piece), keep);
      if (!fed) {
        EXPECT_FALSE(parser.feed("data: x\n\n", keep)) << "nothing is read after a fault";
        return fed.error() == SseFault::too_large;
      }
    }
    return false;
  };
  std::string lines;
  for (int i = 0; i < 30; ++i) lines += "data: abcdef\n";
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{1'000}}) {
    EXPECT_TRUE(fault(std::string(101, 'x'), piece));
    EXPECT_TRUE(fault("data: " + std::string(200, 'x') + "\n\n", piece));
    EXPECT_TRUE(fault(lines, piece)) << "an event of many lines";
    EXPECT_FALSE(fault("data: " + std::string(90, 'x') + "\n\n", piece));
  }
  // Empty lines of data grow the event as well.
  std::string empty;
  for (int i = 0; i < 200; ++i) empty += "data\n";
  EXPECT_TRUE(fault(empty, 1'000));
}

TEST(SseParser, StopsWhenToldTo) {
  SseParser parser;
  int events = 0;
  const auto fed = parser.feed("data: 1\n\ndata: 2\n\n", [&](SseEvent&&) { return ++events < 1; });
  ASSERT_FALSE(fed);
  EXPECT_EQ(fed.error(), SseFault::stopped);
  EXPECT_EQ(events, 1);
}

TEST(Sse, WhatIsWrittenIsRead) {
  std::mt19937 random(3);
  for (int round = 0; round < 500; ++round) {
    std::string data;
    for (unsigned n = random() % 40; n > 0; --n) data += "ab:\n \t\x7f\xc3"[random() % 8];
    const std::string text = text_of(SseEvent(data).with_event("e").with_id("7"));
    EXPECT_EQ(read(text, 1 + random() % 9), Events({"e|" + data + "|7"}));
  }
}

}  // namespace
}  // namespace leanmcp
