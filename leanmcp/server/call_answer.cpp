// How a call is answered and ended.

#include <leanmcp/server/call_state.hpp>

#include <leanmcp/json/parse.hpp>
#include <leanmcp/json/schema_validator.hpp>
#include <leanmcp/protocol/codes.hpp>

#include <limits>

namespace leanmcp::inline v0 {

/// Structured content came with 2025-06-18, and that it may be something else than an object with 2026-07-28.
bool CallState::carries_structured(const ResultBody& body) const {
  if (body.structured.empty() || info_.version < Version::v2025_06_18) return false;
  return info_.modern() || body.structured[body.structured.find_first_not_of(" \t\r\n")] == '{';
}

namespace {

/// What a result promises and does not keep; empty when it keeps all. Only a schema known at run time is looked at
/// (2026-07-28, Tools, Output Schema): that of a type can be broken by nothing but what `unfit` tells.
std::string broken_promise(const ResultBody& body, const SchemaValidator* schema) {
  if (body.unfit) return body.error.message();
  ParseLimits limits;
  limits.bytes = std::numeric_limits<std::size_t>::max();
  if (body.by_hand && !body.meta.empty() && !parse_json("{" + body.meta + "}", limits)) return "its _meta is no JSON";
  if (body.is_error) schema = nullptr;
  if (body.structured.empty()) return schema ? "no structured content" : "";
  if (!schema && !body.by_hand) return {};
  const auto value = parse_json(body.structured, limits);
  if (!value) return "its structured content is no JSON";
  if (!schema) return {};
  const auto faults = schema->validate(*value);
  return faults.empty() ? "" : faults.front().instance_path + " " + faults.front().message;
}

}  // namespace

/// Whether the result may be sent. Costs nothing for typed results.
bool CallState::keeps_output_promise(const ResultBody& body) const {
  if (body.failed || (!entry_.raw_output && !body.unfit && !body.by_hand)) return true;
  const std::string what = broken_promise(body, entry_.raw_output.get());
  if (what.empty()) return true;
  engine_->logger().error("a result breaks its tool's output schema", {{"name", name_}, {"what", what}, trace()});
  return false;
}

std::string CallState::render(const ResultBody& body) const {
  std::string out;
  out.reserve(body.items.size() + body.structured.size() + body.meta.size() + engine_->server_info_meta().size() + 256);
  out.append(R"({"jsonrpc":"2.0","id":)").append(id_).append(",\"result\":{");
  switch (entry_.kind) {
    case EntryKind::tool:
      out.append("\"content\":[").append(body.items).append("]");
      if (carries_structured(body)) out.append(",\"structuredContent\":").append(body.structured);
      if (body.is_error) out += ",\"isError\":true";
      break;
    case EntryKind::prompt:
      out.append("\"messages\":[").append(body.items).append("]");
      if (const std::string& text = body.description.empty() ? entry_.description : body.description; !text.empty()) {
        out += ",\"description\":";
        append_json_string(out, text);
      }
      break;
    case EntryKind::resource:
    case EntryKind::resource_template:
      out.append("\"contents\":[").append(body.items).append("]");
      if (info_.modern()) {
        const bool is_private = entry_.private_cache || !entry_.hooks.empty();
        out.append(",\"ttlMs\":").append(std::to_string(entry_.ttl_ms < 0 ? 0 : entry_.ttl_ms));
        out.append(is_private ? R"(,"cacheScope":"private")" : R"(,"cacheScope":"public")");
      }
      break;
  }
  append_result_end(out, *engine_, info_.version, body.meta);
  out += '}';
  return out;
}

void CallState::send(const ResultBody& body) {
  if (answered_) return;
  if (body.failed) {
    fail(RpcError{body.rpc_code, body.error.message(), body.error.data(), 200});
    return;
  }
  Reply reply;
  reply.body = render(body);
  respond(std::move(reply));
}

void CallState::fail(const RpcError& error) {
  if (!answered_) run_after_hooks(false, {});
  Reply reply;
  reply.body = render_error(id_, error.code, error.message, error.data);
  reply.http_status = error.http_status;
  respond(std::move(reply));
}

void CallState::respond(Reply reply) {
  if (std::exchange(answered_, true)) return;
  leave();
  sink_->respond(std::move(reply));
}

void CallState::cancel() {
  const auto self = shared_from_this();
  const bool unanswered = !std::exchange(answered_, true);
  if (unanswered) {
    leave();
    engine_->logger().debug("call cancelled", {{"name", name_}, trace()});
  }
  stop_.request_stop();
  // Hooks hear of it when the function has stopped: here if it never began, else from its end.
  const bool running = on_worker_ || !run_.ended();
  run_.cancel();
  // Behind what the run's end may still say on the stream: that its questions are taken back.
  if (unanswered) sink_->cancelled();
  if (!running) run_after_hooks(false, {});
}

}  // namespace leanmcp::inline v0
