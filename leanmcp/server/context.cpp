#include <leanmcp/server/context.hpp>

#include <leanmcp/json/parse.hpp>
#include <leanmcp/json/bind.hpp>
#include <leanmcp/json/write.hpp>
#include <leanmcp/protocol/codes.hpp>
#include <leanmcp/protocol/form_format.hpp>
#include <leanmcp/protocol/message.hpp>
#include <leanmcp/server/ask.hpp>

#include <boost/json.hpp>

#include <stdexcept>

namespace leanmcp::inline v0 {

namespace {

std::string_view text_or_empty(const json::object& object, std::string_view key) {
  const json::value* const value = object.if_contains(key);
  if (!value || !value->is_string()) return {};
  return value->get_string();
}

Action action_of(const json::object& answer) {
  const std::string_view action = text_or_empty(answer, "action");
  if (action == "accept") return Action::accept;
  return action == "decline" ? Action::decline : Action::cancel;
}

}  // namespace

Task<FormReply> ask_form(Call& call, std::string key, Form form, std::vector<std::string> fields,
                         std::function<std::string(const json::object&)> check, int attempts) {
  for (;;) {
    const int rejected = call.rejected_answers(key);
    if (rejected >= attempts) {
      FormReply given_up;
      given_up.gave_up = true;
      co_return std::move(given_up);
    }
    std::string reason = call.rejection_reason(key);
    std::string message = form.title();
    if (!reason.empty()) message += "\n\n" + reason;
    Question question;
    question.key = key;
    question.method = "elicitation/create";
    // 2025-06-18 has no modes; a missing one means form everywhere.
    question.params = call.info().version >= Version::v2025_11_25 ? R"({"mode":"form","message":)" : R"({"message":)";
    append_json_string(question.params, message);
    question.params += ",\"requestedSchema\":" + json_text(form.requested_schema(call.info().version, fields)) + "}";
    Task<std::string> asking = call.ask(std::move(question));
    const std::string text = co_await std::move(asking);
    const json::value parsed = parse_known(text);
    const json::object& answer = parsed.get_object();
    FormReply reply;
    reply.action = action_of(answer);
    if (reply.action != Action::accept) co_return std::move(reply);
    const json::value* const content = answer.if_contains("content");
    const json::object none;
    FormAnswer checked = form.validate(content && content->is_object() ? content->get_object() : none, fields);
    std::string wrong = checked.explain();
    if (checked.ok() && check) wrong = check(checked.content());
    if (wrong.empty()) {
      reply.content = std::make_shared<const json::object>(checked.content());
      co_return std::move(reply);
    }
    call.reject_answer(key, wrong);
  }
}

Task<Action> Context::ask_form(std::string key, Form form, const TypeInfo& type, void* object) {
  const TypeInfo* const info = &type;
  std::function<std::string(const json::object&)> check = [info, object](const json::object& content) {
    std::string wrong;
    for (const BindFault& fault : bind_value(*info, object, json::value(content), FieldRules()))
      wrong += (wrong.empty() ? "" : "\n") + fault.pointer + " " + fault.message;
    return wrong;
  };
  std::vector<std::string> all;
  Task<FormReply> asking = leanmcp::ask_form(call_, std::move(key), std::move(form), std::move(all), std::move(check));
  const FormReply reply = co_await std::move(asking);
  co_return reply.action;
}

Task<Answer<std::string>> Context::elicit_json(std::string key, Form form) {
  std::vector<std::string> all;
  std::function<std::string(const json::object&)> no_check;
  Task<FormReply> asking =
      leanmcp::ask_form(call_, std::move(key), std::move(form), std::move(all), std::move(no_check));
  const FormReply reply = co_await std::move(asking);
  std::optional<std::string> content;
  if (reply.content) content = json_text(*reply.content);
  Answer<std::string> answer(reply.action, std::move(content));
  co_return std::move(answer);
}

std::string url_question_id(Call& call, const std::string& key) { return call.idempotency_key() + "-" + key; }

ToolResult Context::url_needed(const std::string& key, const std::string& url, const std::string& message) {
  if (!detail::is_http_url(url)) throw std::logic_error("only an http or https URL can be given to a user to open");
  std::string data = R"({"mode":"url","message":)";
  append_json_string(data, message);
  data += ",\"url\":";
  append_json_string(data, url);
  if (call_.info().version == Version::v2025_11_25 && call_.can_ask_url()) {
    data += ",\"elicitationId\":";
    append_json_string(data, url_question_id(call_, key));
    ToolResult result;
    result.failed = true;
    result.rpc_code = code::url_elicitation_required;
    result.error = Error(message).with_data("{\"elicitations\":[" + data + "}]}");
    return result;
  }
  return failure_result(Error(message + "\n" + url).with_data(R"({"type":"url",)" + data.substr(1) + "}"));
}

Task<Action> Context::elicit_url(std::string key, std::string url, std::string message) {
  if (!detail::is_http_url(url)) throw std::logic_error("only an http or https URL can be given to a user to open");
  if (!call_.can_ask_url()) co_return Action::unavailable;
  Question question;
  question.method = "elicitation/create";
  question.params = R"({"mode":"url","message":)";
  append_json_string(question.params, message);
  question.params += ",\"url\":";
  append_json_string(question.params, url);
  if (!call_.info().modern()) {
    // 2025-11-25 names each URL question; the call's own key and the question's make it unique and stable.
    question.params += ",\"elicitationId\":";
    append_json_string(question.params, url_question_id(call_, key));
  }
  question.params += '}';
  question.key = std::move(key);
  Task<std::string> asking = call_.ask(std::move(question));
  const std::string text = co_await std::move(asking);
  const json::value answer = parse_known(text);
  co_return action_of(answer.get_object());
}

Task<Sample> Context::sample(std::string key, SampleRequest request) {
  Question question;
  question.key = std::move(key);
  question.method = "sampling/createMessage";
  question.params = request.params();
  question.with_tools = request.with_tools();
  Task<std::string> asking = call_.ask(std::move(question));
  Sample sample;
  sample.json = co_await std::move(asking);
  const json::value parsed = parse_known(sample.json);
  const json::object& object = parsed.get_object();
  sample.model = text_or_empty(object, "model");
  sample.stop_reason = text_or_empty(object, "stopReason");
  const auto add_text = [&](const json::value& block) {
    if (block.is_object() && text_or_empty(block.get_object(), "type") == "text")
      sample.text += text_or_empty(block.get_object(), "text");
  };
  const json::value* const content = object.if_contains("content");
  if (content && content->is_array()) {
    for (const json::value& block : content->get_array()) add_text(block);
  } else if (content) {
    add_text(*content);
  }
  co_return std::move(sample);
}

Task<std::vector<Root>> Context::roots(std::string key) {
  Question question;
  question.key = std::move(key);
  question.method = "roots/list";
  question.params = "{}";
  Task<std::string> asking = call_.ask(std::move(question));
  const std::string text = co_await std::move(asking);
  const json::value parsed = parse_known(text);
  std::vector<Root> roots;
  for (const json::value& item : parsed.get_object().at("roots").get_array()) {
    if (!item.is_object()) continue;
    Root root;
    root.uri = text_or_empty(item.get_object(), "uri");
    root.name = text_or_empty(item.get_object(), "name");
    roots.push_back(std::move(root));
  }
  co_return std::move(roots);
}

std::string_view Context::uri() const { return call_.uri(); }

std::string Context::meta_json() const { return call_.meta() ? json_text(*call_.meta()) : "{}"; }

void Context::progress(double done, std::optional<double> total, std::string_view message) {
  call_.progress(done, total, message);
}

void Context::log(McpLevel level, std::string_view text, std::string_view logger) {
  std::string data;
  append_json_string(data, text);
  call_.log(static_cast<int>(level), std::move(data), logger);
}

void Context::log_json(McpLevel level, std::string data_json, std::string_view logger) {
  call_.log(static_cast<int>(level), std::move(data_json), logger);
}

void Context::resource_updated(std::string_view uri) { call_.resource_updated(uri); }
bool Context::close_stream(int retry_ms) { return call_.close_stream(retry_ms); }

SampleRequest& SampleRequest::message(std::string_view role, std::string text) {
  if (!messages_.empty()) messages_ += ',';
  messages_.append("{\"role\":\"").append(role).append(R"(","content":{"type":"text","text":)");
  append_json_string(messages_, text);
  messages_ += "}}";
  return *this;
}

SampleRequest& SampleRequest::system(std::string text) {
  extra_ += ",\"systemPrompt\":";
  append_json_string(extra_, text);
  return *this;
}

SampleRequest& SampleRequest::temperature(double value) {
  append_json_number(extra_.append(",\"temperature\":"), value);
  return *this;
}

SampleRequest& SampleRequest::stop_at(std::string_view sequence) {
  if (!stop_sequences_.empty()) stop_sequences_ += ',';
  append_json_string(stop_sequences_, sequence);
  return *this;
}

SampleRequest& SampleRequest::prefer_model(std::string_view name) {
  if (!hints_.empty()) hints_ += ',';
  append_json_string(hints_.append("{\"name\":"), name);
  hints_ += '}';
  return *this;
}

SampleRequest& SampleRequest::priorities(double cost, double speed, double intelligence) {
  append_json_number(priorities_.assign("\"costPriority\":"), cost);
  append_json_number(priorities_.append(",\"speedPriority\":"), speed);
  append_json_number(priorities_.append(",\"intelligencePriority\":"), intelligence);
  return *this;
}

SampleRequest& SampleRequest::member(std::string_view name, std::string_view json_text) {
  if (!parse_json(json_text, ParseLimits())) throw std::logic_error("a member of a SampleRequest is no JSON");
  extra_ += ',';
  append_json_string(extra_, name);
  extra_.append(":").append(json_text);
  with_tools_ = with_tools_ || name == "tools";
  return *this;
}

std::string SampleRequest::params() const {
  std::string out = "{\"messages\":[" + messages_ + "],\"maxTokens\":" + std::to_string(max_tokens_);
  if (!hints_.empty() || !priorities_.empty()) {
    out += ",\"modelPreferences\":{";
    if (!hints_.empty()) out.append("\"hints\":[").append(hints_).append("]");
    if (!hints_.empty() && !priorities_.empty()) out += ',';
    out.append(priorities_).append("}");
  }
  if (!stop_sequences_.empty()) out.append(",\"stopSequences\":[").append(stop_sequences_).append("]");
  return out.append(extra_).append("}");
}

namespace detail {

ResultBody tool_body(Call&, ToolResult result) { return result; }
ResultBody tool_body(Call&, const std::string& text) { return ToolResult(text); }
ResultBody tool_body(Call&, const char* text) { return ToolResult(text); }
ResultBody tool_body(Call&, const Content& content) { return ToolResult(content); }
ResultBody tool_body(Call&, const std::vector<Content>& contents) { return ToolResult(contents); }

ResultBody tool_body(Call&, const json::value& value) {
  std::string text = json_text(value);
  ToolResult result(text);
  result.structured = std::move(text);
  return result;
}

ResultBody tool_body_of(const TypeInfo& type, const void* object) {
  std::string text = json_text(type, object);
  ToolResult result(text);
  if (is_structured(type)) result.structured = std::move(text);
  return result;
}

ResultBody rpc_failure(const Error& error) {
  ResultBody body;
  body.failed = true;
  body.rpc_code = code::internal_error;
  body.error = error;
  return body;
}

}  // namespace detail

}  // namespace leanmcp::inline v0
