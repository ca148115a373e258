#pragma once

#include <leanmcp/base/result.hpp>
#include <leanmcp/http/client.hpp>
#include <leanmcp/json/fwd.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace leanmcp::inline v0 {

/// The value of an `Mcp-Name` or `Mcp-Param-*` header (2026-07-28, Streamable HTTP, Value Encoding): as it is when it
/// is plain, else its base64 between `=?base64?` and `?=`.
std::string encode_mcp_header(std::string_view value);

/// Which arguments of a tool are repeated in headers: the `x-mcp-header` annotations of its input schema (2026-07-28,
/// Streamable HTTP, Custom Headers from Tool Parameters). A value; immutable.
class HeaderPlan {
 public:
  HeaderPlan() = default;
  /// The error says what is wrong with an annotation; such a tool must not be offered.
  static Result<HeaderPlan> of(const json::object& input_schema);

  /// The `Mcp-Param-*` fields of a call. Absent and null arguments have none, nor have values of another type than the
  /// schema's, which the server refuses by itself.
  HttpFields fields(const json::object& arguments) const;
  bool empty() const noexcept { return parts_.empty(); }

 private:
  struct Part {
    std::string header;
    std::vector<std::string> path;
  };
  void collect(const json::object& schema, std::vector<std::string>& path);

  std::vector<Part> parts_;
};

/// `Mcp-Method`, and `Mcp-Name` where the method has one (2026-07-28, Streamable HTTP, Standard Request Headers).
HttpFields standard_mcp_headers(std::string_view method, const json::object& params);

/// The method, and after a space the tool, prompt or URI that the request names, if any: what an authorization is
/// counted by.
std::string mcp_operation(std::string_view method, const json::object& params);

}  // namespace leanmcp::inline v0
