#pragma once

#include <leanmcp/base/manual_executor.hpp>
#include <leanmcp/protocol/version.hpp>
#include <leanmcp/server/server.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace leanmcp::inline v0 {

/// A client without sockets, for tests of one's own server: `auto client = connect_in_memory(server);
/// client.as_user(test_user("ada", "ada@example.com")); client.call("greet", R"({"name":"Ada"})");`
///
/// Time for the server's timers stands still until `executor().advance(…)`. One thread.
class MemoryClient {
 public:
  /// What a request came to. Exactly one of `result` and `error` is JSON text, the other is empty; both are empty when
  /// the server has not answered (yet).
  struct Reply {
    std::string result;
    std::string error;
    int http_status = 200;
    std::vector<std::pair<std::string, std::string>> headers;
    bool ok() const noexcept { return !result.empty(); }
  };
  /// Answers a question of the server: its method and params in, the result's JSON text out. An empty text stands for
  /// "no answer".
  using Answerer = std::function<std::string(std::string_view method, std::string_view params)>;

  MemoryClient(Server& server, Version version);
  ~MemoryClient();
  MemoryClient(MemoryClient&&) noexcept;

  /// All further requests come from this user; no token is verified.
  MemoryClient& as_user(AuthUser user);
  /// The same of somebody of whom the token alone is known: an `AuthUser` has no more than the ids.
  MemoryClient& as_user(Principal principal);
  MemoryClient& as_nobody();
  /// JSON text of ClientCapabilities; by default all of elicitation, sampling and roots.
  MemoryClient& capabilities(std::string json_object);
  MemoryClient& on_question(Answerer answerer);

  /// Sends a request and runs until it is answered. Rounds of the modern era are played through, at most ten.
  Reply request(std::string_view method, std::string_view params);
  /// One round only: `input_required` comes back as it is.
  Reply request_once(std::string_view method, std::string_view params);
  /// `tools/call`; `arguments` is a JSON object as text.
  Reply call(std::string_view tool, std::string_view arguments = "{}");
  /// The texts of a tool's content, joined; or the error's message.
  std::string call_text(std::string_view tool, std::string_view arguments = "{}");

  /// Starts a request without waiting for its answer; `cancel` goes with it.
  void start(std::string_view method, std::string_view params);
  void cancel();

  /// Notifications received so far, as JSON text.
  const std::vector<std::string>& notifications() const;
  ManualExecutor& executor();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Builds the server and connects. Throws std::invalid_argument with the reason when it cannot be built: in a test, the
/// shortest way to see it.
MemoryClient connect_in_memory(Server& server, Version version = newest_version);

}  // namespace leanmcp::inline v0
