#pragma once

#include <leanmcp/base/executor.hpp>
#include <leanmcp/client/client.hpp>

#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace leanmcp::inline v0 {

/// The client for programs without an executor: each function waits for its answer. It has a thread of its own, on
/// which the handlers are called. Thread-safe; a handler must not call back into it.
///
///     auto client = BlockingClient::connect("https://example.com/mcp");
///     if (!client) return fail(client.error().message());
///     auto receipt = client->call<Receipt>("upgrade", UpgradeInput{"yearly"});
class BlockingClient {
 public:
  static ClientResult<BlockingClient> connect(std::string url, ClientOptions options = ClientOptions());
  static ClientResult<BlockingClient> connect(StdioCommand command, ClientOptions options = ClientOptions());
  BlockingClient(BlockingClient&&) noexcept;
  BlockingClient& operator=(BlockingClient&&) noexcept;
  /// Ends the session in order and waits for that, a few seconds at most.
  ~BlockingClient();

  /// Of the connection's beginning.
  const ServerDescription& server() const { return *description_; }

  ClientResult<std::vector<ToolInfo>> list_tools() {
    return run<std::vector<ToolInfo>>([](Client& client) { return client.list_tools(); });
  }
  ClientResult<std::vector<PromptInfo>> list_prompts() {
    return run<std::vector<PromptInfo>>([](Client& client) { return client.list_prompts(); });
  }
  ClientResult<std::vector<ResourceInfo>> list_resources() {
    return run<std::vector<ResourceInfo>>([](Client& client) { return client.list_resources(); });
  }
  ClientResult<std::vector<TemplateInfo>> list_templates() {
    return run<std::vector<TemplateInfo>>([](Client& client) { return client.list_templates(); });
  }
  ClientResult<CallReply> call(std::string name, std::string arguments = "{}", CallOptions options = CallOptions()) {
    return run<CallReply>([&](Client& client) { return client.call(name, arguments, options); });
  }
  template <class Out, class In>
    requires(is_described_struct<In>)
  ClientResult<Out> call(const std::string& name, const In& input, const CallOptions& options = CallOptions()) {
    return run<Out>([&](Client& client) { return client.call<Out>(name, input, options); });
  }
  template <class Out>
  ClientResult<Out> call(const std::string& name) {
    return run<Out>([&](Client& client) { return client.call<Out>(name); });
  }
  ClientResult<ReadReply> read(std::string uri) {
    return run<ReadReply>([&](Client& client) { return client.read(uri); });
  }
  ClientResult<PromptReply> get_prompt(std::string name, std::string arguments = "{}") {
    return run<PromptReply>([&](Client& client) { return client.get_prompt(name, arguments); });
  }
  ClientResult<CompleteReply> complete(std::string ref, std::string argument, std::string value,
                                       std::string context = "{}") {
    return run<CompleteReply>([&](Client& client) { return client.complete(ref, argument, value, context); });
  }
  ClientResult<void> ping() {
    return run<void>([](Client& client) { return client.ping(); });
  }
  ClientResult<std::string> request(std::string method, std::string params = "{}") {
    return run<std::string>([&](Client& client) { return client.request(method, params); });
  }

  /// Anything else: `work` gets the client on its thread and gives a task whose end is waited for.
  template <class T, class F>
  ClientResult<T> run(F work) {
    std::optional<ClientResult<T>> out;
    on_thread([&](Client& client, std::function<void()> done) {
      auto finish = [&out, done](RunOutcome<ClientResult<T>> outcome) {
        if (outcome.value) out.emplace(std::move(*outcome.value));
        done();
      };
      spawn(executor(), work(client), std::move(finish));
    });
    if (!out) return ClientError(ClientCause::closed, "the client is closed");
    return std::move(*out);
  }

 private:
  struct Thread;
  explicit BlockingClient(std::unique_ptr<Thread> thread);
  template <class Target>
  static ClientResult<BlockingClient> begin(Target target, ClientOptions options);
  Executor& executor();
  /// Calls `work` on the client's thread and waits until it calls what it was given.
  void on_thread(const std::function<void(Client&, std::function<void()>)>& work);

  std::unique_ptr<Thread> thread_;
  std::shared_ptr<const ServerDescription> description_;
};

}  // namespace leanmcp::inline v0
