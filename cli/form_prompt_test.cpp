#include "form_prompt.hpp"

#include <boost/json.hpp>

#include <gtest/gtest.h>

#include <sstream>

namespace {

struct Session {
  explicit Session(const std::string& typed, bool interactive = true)
      : in(typed), terminal(in, out, interactive, false) {}
  PersonsAnswer form(std::string_view schema) {
    return prompt_form(terminal, "shop", "Please choose", boost::json::parse(schema).as_object());
  }
  PersonsAnswer url(std::string_view url, const std::function<bool(const std::string&)>& open) {
    return prompt_url(terminal, "shop", "Pay", url, open);
  }
  std::istringstream in;
  std::ostringstream out;
  Terminal terminal;
};

constexpr std::string_view whole = R"({"type":"object","required":["plan","seats","agree"],"properties":{
  "plan":{"type":"string","title":"Plan","oneOf":[{"const":"monthly","title":"Monthly - $9.99"},{"const":"yearly","title":"Yearly"}]},
  "seats":{"type":"integer","minimum":1,"maximum":9,"default":2},
  "note":{"type":"string","maxLength":5},
  "extras":{"type":"array","items":{"type":"string","enum":["a","b","c"]},"maxItems":2},
  "agree":{"type":"boolean"}}})";

TEST(FormPrompt, EachKindOfFieldIsReadAndSentAfterAYes) {
  Session session("2\n3\nhi\n1, c\nyes\n\n");
  const PersonsAnswer answer = session.form(whole);
  EXPECT_EQ(answer.action, "accept");
  EXPECT_EQ(answer.content, R"({"plan":"yearly","seats":3,"note":"hi","extras":["a","c"],"agree":true})");
}

TEST(FormPrompt, DefaultsAndFieldsLeftEmpty) {
  Session session("monthly\n\n\n\nn\ny\n");
  EXPECT_EQ(session.form(whole).content, R"({"plan":"monthly","seats":2,"agree":false})");
}

TEST(FormPrompt, WhatDoesNotFitIsAskedAgainWithTheReason) {
  Session session("\nweekly\n1\nmany\n2.5\n12\n9\ntoo long\nshort\na,b,c\nd\na\nmaybe\nyes\n\n");
  const PersonsAnswer answer = session.form(whole);
  EXPECT_EQ(answer.content, R"({"plan":"monthly","seats":9,"note":"short","extras":["a"],"agree":true})");
  const std::string said = session.out.str();
  EXPECT_NE(said.find("This is needed."), std::string::npos) << said;
  EXPECT_NE(said.find("at most 9"), std::string::npos) << said;
}

TEST(FormPrompt, DeclineCancelAndTheInputsEnd) {
  const std::string filled = "1\n1\n\n\nyes\n";
  EXPECT_EQ(Session(filled + "no\n").form(whole).action, "decline");
  EXPECT_EQ(Session(filled + "cancel\n").form(whole).action, "cancel");
  EXPECT_EQ(Session(filled).form(whole).action, "cancel");
  EXPECT_EQ(Session("1\n").form(whole).action, "cancel");
  EXPECT_EQ(Session(filled + "\n", false).form(whole).action, "cancel");
}

TEST(FormPrompt, TheServersTextCannotMoveTheCursor) {
  Session session("x\n\n");
  session.form(R"({"properties":{"a\u001b[2J":{"type":"string","title":"t\u202e\u0007","description":"d\r\n"}}})");
  const std::string said = session.out.str();
  EXPECT_EQ(said.find('\x1b'), std::string::npos);
  EXPECT_EQ(said.find('\a'), std::string::npos);
  EXPECT_EQ(said.find("\u202e"), std::string::npos);
  EXPECT_NE(said.find("t\\xe2\\x80\\xae\\x07"), std::string::npos) << said;
}

TEST(UrlPrompt, OpensOnlyAfterConsentAndOnlyTheWeb) {
  std::vector<std::string> opened;
  const auto open = [&](const std::string& url) { return opened.push_back(url), true; };
  Session yes("y\n");
  EXPECT_EQ(yes.url("https://pay.example.com/x?y=1", open).action, "accept");
  EXPECT_NE(yes.out.str().find("https://pay.example.com/x?y=1"), std::string::npos);
  EXPECT_EQ(Session("\n").url("https://pay.example.com/", open).action, "decline");
  EXPECT_EQ(Session("").url("https://pay.example.com/", open).action, "cancel");
  EXPECT_EQ(Session("y\n", false).url("https://pay.example.com/", open).action, "cancel");
  for (const char* const url : {"javascript:alert(1)", "file:///etc/passwd", "https:///x", "ssh://host/", "x",
                                "https://a b/", "https://10.0.0.1.evil.example/"})
    EXPECT_EQ(Session("y\n").url(url, open).action, "decline") << url;
  EXPECT_EQ(opened, std::vector<std::string>{"https://pay.example.com/x?y=1"});
}

TEST(UrlPrompt, HighlightsTheHostItReallyLeadsTo) {
  std::istringstream in("n\n");
  std::ostringstream out;
  Terminal terminal(in, out, true, true);
  prompt_url(terminal, "shop", "Pay", "https://evil.example@evil.example:8443/evil.example",
             [](const auto&) { return true; });
  EXPECT_NE(out.str().find("https://evil.example@\x1b[1mevil.example:8443\x1b[0m/evil.example"), std::string::npos)
      << out.str();
}

TEST(UrlPrompt, SaysWhenTheHostIsHiddenOrNoBrowserStarts) {
  Session session("y\n");
  session.url("https://pay.example.com@evil.example/", [](const std::string&) { return false; });
  EXPECT_NE(session.out.str().find("hides its host"), std::string::npos);
  EXPECT_NE(session.out.str().find("open the address yourself"), std::string::npos);
}

}  // namespace
