// What a client makes of a server that does not take, or cannot check, who asks.

#include <leanmcp/client/scripted_mcp_test.hpp>

#include <boost/describe.hpp>
#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace leanmcp {

namespace error_test {

struct Profile {
  std::string name;
};
BOOST_DESCRIBE_STRUCT(Profile, (), (name))

/// Gives the same token always, and keeps what it is asked for.
class Recorder final : public Authorizer {
 public:
  std::vector<AuthChallenge> challenges;
  Task<Result<AccessCredentials>> credentials(AuthRequest) override {
    co_return Result<AccessCredentials>(AccessCredentials(Secret("token")));
  }
  Task<Result<bool>> challenged(AuthChallenge challenge) override {
    challenges.push_back(std::move(challenge));
    co_return Result<bool>(true);
  }
};

}  // namespace error_test

namespace {

using detail::legacy_client;
using detail::ScriptedMcp;
using error_test::Profile;
using error_test::Recorder;

struct Refusal {
  const char* word;
  int rpc_code;
  int http_status;
};
constexpr Refusal refusals[] = {{"MISSING_TOKEN", 401, 401},
                                {"INVALID_TOKEN", 401, 401},
                                {"VERIFICATION_FAILED", 503, 503},
                                {"INSUFFICIENT_SCOPE", 403, 403}};

std::string detail_of(const Refusal& refusal) {
  return std::string(R"({"code":")") + refusal.word + R"(","message":"No.","scopes":["read","write","a\"b",7]})";
}

std::string soft_result(const Refusal& refusal) {
  return R"({"content":[{"type":"text","text":"No."}],"isError":true,"_meta":{"com.leanmcp/error":)" +
         detail_of(refusal) + "}}";
}

void respond_error(HttpExchange exchange, const std::string& id, const Refusal& refusal, int http_status) {
  exchange.respond(http_status, "application/json",
                   R"({"jsonrpc":"2.0","id":)" + id + R"(,"error":{"code":)" + std::to_string(refusal.rpc_code) +
                       R"(,"message":"No.","data":)" + detail_of(refusal) + "}}");
}

template <class F>
std::string thrown(F request) {
  try {
    or_throw(request());
  } catch (const AuthenticationError& error) {
    return error.code();
  } catch (const ClientException& error) {
    return std::string("ClientException: ") + error.what();
  }
  return "nothing";
}

TEST(AuthenticationErrors, EveryWordIsRaisedWhereverItComes) {
  for (const Refusal& refusal : refusals) {
    for (const bool with_status : {true, false}) {
      ScriptedMcp server;
      const auto refuse = [&refusal, with_status](HttpExchange exchange, const std::string& id) {
        respond_error(std::move(exchange), id, refusal, with_status ? refusal.http_status : 200);
      };
      server.on("tools/call", refuse);
      server.on("resources/read", refuse);
      auto client = BlockingClient::connect(server.start(), legacy_client());
      ASSERT_TRUE(client);
      EXPECT_EQ(thrown([&] { return client->call<Profile>("getProfile"); }), refusal.word) << with_status;
      EXPECT_EQ(thrown([&] { return client->read("profile://me"); }), refusal.word) << with_status;
    }
    ScriptedMcp server;
    server.on("tools/call", [&refusal](HttpExchange exchange, const std::string& id) {
      ScriptedMcp::respond(std::move(exchange), id, soft_result(refusal));
    });
    auto client = BlockingClient::connect(server.start(), legacy_client());
    ASSERT_TRUE(client);
    EXPECT_EQ(thrown([&] { return client->call<Profile>("getProfile"); }), refusal.word) << "in a tool's result";
  }
}

TEST(AuthenticationErrors, OtherFailuresAreNone) {
  ScriptedMcp server;
  server.on("tools/call", [](HttpExchange exchange, const std::string& id) {
    ScriptedMcp::respond(std::move(exchange), id,
                         R"({"content":[{"type":"text","text":"Sold out"}],"isError":true,
                             "_meta":{"com.leanmcp/error":{"code":"SOLD_OUT"}}})");
  });
  auto client = BlockingClient::connect(server.start(), legacy_client());
  ASSERT_TRUE(client);
  EXPECT_EQ(thrown([&] { return client->call<Profile>("buy"); }), "ClientException: Sold out");
}

// Where the token goes in `_meta`, no header asks for another one: what the answer says does.
TEST(AuthenticationErrors, TheAuthorizerIsAskedForWhatTheWordSays) {
  for (const Refusal& refusal : refusals) {
    for (const bool soft : {true, false}) {
      ScriptedMcp server;
      server.on("tools/call", [&](HttpExchange exchange, const std::string& id) {
        if (server.count("tools/call") > 1)
          return ScriptedMcp::respond(std::move(exchange), id, ScriptedMcp::text_result("done"));
        if (soft) return ScriptedMcp::respond(std::move(exchange), id, soft_result(refusal));
        respond_error(std::move(exchange), id, refusal, 200);
      });
      const auto recorder = std::make_shared<Recorder>();
      auto client = BlockingClient::connect(server.start(), legacy_client().authorizer(recorder).token_in_meta(true));
      ASSERT_TRUE(client);
      const auto reply = client->call("buy");
      if (refusal.http_status == 503) {
        EXPECT_TRUE(recorder->challenges.empty()) << "another token is not checked either";
        continue;
      }
      ASSERT_TRUE(reply) << refusal.word;
      EXPECT_EQ(reply->text(), "done") << refusal.word;
      ASSERT_EQ(recorder->challenges.size(), 1u) << refusal.word;
      EXPECT_EQ(recorder->challenges.front().status, refusal.http_status) << refusal.word;
      EXPECT_EQ(recorder->challenges.front().www_authenticate,
                refusal.http_status == 403 ? R"(Bearer error="insufficient_scope", scope="read write")" : "");
    }
  }
}

}  // namespace
}  // namespace leanmcp
