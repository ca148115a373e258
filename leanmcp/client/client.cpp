#include <leanmcp/client/client.hpp>

#include <leanmcp/client/client_core.hpp>
#include <leanmcp/client/http_caller.hpp>
#include <leanmcp/client/http_transport.hpp>
#include <leanmcp/client/output_schema.hpp>
#include <leanmcp/client/sse_transport.hpp>
#include <leanmcp/client/stdio_transport.hpp>
#include <leanmcp/json/bind.hpp>
#include <leanmcp/json/parse.hpp>
#include <leanmcp/json/write.hpp>

namespace leanmcp::inline v0 {

using detail::ClientCore;
using detail::RequestOutcome;
using CorePtr = std::shared_ptr<ClientCore>;

namespace {

template <class T>
using Reader = std::optional<T> (*)(JsonObject);

template <class T>
Task<ClientResult<std::vector<T>>> list(CorePtr core, std::string method, std::string member, Reader<T> read,
                                        CallOptions options) {
  auto listing = core->entries(std::move(method), std::move(member), std::move(options));
  auto found = co_await std::move(listing);
  if (!found) co_return ClientResult<std::vector<T>>(std::move(found).error());
  std::vector<T> out;
  for (JsonObject& entry : *found)
    if (auto made = read(std::move(entry))) out.push_back(std::move(*made));
  ClientResult<std::vector<T>> result(std::move(out));
  co_return std::move(result);
}

/// A reply that stands for a call which is not done, in manual rounds.
template <class Reply>
ClientResult<Reply> finish(CorePtr core, const CallOptions& options, const RequestOutcome& outcome,
                           ClientResult<Reply> (*read)(JsonObject)) {
  if (outcome.error) return *outcome.error;
  if (core->session().is_modern() && core->wants_manual(options)) {
    auto asked = detail::read_result_type(outcome.result, true);
    if (!asked) return std::move(asked).error();
    if (asked->has_value()) {
      Reply pending;
      pending.asked = std::move(*asked);
      pending.json = outcome.result;
      return pending;
    }
  }
  return read(outcome.result);
}

Task<ClientResult<ReadReply>> read_resource(CorePtr core, std::string uri, CallOptions options) {
  json::object params;
  params["uri"] = uri;
  auto asking = core->cached("resources/read", std::move(params), uri, options);
  const RequestOutcome outcome = co_await std::move(asking);
  ClientResult<ReadReply> reply = finish<ReadReply>(core, options, outcome, &detail::read_read_reply);
  co_return std::move(reply);
}

Task<ClientResult<PromptReply>> read_prompt(CorePtr core, std::string name, std::string arguments,
                                            CallOptions options) {
  auto parsed = detail::parse_object(arguments, "the arguments");
  if (!parsed) co_return ClientResult<PromptReply>(std::move(parsed).error());
  json::object params;
  params["name"] = name;
  if (!parsed->empty()) params["arguments"] = std::move(*parsed);
  auto asking = core->rounds("prompts/get", std::move(params), options, HttpFields());
  const RequestOutcome outcome = co_await std::move(asking);
  ClientResult<PromptReply> reply = finish<PromptReply>(core, options, outcome, &detail::read_prompt_reply);
  co_return std::move(reply);
}

Task<ClientResult<CompleteReply>> read_completion(CorePtr core, std::string ref, std::string argument,
                                                  std::string value, std::string context) {
  auto chosen = detail::parse_object(context, "the context");
  if (!chosen) co_return ClientResult<CompleteReply>(std::move(chosen).error());
  json::object reference;
  const bool is_resource = ref.find_first_of(":{") != std::string::npos;
  reference["type"] = is_resource ? "ref/resource" : "ref/prompt";
  reference[is_resource ? "uri" : "name"] = ref;
  json::object asked;
  asked["name"] = argument;
  asked["value"] = value;
  json::object params;
  params["ref"] = std::move(reference);
  params["argument"] = std::move(asked);
  if (!chosen->empty() && core->session().version() >= Version::v2025_06_18) {
    json::object given;
    given["arguments"] = std::move(*chosen);
    params["context"] = std::move(given);
  }
  auto asking = core->rounds("completion/complete", std::move(params), CallOptions(), HttpFields());
  const RequestOutcome outcome = co_await std::move(asking);
  if (outcome.error) co_return ClientResult<CompleteReply>(*outcome.error);
  auto reply = detail::read_complete_reply(*outcome.result);
  co_return std::move(reply);
}

Task<ClientResult<std::string>> raw_request(CorePtr core, std::string method, std::string params, CallOptions options) {
  auto parsed = detail::parse_object(params, "the params");
  if (!parsed) co_return ClientResult<std::string>(std::move(parsed).error());
  auto asking = core->session().request(std::move(method), std::move(*parsed), core->settings(options));
  const RequestOutcome outcome = co_await std::move(asking);
  if (outcome.error) co_return ClientResult<std::string>(*outcome.error);
  ClientResult<std::string> text(json_text(*outcome.result));
  co_return std::move(text);
}

Task<ClientResult<void>> say_ping(CorePtr core) {
  const bool modern = core->session().is_modern();
  auto asking = core->session().request(modern ? "server/discover" : "ping", json::object(), detail::RequestSettings());
  const RequestOutcome outcome = co_await std::move(asking);
  if (outcome.error) co_return ClientResult<void>(*outcome.error);
  co_return ClientResult<void>();
}

Task<void> leave(CorePtr core) {
  core->runs().stop();
  auto leaving = core->session().leave();
  co_await std::move(leaving);
}

}  // namespace

Client::Client(CorePtr core) : core_(std::move(core)) {}

Task<ClientResult<Client>> Client::start(CorePtr core) {
  auto opening = core->open();
  auto opened = co_await std::move(opening);
  if (!opened) co_return ClientResult<Client>(std::move(opened).error());
  Client client(std::move(core));
  ClientResult<Client> result(std::move(client));
  co_return std::move(result);
}

Task<ClientResult<Client>> Client::begin(std::string url, ClientOptions options) {
  const std::string target = detail::resolve_url(url, url);
  const std::string origin = detail::origin_of(target);
  if (origin.empty()) {
    co_return ClientResult<Client>(
        ClientError(ClientCause::invalid_request, "not an http or https URL without user name and password"));
  }
  detail::RunState* const run = co_await CurrentRun();
  const auto main = [target, options](Executor& executor, detail::TransportSink& sink) {
    return std::unique_ptr<detail::ClientTransport>(
        std::make_unique<detail::HttpTransport>(executor, target, options, sink));
  };
  const auto fallback = [target, options](Executor& executor, detail::TransportSink& sink) {
    return std::unique_ptr<detail::ClientTransport>(
        std::make_unique<detail::SseTransport>(executor, target, options, sink));
  };
  const auto core = std::make_shared<ClientCore>(run->executor(), options, origin, main, fallback);
  auto starting = start(core);
  auto started = co_await std::move(starting);
  co_return std::move(started);
}

Task<ClientResult<Client>> Client::begin(StdioCommand command, ClientOptions options) {
  detail::RunState* const run = co_await CurrentRun();
  const auto main = [command, options](Executor& executor, detail::TransportSink& sink) {
    return std::unique_ptr<detail::ClientTransport>(
        std::make_unique<detail::StdioTransport>(executor, command, options, sink));
  };
  const auto core =
      std::make_shared<ClientCore>(run->executor(), options, command.program_, main, detail::TransportMaker());
  auto starting = start(core);
  auto started = co_await std::move(starting);
  co_return std::move(started);
}

Task<ClientResult<Client>> Client::connect(std::string url, ClientOptions options) {
  return begin(std::move(url), std::move(options));
}
Task<ClientResult<Client>> Client::connect(StdioCommand command, ClientOptions options) {
  return begin(std::move(command), std::move(options));
}

const ServerDescription& Client::server() const { return core_->session().server(); }

namespace {

Task<ClientResult<std::vector<ToolInfo>>> list_all_tools(CorePtr core, CallOptions options) {
  auto listing = core->tools(std::move(options));
  auto found = co_await std::move(listing);
  co_return std::move(found);
}

}  // namespace

Task<ClientResult<std::vector<ToolInfo>>> Client::list_tools(CallOptions options) {
  return list_all_tools(core_, std::move(options));
}
Task<ClientResult<std::vector<PromptInfo>>> Client::list_prompts(CallOptions options) {
  return list<PromptInfo>(core_, "prompts/list", "prompts", &detail::read_prompt, std::move(options));
}
Task<ClientResult<std::vector<ResourceInfo>>> Client::list_resources(CallOptions options) {
  return list<ResourceInfo>(core_, "resources/list", "resources", &detail::read_resource, std::move(options));
}
Task<ClientResult<std::vector<TemplateInfo>>> Client::list_templates(CallOptions options) {
  return list<TemplateInfo>(core_, "resources/templates/list", "resourceTemplates", &detail::read_template,
                            std::move(options));
}

Task<ClientResult<CallReply>> Client::call_plain(CorePtr core, std::string name, std::string arguments,
                                                 CallOptions options) {
  auto parsed = detail::parse_object(arguments, "the arguments");
  if (!parsed) co_return ClientResult<CallReply>(std::move(parsed).error());
  auto calling = core->call(std::move(name), std::move(*parsed), std::move(options));
  auto reply = co_await std::move(calling);
  co_return std::move(reply);
}

Task<ClientResult<CallReply>> Client::call(std::string name, std::string arguments, CallOptions options) {
  return call_plain(core_, std::move(name), std::move(arguments), std::move(options));
}

Task<ClientResult<void>> Client::call_typed(CorePtr core, std::string name, std::string arguments, CallOptions options,
                                            const TypeInfo& type, void* out) {
  auto learning = core->learn_tools(true);
  co_await std::move(learning);
  auto calling = call_plain(core, std::move(name), std::move(arguments), std::move(options));
  auto reply = co_await std::move(calling);
  if (!reply) co_return ClientResult<void>(std::move(reply).error());
  if (reply->asked) co_return ClientResult<void>(ClientError(ClientCause::unanswered, "the server asks for input"));
  if (reply->is_error) {
    ClientError error(ClientCause::tool_error, reply->text());
    const json::value* const meta = reply->json->if_contains("_meta");
    const json::value* const detail =
        meta && meta->is_object() ? meta->get_object().if_contains("com.leanmcp/error") : nullptr;
    if (detail) error.with_data(json_text(*detail));
    co_return ClientResult<void>(std::move(error));
  }
  if (type.kind == TypeKind::string) {
    *static_cast<std::string*>(out) = reply->text();
    co_return ClientResult<void>();
  }
  // Before 2025-06-18 there is no structured result: the text is the JSON.
  json::value value;
  if (reply->structured) {
    value = *reply->structured;
  } else {
    auto parsed = parse_json(reply->text(), ParseLimits());
    if (!parsed)
      co_return ClientResult<void>(ClientError(ClientCause::invalid_output, "the tool gives no structured result"));
    value = std::move(*parsed);
  }
  const FieldRules no_rules;
  const auto faults = bind_value(type, out, detail::known_members(value, type), no_rules);
  if (faults.empty()) co_return ClientResult<void>();
  co_return ClientResult<void>(
      ClientError(ClientCause::invalid_output,
                  "the result is not of the type: " + faults.front().pointer + ": " + faults.front().message));
}

Task<ClientResult<ReadReply>> Client::read(std::string uri, CallOptions options) {
  return read_resource(core_, std::move(uri), std::move(options));
}
Task<ClientResult<PromptReply>> Client::get_prompt(std::string name, std::string arguments, CallOptions options) {
  return read_prompt(core_, std::move(name), std::move(arguments), std::move(options));
}
Task<ClientResult<CompleteReply>> Client::complete(std::string ref, std::string argument, std::string value,
                                                   std::string context) {
  return read_completion(core_, std::move(ref), std::move(argument), std::move(value), std::move(context));
}
Task<ClientResult<void>> Client::ping() { return say_ping(core_); }

Task<ClientResult<std::string>> Client::request(std::string method, std::string params, CallOptions options) {
  return raw_request(core_, std::move(method), std::move(params), std::move(options));
}

ClientResult<void> Client::notify(std::string method, std::string params) {
  auto parsed = detail::parse_object(params, "the params");
  if (!parsed) return std::move(parsed).error();
  core_->session().notify(method, *parsed);
  return {};
}

Task<void> Client::close() { return leave(core_); }

}  // namespace leanmcp::inline v0
