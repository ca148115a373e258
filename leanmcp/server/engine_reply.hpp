#pragma once

#include <leanmcp/server/engine.hpp>

#include <boost/json.hpp>

namespace leanmcp::inline v0::detail {

/// The text member of an object that may be missing; empty when there is none.
inline std::string_view text_of(const json::object* object, std::string_view key) {
  const json::value* const value = object ? object->if_contains(key) : nullptr;
  if (!value || !value->is_string()) return {};
  return value->get_string();
}

inline void respond(RequestSink& sink, std::string body, int status = 200) {
  Reply reply;
  reply.body = std::move(body);
  reply.http_status = status;
  sink.respond(std::move(reply));
}

inline void respond(RequestSink& sink, std::string_view id, const RpcError& error) {
  respond(sink, render_error(id, error.code, error.message, error.data), error.http_status);
}

}  // namespace leanmcp::inline v0::detail
