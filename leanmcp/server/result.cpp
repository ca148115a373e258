#include <leanmcp/server/result.hpp>

#include <leanmcp/base/encoding.hpp>
#include <leanmcp/protocol/message.hpp>
#include <leanmcp/server/denial.hpp>

#include <charconv>

namespace leanmcp::inline v0 {

namespace {

void member(std::string& out, std::string_view name, std::string_view text) {
  out.append(",\"").append(name).append("\":");
  append_json_string(out, text);
}

std::string media(std::string_view type, std::string_view bytes, std::string_view mime_type) {
  std::string out = "{\"type\":\"";
  out.append(type).append("\",\"data\":\"").append(base64_encode(bytes)).append("\"");
  member(out, "mimeType", mime_type);
  out += '}';
  return out;
}

std::string contents(std::string_view uri, std::string_view mime_type, std::string_view name, std::string_view value) {
  std::string out = "{\"uri\":";
  append_json_string(out, uri);
  if (!mime_type.empty()) member(out, "mimeType", mime_type);
  member(out, name, value);
  out += '}';
  return out;
}

void append_item(std::string& items, std::string_view item) {
  if (!items.empty()) items += ',';
  items += item;
}

}  // namespace

Content Content::text(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 4 + 32);
  out = R"({"type":"text","text":)";
  append_json_string(out, text);
  out += '}';
  return Content(std::move(out));
}

Content Content::image(std::string_view bytes, std::string_view mime_type) {
  return Content(media("image", bytes, mime_type));
}
Content Content::audio(std::string_view bytes, std::string_view mime_type) {
  return Content(media("audio", bytes, mime_type));
}

Content Content::resource_text(std::string_view uri, std::string_view text, std::string_view mime_type) {
  return Content(R"({"type":"resource","resource":)" + contents(uri, mime_type, "text", text) + "}");
}
Content Content::resource_blob(std::string_view uri, std::string_view bytes, std::string_view mime_type) {
  return Content(R"({"type":"resource","resource":)" + contents(uri, mime_type, "blob", base64_encode(bytes)) + "}");
}

Content Content::resource_link(std::string_view uri, std::string_view name, std::string_view description,
                               std::string_view mime_type) {
  std::string out = R"({"type":"resource_link","uri":)";
  append_json_string(out, uri);
  member(out, "name", name);
  if (!description.empty()) member(out, "description", description);
  if (!mime_type.empty()) member(out, "mimeType", mime_type);
  out += '}';
  return Content(std::move(out));
}

Content Content::annotated(const std::vector<std::string>& audience, double priority) && {
  json_.pop_back();
  json_ += ",\"annotations\":{\"audience\":[";
  for (std::size_t i = 0; i < audience.size(); ++i) {
    if (i != 0) json_ += ',';
    append_json_string(json_, audience[i]);
  }
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof digits, priority).ptr;
  json_.append("],\"priority\":").append(digits, end).append("}}");
  return std::move(*this);
}

void ResultBody::add(const Content& content) { append_item(items, content.json()); }

void ResultBody::add(Content&& content) {
  if (items.empty()) {
    items = std::move(content).take_json();
  } else {
    append_item(items, content.json());
  }
}

ToolResult ToolResult::failure(std::string_view text) {
  ToolResult result(text);
  result.is_error = true;
  return result;
}

ToolResult&& ToolResult::with_meta(std::string_view key, std::string_view json_text) && {
  by_hand = true;
  if (!meta.empty()) meta += ',';
  append_json_string(meta, key);
  meta.append(":").append(json_text);
  return std::move(*this);
}

ToolResult failure_result(const Error& error) {
  if (error.data().empty()) return ToolResult::failure(error.message());
  // The detail is JSON in the text, for clients that show nothing else, and in `_meta`, for programs.
  ToolResult result = ToolResult::failure(error.data());
  return std::move(result).with_meta("com.leanmcp/error", error.data());
}

void PromptResult::add_message(std::string_view role, const Content& content) {
  std::string message = "{\"role\":\"";
  message.append(role).append("\",\"content\":").append(content.json()).append("}");
  append_item(items, message);
}

ResourceResult&& ResourceResult::text(std::string_view uri, std::string_view text, std::string_view mime_type) && {
  append_item(items, contents(uri, mime_type, "text", text));
  return std::move(*this);
}
ResourceResult&& ResourceResult::blob(std::string_view uri, std::string_view bytes, std::string_view mime_type) && {
  append_item(items, contents(uri, mime_type, "blob", base64_encode(bytes)));
  return std::move(*this);
}

std::string Denial::data_json() const {
  std::string out = "{\"code\":";
  append_json_string(out, word);
  member(out, "message", message);
  if (!action.empty()) member(out, "action", action);
  if (!data.empty()) out.append(",").append(data);
  out += '}';
  return out;
}

}  // namespace leanmcp::inline v0
