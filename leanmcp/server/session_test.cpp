#include <leanmcp/server/registry.hpp>
#include <leanmcp/server/rounds.hpp>
#include <leanmcp/server/session_table.hpp>

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace leanmcp {
namespace {

using namespace std::chrono_literals;

const TimePoint start{1'000'000s};

SessionTable::Limits limits(std::size_t total, std::size_t per_address) {
  SessionTable::Limits out;
  out.total = total;
  out.per_address = per_address;
  out.idle = 10min;
  return out;
}

TEST(SessionTable, FindsUntilIdleTooLong) {
  SessionTable table(limits(10, 10));
  const auto session = *table.create("a", start);
  EXPECT_EQ(table.find(session->id(), start + 9min), session);
  EXPECT_EQ(table.find(session->id(), start + 18min), session) << "use keeps it alive";
  EXPECT_EQ(table.find(session->id(), start + 29min), nullptr);
  EXPECT_EQ(table.find("unknown", start), nullptr);
  table.sweep(start + 29min);
  EXPECT_EQ(table.size(), 0U);
}

TEST(SessionTable, AFloodDoesNotThrowActiveClientsOff) {
  SessionTable table(limits(2, 10));
  const auto active = *table.create("a", start);
  const auto idle = *table.create("b", start);
  EXPECT_FALSE(table.create("c", start + 30s)) << "nobody has been idle long enough";
  table.find(active->id(), start + 2min);
  ASSERT_TRUE(table.create("c", start + 2min)) << "the oldest idle one makes room";
  EXPECT_NE(table.find(active->id(), start + 2min), nullptr);
  EXPECT_EQ(table.find(idle->id(), start + 2min), nullptr);
}

TEST(SessionTable, OneAddressCannotTakeAll) {
  SessionTable table(limits(10, 2));
  ASSERT_TRUE(table.create("a", start));
  ASSERT_TRUE(table.create("a", start));
  EXPECT_EQ(table.create("a", start).error(), SessionRefusal::too_many_from_address);
  EXPECT_TRUE(table.create("b", start));
}

TEST(SessionTable, WhatIsInUseIsNotIdle) {
  SessionTable table(limits(2, 10));
  const auto calling = *table.create("a", start);
  const auto listening = *table.create("a", start);
  class Reader final : public Session::Stream {
   public:
    void send(std::string) override {}
    void close() override { open = false; }
    bool live() const override { return open; }
    bool open = true;
  };
  const auto reader = std::make_shared<Reader>();
  listening->set_stream(reader);
  const std::uint64_t call = calling->track("1", [] {});
  table.sweep(start + 1h);
  EXPECT_EQ(table.size(), 2U);
  EXPECT_FALSE(table.create("b", start + 2h)) << "neither may be pushed out";
  EXPECT_EQ(table.find(calling->id(), start + 3h), calling);
  calling->untrack(call);
  reader->open = false;
  EXPECT_EQ(table.find(listening->id(), start + 5h), nullptr);
  EXPECT_TRUE(table.create("b", start + 5h));
  table.sweep(start + 5h);
  EXPECT_EQ(table.size(), 1U);
}

TEST(SessionTable, RoomIsMadeByTheOneUnusedLongest) {
  SessionTable table(limits(3, 3));
  std::vector<std::shared_ptr<Session>> all;
  for (int i = 0; i < 3; ++i) all.push_back(*table.create("a", start + i * 1s));
  ASSERT_NE(table.find(all[0]->id(), start + 1min), nullptr);
  ASSERT_TRUE(table.create("a", start + 5min));
  EXPECT_TRUE(all[1]->closed());
  EXPECT_FALSE(all[0]->closed());
  EXPECT_FALSE(all[2]->closed());
  EXPECT_TRUE(table.remove(all[2]->id()));
  EXPECT_FALSE(table.remove(all[2]->id()));
  EXPECT_EQ(table.size(), 2U);
  table.close_all();
  EXPECT_EQ(table.size(), 0U);
  EXPECT_TRUE(table.create("a", start + 6min));
}

TEST(Session, RequestsOfOneIdAreCancelledTogetherAndTheirNumberIsLimited) {
  Session session("id", start);
  int cancelled = 0;
  const auto cancel = [&] { ++cancelled; };
  const auto first = session.track("7", cancel);
  const auto second = session.track("7", cancel);
  session.track("\"7\"", cancel);
  session.untrack(first);
  EXPECT_TRUE(session.busy());
  session.cancel("7");
  EXPECT_EQ(cancelled, 1) << "the first has ended, the other had the same id";
  session.untrack(second);
  session.cancel("7");
  EXPECT_EQ(cancelled, 1);
  session.close();
  EXPECT_EQ(cancelled, 2);
  EXPECT_EQ(session.track("8", cancel), 0U) << "it has ended";
  Session full("id", start);
  std::uint64_t last = 1;
  int taken = 0;
  for (; taken < 5'000 && last != 0; ++taken) last = full.track(std::to_string(taken), [] {});
  EXPECT_EQ(taken, 1'001);
  EXPECT_FALSE(full.subscribed("a", start, 0));
  taken = 0;
  for (; taken < 5'000 && full.subscribe("test://" + std::to_string(taken), 0); ++taken) continue;
  EXPECT_EQ(taken, 1'000);
  EXPECT_TRUE(full.subscribe("test://5", 0)) << "what is there already is no more";
}

TEST(Session, BelongsToItsFirstPrincipal) {
  Session session("id", start);
  EXPECT_TRUE(session.bind("ada"));
  EXPECT_TRUE(session.bind("ada"));
  EXPECT_FALSE(session.bind("eve"));
}

TEST(Session, QuestionsAreAnsweredOnceAndEndWithIt) {
  Session session("id", start);
  std::vector<std::string> sent;
  std::vector<std::string> answers;
  const auto send = [&](std::string text) { sent.push_back(std::move(text)); };
  const auto answered = [&](std::optional<std::string> text) { answers.push_back(text.value_or("none")); };
  const std::string first = session.ask("roots/list", "{}", send, answered);
  const std::string second = session.ask("roots/list", "{}", send, answered);
  EXPECT_EQ(sent.at(0), "{\"jsonrpc\":\"2.0\",\"id\":" + first + R"(,"method":"roots/list","params":{}})");
  EXPECT_EQ(first.size(), 24U) << "128 bits: nobody answers a question that was put to another";
  EXPECT_NE(first, second);
  for (const char* const guess : {"1", "\"1\"", "\"\"", ""}) EXPECT_FALSE(session.answer(guess, "{}")) << guess;
  EXPECT_TRUE(session.answer(first, "{}"));
  EXPECT_FALSE(session.answer(first, "{}"));
  EXPECT_FALSE(session.answer(second.substr(1, second.size() - 2), "{}")) << "another id, though it reads alike";
  session.close();
  EXPECT_EQ(answers, (std::vector<std::string>{"{}", "none"}));
}

TEST(Session, WhatIsAskedAfterTheEndOfQuestionsStaysWithoutAnAnswer) {
  Session session("id", start);
  int sent = 0;
  int without = 0;
  const auto send = [&](const std::string&) { ++sent; };
  const auto answered = [&](const std::optional<std::string>& text) { without += text ? 0 : 1; };
  session.ask("roots/list", "{}", send, answered);
  session.end_questions();
  EXPECT_EQ(without, 1);
  EXPECT_EQ(session.ask("roots/list", "{}", send, answered), "");
  EXPECT_EQ(without, 2);
  EXPECT_EQ(sent, 1);
  EXPECT_FALSE(session.closed()) << "requests in flight go on";
}

TEST(Rounds, StateExpiresAndBelongsToItsBinding) {
  Rounds rounds(start);
  Rounds::Binding binding;
  binding.principal_key = "ada";
  binding.method = "tools/call";
  binding.name = "buy";
  binding.arguments_digest = "d";
  binding.audience = "here";
  const std::string state = rounds.save(binding, start + 1min);
  EXPECT_TRUE(Rounds::restore(state, binding, start + 1min, {}));
  EXPECT_FALSE(Rounds::restore(state, binding, start + 61s, {}));
  for (auto member : {&Rounds::Binding::principal_key, &Rounds::Binding::method, &Rounds::Binding::name,
                      &Rounds::Binding::arguments_digest, &Rounds::Binding::audience}) {
    Rounds::Binding other = binding;
    other.*member = "other";
    EXPECT_FALSE(Rounds::restore(state, other, start, {}));
  }
  for (const char* junk : {"", "{}", "[]", "null", R"({"v":1})", R"({"v":"1"})"})
    EXPECT_FALSE(Rounds::restore(junk, binding, start, {})) << junk;
}

TEST(Rounds, TimeAndRandomAreTheSameInEachRound) {
  Rounds rounds(start);
  const auto first = rounds.next_random();
  const auto second = rounds.next_random();
  EXPECT_NE(first, second);
  Rounds later = *Rounds::restore(rounds.save({}, start + 1h), {}, start + 5min, {});
  EXPECT_EQ(later.now(), start);
  EXPECT_EQ(later.id(), rounds.id());
  EXPECT_EQ(later.next_random(), first);
  EXPECT_EQ(later.next_random(), second);
}

TEST(Rounds, AChangedQuestionIsAskedAgain) {
  const auto fits = [](std::string_view, const json::value&) { return true; };
  Rounds rounds(start);
  rounds.record(Question{"k", "elicitation/create", "old"}, "{}");
  EXPECT_TRUE(rounds.answer(Question{"k", "elicitation/create", "old"}, fits));
  rounds.start_again();
  EXPECT_FALSE(rounds.answer(Question{"k", "elicitation/create", "new"}, fits));
  EXPECT_EQ(rounds.pending().size(), 1U);
}

TEST(Rounds, AnswersThatDoNotFitAndThoseNobodyAskedForAreIgnored) {
  const auto never = [](std::string_view, const json::value&) { return false; };
  Rounds rounds(start);
  rounds.offer(json::parse(R"({"k":12345,"other":{}})").as_object());
  EXPECT_FALSE(rounds.answer(Question{"k", "roots/list", "{}"}, never));
}

TEST(UriTemplate, MatchesAndDecodes) {
  const auto parsed = UriTemplate::parse("test://template/{id}/data");
  ASSERT_TRUE(parsed);
  const auto found = parsed->match("test://template/a%20b/data");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->at(0), (std::pair<std::string, std::string>("id", "a b")));
  for (const char* uri : {"test://template//data", "test://template/a/b/data", "test://template/a/data/",
                          "test://template/a", "test://template/%/data", "test://template/%00/data", ""})
    EXPECT_FALSE(parsed->match(uri)) << uri;
  const auto any = UriTemplate::parse("file:///{+path}");
  ASSERT_TRUE(any);
  EXPECT_EQ(any->match("file:///a/b.txt")->at(0).second, "a/b.txt");
}

TEST(UriTemplate, RefusesWhatItDoesNotKnow) {
  for (const char* text : {"plain://x", "a://{", "a://}", "a://{}", "a://{a,b}", "a://{?q}", "a://{a}{b}"})
    EXPECT_FALSE(UriTemplate::parse(text)) << text;
}

}  // namespace
}  // namespace leanmcp
