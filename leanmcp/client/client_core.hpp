#pragma once

#include <leanmcp/client/client.hpp>
#include <leanmcp/client/mcp_headers.hpp>
#include <leanmcp/client/result_cache.hpp>
#include <leanmcp/client/session.hpp>
#include <leanmcp/json/schema_validator.hpp>

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace leanmcp::inline v0::detail {

/// What is known of a tool, from the last list.
struct KnownTool {
  ToolInfo info;
  HeaderPlan headers;
  /// Compiled when first needed.
  std::optional<Result<SchemaValidator, SchemaError>> output;
};

/// The client proper: lists, caches and calls on top of a session. On the executor only.
class ClientCore : public std::enable_shared_from_this<ClientCore> {
 public:
  ClientCore(Executor& executor, ClientOptions options, std::string address, TransportMaker make,
             TransportMaker fallback);
  ~ClientCore();
  ClientCore(const ClientCore&) = delete;
  ClientCore& operator=(const ClientCore&) = delete;

  Task<ClientResult<void>> open();
  /// All entries of a list, over all its pages.
  Task<ClientResult<std::vector<JsonObject>>> entries(std::string method, std::string member, CallOptions options);
  Task<ClientResult<std::vector<ToolInfo>>> tools(CallOptions options);
  Task<ClientResult<CallReply>> call(std::string name, json::object arguments, CallOptions options);
  /// A result from the cache, or asked for and kept.
  Task<RequestOutcome> cached(std::string method, json::object params, std::string key, CallOptions options);
  Task<RequestOutcome> rounds(std::string method, json::object params, CallOptions options, HttpFields headers);
  /// Lists the tools where a call needs to know them.
  Task<void> learn_tools(bool for_output);
  /// Why the reply does not fit what the tool advertises; absent when it does.
  std::optional<ClientError> check_output(const std::string& name, const CallReply& reply);
  RequestSettings settings(const CallOptions& options) const;
  bool wants_manual(const CallOptions& options) const;
  ClientSession& session() noexcept { return *session_; }
  std::shared_ptr<ClientSession> session_ptr() const { return session_; }
  RunSet& runs() noexcept { return runs_; }

  using Observer = std::function<void(const ClientNotification&)>;
  std::uint64_t add_observer(Observer observer);
  void remove_observer(std::uint64_t number) { observers_.erase(number); }

 private:
  void notified(const ClientNotification& note);
  void keep_tools(const std::vector<ToolInfo>& tools, std::map<std::string, HeaderPlan> plans);
  Task<ClientResult<std::vector<JsonObject>>> pages(std::string method, std::string member, CallOptions options,
                                                    bool& stale_cursor);

  std::shared_ptr<ClientSession> session_;
  ResultCache cache_;
  std::map<std::string, KnownTool> tools_;
  bool tools_known_ = false;
  std::map<std::uint64_t, Observer> observers_;
  std::uint64_t last_observer_ = 0;
  RunSet runs_;
};

/// The parameters' text as an object; an error of cause `invalid_request` when it is none.
ClientResult<json::object> parse_object(std::string_view text, const char* what);

}  // namespace leanmcp::inline v0::detail
