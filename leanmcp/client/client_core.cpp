#include <leanmcp/client/client_core.hpp>

#include <leanmcp/client/output_schema.hpp>
#include <leanmcp/json/parse.hpp>
#include <leanmcp/protocol/codes.hpp>

#include <set>

namespace leanmcp::inline v0::detail {

namespace {

/// Which cached results a notification makes stale (2026-07-28, Caching, Interaction with Notifications).
void drop_stale(ResultCache& cache, const ClientNotification& note) {
  if (note.method == "notifications/tools/list_changed") cache.drop("tools/list");
  if (note.method == "notifications/prompts/list_changed") cache.drop("prompts/list");
  if (note.method == "notifications/resources/list_changed") {
    cache.drop("resources/list");
    cache.drop("resources/templates/list");
  }
  if (note.method == "notifications/resources/updated")
    cache.drop("resources/read", text_or_empty(*note.params, "uri"));
}

}  // namespace

ClientResult<json::object> parse_object(std::string_view text, const char* what) {
  auto parsed = parse_json(text, ParseLimits());
  if (!parsed || !parsed->is_object())
    return ClientError(ClientCause::invalid_request, std::string(what) + " must be the text of a JSON object");
  return std::move(parsed->get_object());
}

ClientCore::ClientCore(Executor& executor, ClientOptions options, std::string address, TransportMaker make,
                       TransportMaker fallback)
    : session_(std::make_shared<ClientSession>(executor, std::move(options), std::move(address), std::move(make),
                                               std::move(fallback))),
      cache_(session_->options().limits_.cached_results, session_->options().limits_.cached_bytes) {}

ClientCore::~ClientCore() {
  session_->observe({});
  session_->on_other_credentials({});
  session_->close();
}

Task<ClientResult<void>> ClientCore::open() {
  const std::weak_ptr<ClientCore> weak = weak_from_this();
  session_->observe([weak](const ClientNotification& note) {
    if (const auto self = weak.lock()) self->notified(note);
  });
  session_->on_other_credentials([weak] {
    if (const auto self = weak.lock()) self->cache_.drop_private();
  });
  auto opening = session_->open();
  auto opened = co_await std::move(opening);
  co_return std::move(opened);
}

void ClientCore::notified(const ClientNotification& note) {
  drop_stale(cache_, note);
  if (note.method == "notifications/tools/list_changed") tools_known_ = false;
  const auto observers = observers_;
  for (const auto& [number, observer] : observers) observer(note);
}

std::uint64_t ClientCore::add_observer(Observer observer) {
  observers_.emplace(++last_observer_, std::move(observer));
  return last_observer_;
}

RequestSettings ClientCore::settings(const CallOptions& options) const {
  RequestSettings out;
  out.quiet = options.timeout_;
  out.longest = options.longest_;
  out.on_progress = options.on_progress_;
  out.stop = options.stop_;
  return out;
}

bool ClientCore::wants_manual(const CallOptions& options) const {
  return options.manual_rounds_.value_or(session_->options().manual_rounds_);
}

Task<RequestOutcome> ClientCore::rounds(std::string method, json::object params, CallOptions options,
                                        HttpFields headers) {
  const auto self = shared_from_this();
  RequestSettings how = settings(options);
  how.headers = std::move(headers);
  if (!options.meta_.empty()) {
    auto meta = parse_object(options.meta_, "meta");
    if (!meta) {
      RequestOutcome outcome = failed(std::move(meta).error());
      co_return std::move(outcome);
    }
    how.meta = std::move(*meta);
  }
  if (options.resume_) {
    for (const auto& [key, text] : options.answers_) {
      if (parse_json(text, ParseLimits())) continue;
      RequestOutcome outcome = failed(ClientError(ClientCause::invalid_request, "an answer is no JSON"));
      co_return std::move(outcome);
    }
    params = next_round(params, *options.resume_, options.answers_);
  }
  auto asking = session_->request_rounds(std::move(method), std::move(params), std::move(how), wants_manual(options));
  RequestOutcome outcome = co_await std::move(asking);
  co_return std::move(outcome);
}

Task<RequestOutcome> ClientCore::cached(std::string method, json::object params, std::string key, CallOptions options) {
  const auto self = shared_from_this();
  const bool plain = !options.no_cache_ && options.meta_.empty() && !options.resume_;
  if (plain) {
    if (const auto found = cache_.find(method, key, session_->now())) {
      RequestOutcome hit;
      hit.result = JsonObject(found, &found->get_object());
      co_return std::move(hit);
    }
  }
  auto asking = rounds(method, std::move(params), options, HttpFields());
  RequestOutcome outcome = co_await std::move(asking);
  if (outcome.result && session_->is_modern() && !options.resume_ && options.meta_.empty()) {
    const json::value* const type = outcome.result->if_contains("resultType");
    const bool complete = !type || *type == "complete";
    // What came about by answers to questions depends on those (2026-07-28, Caching, Cache Key).
    if (complete && !outcome.after_rounds) cache_.store(method, key, outcome.value, outcome.bytes, session_->now());
  }
  co_return std::move(outcome);
}

Task<ClientResult<std::vector<JsonObject>>> ClientCore::pages(std::string method, std::string member,
                                                              CallOptions options, bool& stale_cursor) {
  const ClientLimits limits = session_->options().limits_;
  std::vector<JsonObject> out;
  std::set<std::string> seen;
  std::optional<std::string> cursor;
  for (std::size_t page = 0;; ++page) {
    if (page >= limits.pages)
      co_return ClientResult<std::vector<JsonObject>>(ClientError(ClientCause::too_large, "too many pages"));
    json::object params;
    if (cursor) params["cursor"] = *cursor;
    auto asking = cached(method, std::move(params), cursor ? "=" + *cursor : std::string(), options);
    const RequestOutcome outcome = co_await std::move(asking);
    if (outcome.error) {
      stale_cursor = cursor && outcome.error->code() == code::invalid_params;
      co_return ClientResult<std::vector<JsonObject>>(*outcome.error);
    }
    const json::value* const list = outcome.result->if_contains(member);
    if (!list || !list->is_array()) co_return ClientResult<std::vector<JsonObject>>(odd("a list without " + member));
    if (out.size() + list->get_array().size() > limits.items)
      co_return ClientResult<std::vector<JsonObject>>(ClientError(ClientCause::too_large, "the list is too long"));
    for (const json::value& item : list->get_array())
      if (item.is_object()) out.emplace_back(outcome.result, &item.get_object());
    const json::value* const next = outcome.result->if_contains("nextCursor");
    if (!next || next->is_null()) break;
    if (!next->is_string()) co_return ClientResult<std::vector<JsonObject>>(odd("nextCursor is no text"));
    cursor = std::string(next->get_string());
    if (!seen.insert(*cursor).second)
      co_return ClientResult<std::vector<JsonObject>>(odd("the pages of the list go round in circles"));
  }
  ClientResult<std::vector<JsonObject>> result(std::move(out));
  co_return std::move(result);
}

Task<ClientResult<std::vector<JsonObject>>> ClientCore::entries(std::string method, std::string member,
                                                                CallOptions options) {
  const auto self = shared_from_this();
  bool stale_cursor = false;
  auto listing = pages(method, member, options, stale_cursor);
  auto found = co_await std::move(listing);
  if (!found && stale_cursor) {
    // A cursor of an older list: all over again (2026-07-28, Caching, Interaction with Pagination).
    cache_.drop(method);
    auto again = pages(method, member, options, stale_cursor);
    found = co_await std::move(again);
  }
  co_return std::move(found);
}

Task<ClientResult<std::vector<ToolInfo>>> ClientCore::tools(CallOptions options) {
  const auto self = shared_from_this();
  auto listing = entries("tools/list", "tools", std::move(options));
  auto found = co_await std::move(listing);
  if (!found) co_return ClientResult<std::vector<ToolInfo>>(std::move(found).error());
  std::vector<ToolInfo> out;
  std::map<std::string, HeaderPlan> plans;
  for (JsonObject& entry : *found) {
    auto tool = read_tool(std::move(entry));
    if (!tool) {
      session_->options().logger_.warning("a tool without name or input schema is left out");
      continue;
    }
    if (session_->is_modern() && session_->has_headers()) {
      auto plan = HeaderPlan::of(*tool->input_schema);
      if (!plan) {
        session_->options().logger_.warning("a tool is left out",
                                            {{"tool", tool->name}, {"reason", plan.error().message()}});
        continue;
      }
      plans[tool->name] = std::move(*plan);
    }
    out.push_back(std::move(*tool));
  }
  keep_tools(out, std::move(plans));
  ClientResult<std::vector<ToolInfo>> result(std::move(out));
  co_return std::move(result);
}

void ClientCore::keep_tools(const std::vector<ToolInfo>& tools, std::map<std::string, HeaderPlan> plans) {
  tools_.clear();
  for (const ToolInfo& tool : tools) {
    KnownTool known;
    known.info = tool;
    known.headers = std::move(plans[tool.name]);
    tools_.insert_or_assign(tool.name, std::move(known));
  }
  tools_known_ = true;
}

Task<void> ClientCore::learn_tools(bool for_output) {
  const bool for_headers = session_->is_modern() && session_->has_headers();
  if (tools_known_ || !session_->options().look_up_tools_ || !(for_headers || for_output)) co_return;
  tools_known_ = true;  // a server that cannot list its tools is asked once
  auto listing = tools(CallOptions());
  const auto listed = co_await std::move(listing);
  if (!listed) session_->options().logger_.debug("the tools could not be listed");
}

std::optional<ClientError> ClientCore::check_output(const std::string& name, const CallReply& reply) {
  const auto known = tools_.find(name);
  if (!session_->options().validate_output_ || reply.is_error || known == tools_.end()) return std::nullopt;
  if (!known->second.info.output_schema) return std::nullopt;
  const auto wrong = [](std::string why) { return ClientError(ClientCause::invalid_output, std::move(why)); };
  if (!reply.structured) return wrong("the tool advertises an output schema but gives no structured result");
  if (!known->second.output) known->second.output = compile_output_schema(*known->second.info.output_schema);
  const auto& validator = *known->second.output;
  if (!validator) return wrong("the tool's output schema cannot be used: " + validator.error().message);
  const auto faults = validator->validate(*reply.structured);
  if (faults.empty()) return std::nullopt;
  return wrong("the result does not fit the tool's output schema: " + faults.front().instance_path + ": " +
               faults.front().message);
}

Task<ClientResult<CallReply>> ClientCore::call(std::string name, json::object arguments, CallOptions options) {
  const auto self = shared_from_this();
  auto learning = learn_tools(false);
  co_await std::move(learning);
  RequestOutcome outcome;
  for (int attempt = 0;; ++attempt) {
    json::object params;
    params["name"] = name;
    params["arguments"] = arguments;
    const auto known = tools_.find(name);
    HttpFields headers = known == tools_.end() ? HttpFields() : known->second.headers.fields(arguments);
    auto calling = rounds("tools/call", std::move(params), options, std::move(headers));
    outcome = co_await std::move(calling);
    const bool mismatch = outcome.error && outcome.error->code() == code::header_mismatch && session_->has_headers();
    if (!mismatch || attempt > 0 || !session_->options().look_up_tools_) break;
    // The schema has changed since it was listed (2026-07-28, Streamable HTTP, Client Behavior).
    cache_.drop("tools/list");
    auto listing = tools(CallOptions());
    const auto listed = co_await std::move(listing);
    if (!listed) break;
  }
  if (outcome.error) co_return ClientResult<CallReply>(*outcome.error);
  if (session_->is_modern() && wants_manual(options)) {
    auto asked = read_result_type(outcome.result, true);
    if (!asked) co_return ClientResult<CallReply>(std::move(asked).error());
    if (asked->has_value()) {
      CallReply pending;
      pending.asked = std::move(*asked);
      pending.json = outcome.result;
      ClientResult<CallReply> result(std::move(pending));
      co_return std::move(result);
    }
  }
  auto reply = read_call_reply(outcome.result);
  if (!reply) co_return std::move(reply);
  if (auto wrong = check_output(name, *reply)) co_return ClientResult<CallReply>(std::move(*wrong));
  co_return std::move(reply);
}

}  // namespace leanmcp::inline v0::detail
