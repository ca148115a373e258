#pragma once

#include <leanmcp/base/result.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace leanmcp::inline v0 {

/// One content block of a tool result or prompt message (2026-07-28, Tools, Tool Result). Kept as JSON text.
class Content {
 public:
  static Content text(std::string_view text);
  /// `bytes` are encoded here; `mime_type` such as "image/png".
  static Content image(std::string_view bytes, std::string_view mime_type);
  static Content audio(std::string_view bytes, std::string_view mime_type);
  static Content resource_text(std::string_view uri, std::string_view text, std::string_view mime_type = "text/plain");
  static Content resource_blob(std::string_view uri, std::string_view bytes, std::string_view mime_type);
  /// Revisions before 2025-06-18 do not know links; they get the same as a text block.
  static Content resource_link(std::string_view uri, std::string_view name, std::string_view description = {},
                               std::string_view mime_type = {});
  /// Adds `annotations`: `audience` of "user" and/or "assistant", `priority` from 0 to 1.
  Content annotated(const std::vector<std::string>& audience, double priority) &&;

  const std::string& json() const noexcept { return json_; }
  std::string take_json() && noexcept { return std::move(json_); }

 private:
  explicit Content(std::string json) : json_(std::move(json)) {}
  std::string json_;
};

/// What a handler gives back, before it is written for one revision. Base of the three results below.
struct ResultBody {
  std::string items;        ///< content blocks, messages or contents, as JSON joined by commas
  std::string structured;   ///< `structuredContent` as JSON text, or empty
  std::string meta;         ///< members of `_meta` as JSON text without braces, or empty
  std::string description;  ///< of a prompt
  bool is_error = false;    ///< a tool's `isError`
  bool failed = false;      ///< a JSON-RPC error instead of a result, from `error` and `rpc_code`
  bool unfit = false;       ///< a value without a form in its type's schema; `error` says where, for the log
  bool by_hand = false;     ///< `structured` or `meta` is an author's own text, which nobody has parsed yet
  Error error;
  int rpc_code = 0;

  void add(const Content& content);
  void add(Content&& content);
};

/// A tool's result by hand, where a described struct or a string does not do.
class ToolResult : public ResultBody {
 public:
  ToolResult() = default;
  ToolResult(std::string_view text) { add(Content::text(text)); }
  ToolResult(const std::string& text) : ToolResult(std::string_view(text)) {}
  ToolResult(const char* text) : ToolResult(std::string_view(text)) {}
  ToolResult(const Content& content) { add(content); }
  ToolResult(const std::vector<Content>& contents) {
    for (const auto& content : contents) add(content);
  }
  /// `isError`: the model sees the text and can mend its call.
  static ToolResult failure(std::string_view text);
  ToolResult&& with(const Content& content) && {
    add(content);
    return std::move(*this);
  }
  /// `structuredContent`, JSON text; must fit the tool's output schema. What is no JSON is never sent: the call fails,
  /// and the log says why. The same holds for `_meta`.
  ToolResult&& with_structured(std::string json_text) && {
    structured = std::move(json_text);
    by_hand = true;
    return std::move(*this);
  }
  /// One member of `_meta`; `json_text` is its value.
  ToolResult&& with_meta(std::string_view key, std::string_view json_text) &&;
};

/// An expected failure of a tool: `isError` with this text, and `detail` as JSON in the text and in
/// `_meta["com.leanmcp/error"]`; never `structuredContent`, so that no output schema is broken.
class ToolError : public Error {
 public:
  explicit ToolError(std::string text) : Error(std::move(text)) {}
  /// `detail_json` is a JSON object as text.
  ToolError(std::string text, std::string detail_json) : Error(std::move(text)) { with_data(std::move(detail_json)); }
};

/// How a failure looks to the caller of a tool.
ToolResult failure_result(const Error& error);

/// A prompt's messages.
class PromptResult : public ResultBody {
 public:
  PromptResult() = default;
  /// One message by the user.
  PromptResult(std::string_view text) { add_message("user", Content::text(text)); }
  PromptResult(const std::string& text) : PromptResult(std::string_view(text)) {}
  PromptResult(const char* text) : PromptResult(std::string_view(text)) {}
  PromptResult&& user(const Content& content) && {
    add_message("user", content);
    return std::move(*this);
  }
  PromptResult&& assistant(const Content& content) && {
    add_message("assistant", content);
    return std::move(*this);
  }
  PromptResult&& described(std::string text) && {
    description = std::move(text);
    return std::move(*this);
  }

 private:
  void add_message(std::string_view role, const Content& content);
};

/// A resource's contents.
class ResourceResult : public ResultBody {
 public:
  ResourceResult() = default;
  ResourceResult&& text(std::string_view uri, std::string_view text, std::string_view mime_type = "text/plain") &&;
  ResourceResult&& blob(std::string_view uri, std::string_view bytes, std::string_view mime_type) &&;
};

}  // namespace leanmcp::inline v0
