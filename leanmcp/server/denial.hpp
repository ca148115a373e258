#pragma once

#include <string>
#include <utility>
#include <vector>

namespace leanmcp::inline v0 {

/// Why a request is not served, with everything each transport needs to say so: the JSON-RPC error, the HTTP status
/// and headers, the public words, and the reason that only the log may hold.
struct Denial {
  int rpc_code = 0;
  int http_status = 400;
  std::string word;     ///< `data.code`, the word people use: "MISSING_TOKEN", "INSUFFICIENT_SCOPE", …
  std::string message;  ///< one sentence, sent
  std::string action;   ///< `data.action`: what to do next, sent when not empty
  std::string reason;   ///< for the log only
  std::string data;     ///< further members of `data`, as JSON text without braces
  std::vector<std::pair<std::string, std::string>> headers;
  /// On stdio, and where the token came in `_meta`, a tool answers with an `isError` result instead of an error.
  bool as_tool_result = false;

  /// `{"code":…,"message":…,"action":…,…}` as JSON text.
  std::string data_json() const;
};

}  // namespace leanmcp::inline v0
