#include <leanmcp/protocol/message.hpp>

#include <boost/json.hpp>

namespace leanmcp::inline v0 {

namespace {

constexpr std::size_t most_id_bytes = 256;

/// Empty when the value cannot be an id.
std::string id_text(const json::value& value) {
  const bool fits = value.is_int64() || value.is_uint64() ||
                    (value.is_string() && value.get_string().size() <= most_id_bytes);
  if (fits) return json_text(value);
  return {};
}

}  // namespace

Message classify(const json::value& value) {
  const json::object* const object = value.if_object();
  if (!object) return InvalidMessage{"", "a message is a JSON object"};
  const json::value* id_value = nullptr;
  const json::value* version = nullptr;
  const json::value* method = nullptr;
  const json::value* params_value = nullptr;
  const json::value* result = nullptr;
  const json::value* error = nullptr;
  // One pass instead of a search for each.
  for (const auto& [key, member] : *object) {
    const std::string_view name = key;
    if (name == "id") id_value = &member;
    if (name == "jsonrpc") version = &member;
    if (name == "method") method = &member;
    if (name == "params") params_value = &member;
    if (name == "result") result = &member;
    if (name == "error") error = &member;
  }
  std::string id;
  if (id_value) {
    id = id_text(*id_value);
    if (id.empty()) return InvalidMessage{"", "id must be a string or an integer"};
  }
  if (!version || !version->is_string() || version->get_string() != "2.0")
    return InvalidMessage{id, "jsonrpc must be \"2.0\""};

  if (method) {
    if (!method->is_string()) return InvalidMessage{id, "method must be a string"};
    const json::object* params = nullptr;
    if (params_value) {
      params = params_value->if_object();
      if (!params) return InvalidMessage{id, "params must be an object"};
    }
    const std::string_view name(method->get_string().data(), method->get_string().size());
    if (id_value) return RequestMessage{std::move(id), name, params};
    return NotificationMessage{name, params};
  }

  if (id_value && result && !error) return ResponseMessage{std::move(id), result, nullptr};
  if (id_value && error && !result && error->is_object())
    return ResponseMessage{std::move(id), nullptr, &error->get_object()};
  return InvalidMessage{id, "neither a request, a notification nor a response"};
}

std::string render_error(std::string_view id, int code, std::string_view message, std::string_view data) {
  std::string out = R"({"jsonrpc":"2.0",)";
  if (!id.empty()) out.append("\"id\":").append(id).append(",");
  out.append("\"error\":{\"code\":").append(std::to_string(code)).append(",\"message\":");
  append_json_string(out, message);
  if (!data.empty()) out.append(",\"data\":").append(data);
  out += "}}";
  return out;
}

std::string render_result(std::string_view id, std::string_view result) {
  std::string out;
  out.reserve(result.size() + id.size() + 40);
  out.append(R"({"jsonrpc":"2.0","id":)").append(id).append(",\"result\":").append(result).append("}");
  return out;
}

std::string render_notification(std::string_view method, std::string_view params) {
  std::string out = R"({"jsonrpc":"2.0","method":)";
  append_json_string(out, method);
  if (!params.empty()) out.append(",\"params\":").append(params);
  out += '}';
  return out;
}

std::string render_request(std::string_view id, std::string_view method, std::string_view params) {
  std::string out = R"({"jsonrpc":"2.0","id":)";
  out.append(id).append(",\"method\":");
  append_json_string(out, method);
  if (!params.empty()) out.append(",\"params\":").append(params);
  out += '}';
  return out;
}

}  // namespace leanmcp::inline v0
