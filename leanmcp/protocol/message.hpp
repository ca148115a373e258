#pragma once

#include <leanmcp/json/fwd.hpp>
#include <leanmcp/json/write.hpp>

#include <string>
#include <string_view>
#include <variant>

namespace leanmcp::inline v0 {

/// One JSON-RPC 2.0 message, looked at but not copied: the views point into the parsed value, which must outlive it.
struct RequestMessage {
  /// The id as JSON text, a string or an integer: what goes back into the answer verbatim.
  std::string id;
  std::string_view method;
  /// Null when the request has none.
  const json::object* params = nullptr;
};
struct NotificationMessage {
  std::string_view method;
  const json::object* params = nullptr;
};
/// The peer's answer to a request of ours: exactly one of the two pointers is set.
struct ResponseMessage {
  std::string id;
  const json::value* result = nullptr;
  const json::object* error = nullptr;
};
/// Not a message. `id` is the one to answer with, or `null` as text when none could be read.
struct InvalidMessage {
  std::string id;
  std::string reason;
};

using Message = std::variant<InvalidMessage, RequestMessage, NotificationMessage, ResponseMessage>;

/// Classifies a value by JSON-RPC 2.0 with MCP's restrictions (2026-07-28, Overview, Messages): `jsonrpc` is "2.0",
/// ids are strings or integers and never null, `params` is an object.
Message classify(const json::value& value);

/// `{"jsonrpc":"2.0","id":<id>,"error":{…}}`. `data` is JSON text or empty. An empty id leaves the member out, as for
/// a request whose id could not be read.
std::string render_error(std::string_view id, int code, std::string_view message, std::string_view data = {});
/// `{"jsonrpc":"2.0","id":<id>,"result":<result>}` from JSON text.
std::string render_result(std::string_view id, std::string_view result);
/// `{"jsonrpc":"2.0","method":…,"params":<params>}` from JSON text; empty params are left out.
std::string render_notification(std::string_view method, std::string_view params);
/// As a notification with an id.
std::string render_request(std::string_view id, std::string_view method, std::string_view params);

}  // namespace leanmcp::inline v0
