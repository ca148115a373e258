#include "scenarios.hpp"

#include <leanmcp/json/write.hpp>

#include <boost/json.hpp>

#include <stdexcept>

using namespace leanmcp;

namespace {

BlockingClient connect(const ScenarioInput& input, ClientOptions options) {
  return or_throw(BlockingClient::connect(input.url, std::move(options)));
}

int list_only(const ScenarioInput& input) {
  auto client = connect(input, input.options);
  or_throw(client.list_tools());
  return 0;
}

int call_first_tool(const ScenarioInput& input) {
  auto client = connect(input, input.options);
  const auto tools = or_throw(client.list_tools());
  if (!tools.empty()) or_throw(client.call(tools.front().name, R"({"a":2,"b":3})"));
  return 0;
}

/// Takes whatever defaults the server's form has.
Task<ElicitAnswer> take_defaults(ElicitQuestion) { co_return ElicitAnswer::accept(); }

int accept_defaults(const ScenarioInput& input) {
  ClientOptions options = input.options;
  options.on_form(&take_defaults);
  auto client = connect(input, options);
  for (const ToolInfo& tool : or_throw(client.list_tools())) or_throw(client.call(tool.name));
  return 0;
}

int reconnect(const ScenarioInput& input) {
  auto client = connect(input, input.options);
  or_throw(client.list_tools());
  const CallReply reply = or_throw(client.call("test_reconnection"));
  return reply.is_error ? 1 : 0;
}

int standard_headers(const ScenarioInput& input) {
  auto client = connect(input, input.options);
  for (const ToolInfo& tool : or_throw(client.list_tools())) or_throw(client.call(tool.name));
  for (const ResourceInfo& resource : or_throw(client.list_resources())) or_throw(client.read(resource.uri));
  for (const PromptInfo& prompt : or_throw(client.list_prompts())) or_throw(client.get_prompt(prompt.name));
  return 0;
}

/// The context names the calls: `{"toolCalls":[{"name":…,"arguments":{…}}]}`.
int custom_headers(const ScenarioInput& input) {
  auto client = connect(input, input.options);
  or_throw(client.list_tools());
  const json::value context = json::parse(input.context);
  for (const json::value& call : context.at("toolCalls").as_array())
    or_throw(client.call(std::string(call.at("name").as_string()), json_text(call.at("arguments"))));
  return 0;
}

/// Calls what is left once the tools with bad annotations are out.
int call_valid_tools(const ScenarioInput& input) {
  auto client = connect(input, input.options);
  for (const ToolInfo& tool : or_throw(client.list_tools()))
    or_throw(client.call(tool.name, R"({"region":"us-west1"})"));
  return 0;
}

int echo_schema(const ScenarioInput& input) {
  auto client = connect(input, input.options);
  for (const ToolInfo& tool : or_throw(client.list_tools())) {
    if (tool.name != "json_schema_2020_12_tool") continue;
    const json::object arguments{{"schema", *tool.input_schema}};
    or_throw(client.call("json_schema_echo", json_text(arguments)));
    return 0;
  }
  throw std::runtime_error("the tool whose schema is echoed is not listed");
}

Task<ElicitAnswer> confirm(ElicitQuestion) { co_return ElicitAnswer::accept(R"({"confirmed":true})"); }

/// Two calls with questions and, while the first waits for its answer, one that has nothing to do with it.
int rounds(const ScenarioInput& input) {
  ClientOptions options = input.options;
  options.on_form(&confirm);
  auto client = connect(input, options);
  or_throw(client.list_tools());

  const CallReply first = or_throw(client.call("test_mrtr_echo_state", "{}", CallOptions().manual_rounds()));
  if (!first.asked) throw std::runtime_error("the server asked nothing");
  or_throw(client.call("test_mrtr_unrelated"));
  std::vector<std::pair<std::string, std::string>> answers;
  for (const InputRequest& request : first.asked->requests)
    answers.emplace_back(request.key, R"({"action":"accept","content":{"confirmed":true}})");
  or_throw(client.call("test_mrtr_echo_state", "{}", CallOptions().resume(*first.asked, answers)));

  or_throw(client.call("test_mrtr_no_state"));
  or_throw(client.call("test_mrtr_no_result_type"));
  return 0;
}

}  // namespace

void add_protocol_scenarios(Scenarios& scenarios) {
  scenarios["initialize"] = &list_only;
  scenarios["tools_call"] = &call_first_tool;
  scenarios["elicitation-sep1034-client-defaults"] = &accept_defaults;
  scenarios["sse-retry"] = &reconnect;
  scenarios["request-metadata"] = &list_only;
  scenarios["http-standard-headers"] = &standard_headers;
  scenarios["http-custom-headers"] = &custom_headers;
  scenarios["http-invalid-tool-headers"] = &call_valid_tools;
  scenarios["json-schema-ref-no-deref"] = &list_only;
  scenarios["json-schema-2020-12-preservation"] = &echo_schema;
  scenarios["sep-2322-client-request-state"] = &rounds;
}
