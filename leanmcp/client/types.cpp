#include <leanmcp/client/types.hpp>

#include <leanmcp/base/encoding.hpp>
#include <leanmcp/json/write.hpp>

#include <boost/json.hpp>

namespace leanmcp::inline v0 {

bool ServerDescription::has(std::string_view capability) const {
  return capabilities && capabilities->contains(capability);
}

std::string CallReply::text() const {
  std::string out;
  for (const ContentBlock& block : content) {
    if (block.type != "text") continue;
    if (!out.empty()) out += '\n';
    out += block.text;
  }
  return out;
}

std::string CallReply::structured_text() const { return structured ? json_text(*structured) : std::string(); }

namespace detail {

namespace {

JsonObject object_member(const JsonObject& object, std::string_view name) {
  const json::value* const member = object->if_contains(name);
  if (!member || !member->is_object()) return nullptr;
  return JsonObject(object, &member->get_object());
}

const json::array* array_member(const json::object& object, std::string_view name) {
  const json::value* const member = object.if_contains(name);
  return member ? member->if_array() : nullptr;
}

std::optional<std::int64_t> integer_member(const json::object& object, std::string_view name) {
  const json::value* const member = object.if_contains(name);
  if (!member || !member->is_int64()) return std::nullopt;
  return member->get_int64();
}

std::string bytes_member(const json::object& object, std::string_view name) {
  const json::value* const member = object.if_contains(name);
  if (!member || !member->is_string()) return {};
  return base64_decode(std::string_view(member->get_string())).value_or(std::string());
}

ContentBlock read_block(JsonObject json) {
  ContentBlock block;
  block.type = text_or_empty(*json, "type");
  if (block.type == "resource") {
    if (const JsonObject inner = object_member(json, "resource")) {
      block.text = text_or_empty(*inner, "text");
      block.bytes = bytes_member(*inner, "blob");
      block.mime_type = text_or_empty(*inner, "mimeType");
      block.uri = text_or_empty(*inner, "uri");
    }
  } else {
    block.text = text_or_empty(*json, "text");
    block.bytes = bytes_member(*json, "data");
    block.mime_type = text_or_empty(*json, "mimeType");
    block.uri = text_or_empty(*json, "uri");
    block.name = text_or_empty(*json, "name");
  }
  block.json = std::move(json);
  return block;
}

}  // namespace

std::string text_or_empty(const json::object& object, std::string_view name) {
  const json::value* const member = object.if_contains(name);
  return member && member->is_string() ? std::string(member->get_string()) : std::string();
}

std::optional<ToolInfo> read_tool(JsonObject entry) {
  ToolInfo tool;
  tool.name = text_or_empty(*entry, "name");
  tool.input_schema = object_member(entry, "inputSchema");
  if (tool.name.empty() || !tool.input_schema) return std::nullopt;
  tool.title = text_or_empty(*entry, "title");
  tool.description = text_or_empty(*entry, "description");
  tool.output_schema = object_member(entry, "outputSchema");
  tool.annotations = object_member(entry, "annotations");
  tool.json = std::move(entry);
  return tool;
}

std::optional<PromptInfo> read_prompt(JsonObject entry) {
  PromptInfo prompt;
  prompt.name = text_or_empty(*entry, "name");
  if (prompt.name.empty()) return std::nullopt;
  prompt.title = text_or_empty(*entry, "title");
  prompt.description = text_or_empty(*entry, "description");
  if (const json::array* const arguments = array_member(*entry, "arguments")) {
    for (const json::value& item : *arguments) {
      if (!item.is_object()) return std::nullopt;
      PromptArgument argument;
      argument.name = text_or_empty(item.get_object(), "name");
      argument.description = text_or_empty(item.get_object(), "description");
      const json::value* const required = item.get_object().if_contains("required");
      argument.required = required && required->is_bool() && required->get_bool();
      prompt.arguments.push_back(std::move(argument));
    }
  }
  prompt.json = std::move(entry);
  return prompt;
}

std::optional<ResourceInfo> read_resource(JsonObject entry) {
  ResourceInfo resource;
  resource.uri = text_or_empty(*entry, "uri");
  if (resource.uri.empty()) return std::nullopt;
  resource.name = text_or_empty(*entry, "name");
  resource.title = text_or_empty(*entry, "title");
  resource.description = text_or_empty(*entry, "description");
  resource.mime_type = text_or_empty(*entry, "mimeType");
  resource.size = integer_member(*entry, "size");
  resource.json = std::move(entry);
  return resource;
}

std::optional<TemplateInfo> read_template(JsonObject entry) {
  TemplateInfo found;
  found.uri_template = text_or_empty(*entry, "uriTemplate");
  if (found.uri_template.empty()) return std::nullopt;
  found.name = text_or_empty(*entry, "name");
  found.title = text_or_empty(*entry, "title");
  found.description = text_or_empty(*entry, "description");
  found.mime_type = text_or_empty(*entry, "mimeType");
  found.json = std::move(entry);
  return found;
}

ClientResult<CallReply> read_call_reply(JsonObject result) {
  CallReply reply;
  const json::value* const structured = result->if_contains("structuredContent");
  const json::value* const content = result->if_contains("content");
  if (content && !content->is_array()) return odd("content is no list");
  if (!content && !structured) return odd("a tool's result without content");
  if (content) {
    for (const json::value& item : content->get_array()) {
      if (!item.is_object()) return odd("a content block is no object");
      reply.content.push_back(read_block(JsonObject(result, &item.get_object())));
    }
  }
  if (structured) reply.structured = JsonValue(result, structured);
  const json::value* const is_error = result->if_contains("isError");
  if (is_error && !is_error->is_bool()) return odd("isError is neither true nor false");
  reply.is_error = is_error && is_error->get_bool();
  reply.json = std::move(result);
  return reply;
}

ClientResult<PromptReply> read_prompt_reply(JsonObject result) {
  PromptReply reply;
  reply.description = text_or_empty(*result, "description");
  const json::array* const messages = array_member(*result, "messages");
  if (!messages) return odd("a prompt without messages");
  for (const json::value& item : *messages) {
    const json::object* const message = item.if_object();
    const json::value* const content = message ? message->if_contains("content") : nullptr;
    if (!content || !content->is_object()) return odd("a prompt's message without content");
    PromptMessage read;
    read.role = text_or_empty(*message, "role");
    read.content = read_block(JsonObject(result, &content->get_object()));
    reply.messages.push_back(std::move(read));
  }
  reply.json = std::move(result);
  return reply;
}

ClientResult<ReadReply> read_read_reply(JsonObject result) {
  ReadReply reply;
  const json::array* const contents = array_member(*result, "contents");
  if (!contents) return odd("a resource without contents");
  for (const json::value& item : *contents) {
    const json::object* const part = item.if_object();
    if (!part) return odd("a resource's content is no object");
    ResourceContent content;
    content.uri = text_or_empty(*part, "uri");
    content.mime_type = text_or_empty(*part, "mimeType");
    content.is_text = part->contains("text");
    content.text = text_or_empty(*part, "text");
    content.bytes = bytes_member(*part, "blob");
    reply.contents.push_back(std::move(content));
  }
  reply.json = std::move(result);
  return reply;
}

ClientResult<CompleteReply> read_complete_reply(const json::object& result) {
  const json::value* const completion = result.if_contains("completion");
  const json::array* const values =
      completion && completion->is_object() ? array_member(completion->get_object(), "values") : nullptr;
  if (!values) return odd("a completion without values");
  CompleteReply reply;
  for (const json::value& value : *values) {
    if (!value.is_string()) return odd("a completion's value is no text");
    reply.values.emplace_back(value.get_string());
  }
  reply.total = integer_member(completion->get_object(), "total");
  const json::value* const more = completion->get_object().if_contains("hasMore");
  reply.has_more = more && more->is_bool() && more->get_bool();
  return reply;
}

ServerDescription read_server(JsonObject result, Version revision) {
  ServerDescription server;
  server.revision = revision;
  server.instructions = text_or_empty(*result, "instructions");
  server.capabilities = object_member(result, "capabilities");
  if (!server.capabilities) server.capabilities = std::make_shared<const json::object>();
  JsonObject info = object_member(result, "serverInfo");
  if (const JsonObject meta = object_member(result, "_meta")) {
    if (JsonObject newer = object_member(meta, "io.modelcontextprotocol/serverInfo")) info = std::move(newer);
  }
  if (info) {
    server.name = text_or_empty(*info, "name");
    server.title = text_or_empty(*info, "title");
    server.version = text_or_empty(*info, "version");
  }
  return server;
}

}  // namespace detail

}  // namespace leanmcp::inline v0
