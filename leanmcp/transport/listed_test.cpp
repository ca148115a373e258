// What is declared beside an entry, as each revision lists it.

#include "sample_test.hpp"

#include <leanmcp/transport/in_memory.hpp>

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace leanmcp {
namespace {

constexpr const char* icon_json = R"([{"src":"https://a.example/i.png","mimeType":"image/png","sizes":["48x48"]},)"
                                  R"({"src":"data:image/png;base64,AA=="}])";

class Listed : public testing::TestWithParam<Version> {
 protected:
  void SetUp() override {
    const auto icons = [](EntryDraft& draft) {
      icon("https://a.example/i.png", "image/png", "48x48").apply(draft);
      icon("data:image/png;base64,AA==").apply(draft);
    };
    server.tool("t", &hello, title("T"), read_only(), destructive(false), idempotent(), open_world(false),
                Decorator(icons), meta("a.example/x", R"({"y":[1]})"), meta("z", "null"));
    server.prompt(
        "p", [] { return PromptResult("x"); }, Decorator(icons), meta("z", "1"));
    server.resource(
        "a://b", "r", [] { return std::string("x"); }, audience({"user", "assistant"}, 0.5), Decorator(icons),
        meta("z", "1"), mime_type("text/x"));
    server.resource_template(
        "a://{name}", "rt", [](const Name& name) { return name.name; }, audience({"assistant"}, 1), Decorator(icons),
        meta("z", "1"));
    const auto built = server.build();
    ASSERT_TRUE(built) << built.error().message();
  }

  /// The first item of a list.
  json::object first(const char* method, const char* member) {
    MemoryClient client = connect_in_memory(server, GetParam());
    const auto reply = client.request(method, "{}");
    return json::parse(reply.result).at(member).at(0).as_object();
  }
  void expect_common(const json::object& item) const {
    EXPECT_EQ(item.contains("icons"), GetParam() >= Version::v2025_11_25);
    if (const json::value* const icons = item.if_contains("icons")) {
      EXPECT_EQ(*icons, json::parse(icon_json));
    }
    EXPECT_EQ(item.contains("_meta"), GetParam() >= Version::v2025_06_18);
  }

  Server server{"listed", "1", ServerOptions().title("Listed").website("https://a.example/").icons(icon_json)};
};
INSTANTIATE_TEST_SUITE_P(All, Listed,
                         testing::Values(Version::v2025_03_26, Version::v2025_06_18, Version::v2025_11_25,
                                         Version::v2026_07_28),
                         [](const auto& info) {
                           std::string name(to_string(info.param));
                           for (char& c : name)
                             if (c == '-') c = '_';
                           return "v" + name;
                         });

TEST_P(Listed, ATool) {
  const json::object tool = first("tools/list", "tools");
  expect_common(tool);
  EXPECT_EQ(
      tool.at("annotations"),
      json::parse(R"({"readOnlyHint":true,"destructiveHint":false,"idempotentHint":true,"openWorldHint":false})"));
  EXPECT_EQ(tool.contains("title"), GetParam() >= Version::v2025_06_18);
  if (tool.contains("_meta")) {
    EXPECT_EQ(tool.at("_meta"), json::parse(R"({"a.example/x":{"y":[1]},"z":null})"));
  }
}

TEST_P(Listed, APromptAndResources) {
  expect_common(first("prompts/list", "prompts"));
  const json::object resource = first("resources/list", "resources");
  expect_common(resource);
  EXPECT_EQ(resource.at("annotations"), json::parse(R"({"audience":["user","assistant"],"priority":0.5})"));
  EXPECT_EQ(resource.at("mimeType"), "text/x");
  const json::object of_template = first("resources/templates/list", "resourceTemplates");
  expect_common(of_template);
  EXPECT_EQ(of_template.at("annotations"), json::parse(R"({"audience":["assistant"],"priority":1})"));
}

TEST_P(Listed, TheServerItself) {
  if (!is_modern(GetParam())) GTEST_SKIP() << "initialize has gone before";
  MemoryClient client = connect_in_memory(server, GetParam());
  const json::value about = json::parse(client.request("server/discover", "{}").result);
  const json::value& info = about.at("_meta").at("io.modelcontextprotocol/serverInfo");
  EXPECT_EQ(info.at("title"), "Listed");
  EXPECT_EQ(info.at("websiteUrl"), "https://a.example/");
  EXPECT_EQ(info.at("icons"), json::parse(icon_json));
}

}  // namespace
}  // namespace leanmcp
