// A resource that becomes protected while somebody listens to it.

#include "sample_test.hpp"

#include <leanmcp/transport/in_memory.hpp>

#include <gtest/gtest.h>

namespace leanmcp {
namespace {

/// Nobody comes in.
class DoorHook final : public Hook {
 public:
  Stage stage() const override { return Stage::authenticate; }
  Verdict before(Call&) override {
    Denial denial;
    denial.rpc_code = 401;
    denial.http_status = 401;
    denial.word = "MISSING_TOKEN";
    return Verdict::deny(std::move(denial));
  }
};
Decorator door() {
  return Decorator([](EntryDraft& draft) { draft.entry.hooks.push_back(std::make_shared<DoorHook>()); });
}

class ProtectedLater : public testing::TestWithParam<Version> {
 protected:
  void add(const char* uri, std::vector<Decorator> decorators) {
    const Decorator all([decorators](EntryDraft& draft) {
      for (const Decorator& decorator : decorators) decorator.apply(draft);
    });
    server.resource(
        uri, "r", [] { return std::string("text"); }, all);
  }
  void build() {
    const auto built = server.build();
    ASSERT_TRUE(built) << built.error().message();
    if (client) client->executor().run();
  }
  void listen(const std::string& uri) {
    client.emplace(connect_in_memory(server, GetParam()));
    if (is_modern(GetParam())) {
      client->start("subscriptions/listen", R"({"notifications":{"resourceSubscriptions":[")" + uri + "\"]}}");
    } else {
      client->request("resources/subscribe", "{\"uri\":\"" + uri + "\"}");
    }
    client->executor().run();
  }
  std::size_t updates(const char* uri) {
    server.resource_updated(uri);
    client->executor().run();
    std::size_t count = 0;
    for (const auto& note : client->notifications())
      if (note.find("resources/updated") != std::string::npos) ++count;
    return count;
  }
  Server server{"later", "1"};
  std::optional<MemoryClient> client;
};
INSTANTIATE_TEST_SUITE_P(All, ProtectedLater, testing::Values(Version::v2025_11_25, Version::v2026_07_28),
                         [](const auto& info) { return is_modern(info.param) ? "modern" : "legacy"; });

TEST_P(ProtectedLater, WhoListenedWithoutATokenHearsNoMore) {
  add("vault://open", {});
  add("vault://gold", {});
  build();
  listen("vault://gold");
  EXPECT_EQ(updates("vault://gold"), 1u);
  server.remove(EntryKind::resource, "vault://gold");
  add("vault://gold", {door()});
  build();
  EXPECT_EQ(updates("vault://gold"), 1u);
}

TEST_P(ProtectedLater, WhoListenedBeforeItWasThereHearsNothing) {
  if (!is_modern(GetParam())) GTEST_SKIP() << "resources/subscribe is for what is there";
  add("vault://open", {});
  build();
  listen("vault://gold");
  add("vault://gold", {door()});
  build();
  EXPECT_EQ(updates("vault://gold"), 0u);
}

TEST_P(ProtectedLater, WhatStaysAsItWasIsHeardOn) {
  add("vault://open", {});
  build();
  listen("vault://open");
  add("vault://gold", {door()});
  build();
  EXPECT_EQ(updates("vault://open"), 1u);
}

}  // namespace
}  // namespace leanmcp
