#pragma once

#include <leanmcp/base/task.hpp>
#include <leanmcp/client/listening.hpp>
#include <leanmcp/client/options.hpp>
#include <leanmcp/client/types.hpp>
#include <leanmcp/json/type_info.hpp>
#include <leanmcp/json/write.hpp>

#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace leanmcp::inline v0 {

namespace detail {

class ClientCore;

#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 13
/// g++ 12 destroys such a temporary twice when it stands in one expression with co_await.
template <class In>
inline constexpr bool safe_beside_await =
    std::is_lvalue_reference_v<In> || !std::is_aggregate_v<In> || std::is_trivially_destructible_v<In>;
#else
template <class In>
inline constexpr bool safe_beside_await = true;
#endif

}  // namespace detail

/// An MCP client: connects to a server over Streamable HTTP or stdio, speaks all dated revisions and finds out by
/// itself which the server speaks (2026-07-28, Versioning and Compatibility).
///
///     auto connecting = Client::connect("https://example.com/mcp", ClientOptions().name("my-app", "1.0"));
///     auto client = co_await std::move(connecting);
///     if (!client) co_return client.error();
///     auto reply = co_await client->call("greet", R"({"name":"Ada"})");
///
/// Copies are the same client; it closes when the last one goes. All functions are for the executor on which `connect`
/// was awaited, and the client must be gone before that executor is. Answers resume the caller on it. For programs
/// without an executor there is BlockingClient.
///
/// What the server sends is bounded by `ClientLimits`. Nothing it names is fetched: no `$ref`, no icon, no URL of a
/// question, no redirect to another host. Tokens go to the origin they were given for, and into no log and no error.
class Client {
 public:
  /// `url` is the MCP endpoint: https, or http to this machine. Fails when the server cannot be reached, wants
  /// credentials that nobody has, or speaks no revision in common.
  static Task<ClientResult<Client>> connect(std::string url, ClientOptions options = ClientOptions());
  /// Starts the program and speaks over its standard streams.
  static Task<ClientResult<Client>> connect(StdioCommand command, ClientOptions options = ClientOptions());

  const ServerDescription& server() const;
  Version version() const { return server().revision; }

  /// Whole lists, page by page; from the cache while the server says that they are fresh. Entries that are not of
  /// their type are left out with a warning, and so are tools whose `x-mcp-header` annotations are invalid.
  Task<ClientResult<std::vector<ToolInfo>>> list_tools(CallOptions options = CallOptions());
  Task<ClientResult<std::vector<PromptInfo>>> list_prompts(CallOptions options = CallOptions());
  Task<ClientResult<std::vector<ResourceInfo>>> list_resources(CallOptions options = CallOptions());
  Task<ClientResult<std::vector<TemplateInfo>>> list_templates(CallOptions options = CallOptions());

  /// `tools/call`; `arguments` is the text of a JSON object. Questions of the server go to the handlers. A failure of
  /// the tool itself is a reply with `is_error`.
  Task<ClientResult<CallReply>> call(std::string name, std::string arguments, CallOptions options = CallOptions());

  /// The same with described structs. A failure of the tool is an error of cause `tool_error`; members that `Out` does
  /// not know are ignored. `Out` may be std::string: the text of the reply.
  template <class Out, class In>
    requires(is_described_struct<std::remove_cvref_t<In>>)
  Task<ClientResult<Out>> call(std::string name, In&& input, CallOptions options = CallOptions()) {
    static_assert(detail::safe_beside_await<In>,
                  "g++ 12 miscompiles this temporary in an expression with co_await: give it a name first");
    return call_as<Out>(core_, std::move(name), json_text(type_info<std::remove_cvref_t<In>>(), &input),
                        std::move(options));
  }
  template <class Out>
  Task<ClientResult<Out>> call(std::string name) {
    return call_as<Out>(core_, std::move(name), "{}", CallOptions());
  }

  Task<ClientResult<ReadReply>> read(std::string uri, CallOptions options = CallOptions());
  /// `arguments` is the text of a JSON object of texts.
  Task<ClientResult<PromptReply>> get_prompt(std::string name, std::string arguments = "{}",
                                             CallOptions options = CallOptions());
  /// Completes an argument of a prompt, or of a resource template when `ref` has a colon or brace; `context` is the
  /// text of a JSON object of the arguments chosen already.
  Task<ClientResult<CompleteReply>> complete(std::string ref, std::string argument, std::string value,
                                             std::string context = "{}");
  /// Whether the server answers: `ping`, or `server/discover` in the modern era, which has no ping.
  Task<ClientResult<void>> ping();

  /// Hears of changes until the result is stopped or destroyed (2026-07-28, Subscriptions; `resources/subscribe`
  /// before). Comes back to the server by itself when the connection breaks, and when the server ends the subscription
  /// where there is an authorizer: perhaps only the token has run out.
  Task<ClientResult<Listening>> listen(ListenFilter filter, std::function<void(const ClientNotification&)> handler);

  /// Any request: its params and result as the texts of JSON objects. No rounds of questions, no cache.
  Task<ClientResult<std::string>> request(std::string method, std::string params = "{}",
                                          CallOptions options = CallOptions());
  /// Any notification, for the legacy era and extensions.
  ClientResult<void> notify(std::string method, std::string params = "{}");

  /// Ends the session in order: tells the server, or ends the program and waits for that.
  Task<void> close();

 private:
  explicit Client(std::shared_ptr<detail::ClientCore> core);
  static Task<ClientResult<Client>> start(std::shared_ptr<detail::ClientCore> core);
  static Task<ClientResult<Client>> begin(std::string url, ClientOptions options);
  static Task<ClientResult<Client>> begin(StdioCommand command, ClientOptions options);
  static Task<ClientResult<void>> call_typed(std::shared_ptr<detail::ClientCore> core, std::string name,
                                             std::string arguments, CallOptions options, const TypeInfo& type,
                                             void* out);
  static Task<ClientResult<CallReply>> call_plain(std::shared_ptr<detail::ClientCore> core, std::string name,
                                                  std::string arguments, CallOptions options);
  template <class Out>
  static Task<ClientResult<Out>> call_as(std::shared_ptr<detail::ClientCore> core, std::string name,
                                         std::string arguments, CallOptions options) {
    Out value{};
    auto calling = call_typed(std::move(core), std::move(name), std::move(arguments), std::move(options),
                              type_info<Out>(), &value);
    auto done = co_await std::move(calling);
    if (!done) co_return ClientResult<Out>(std::move(done).error());
    ClientResult<Out> result(std::move(value));
    co_return std::move(result);
  }

  std::shared_ptr<detail::ClientCore> core_;
};

}  // namespace leanmcp::inline v0
