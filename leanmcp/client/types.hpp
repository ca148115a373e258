#pragma once

#include <leanmcp/client/error.hpp>
#include <leanmcp/client/input_rounds.hpp>
#include <leanmcp/json/fwd.hpp>
#include <leanmcp/protocol/version.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace leanmcp::inline v0 {

/// A part of an answer. It keeps the whole answer alive; cheap to copy; null where there is none.
using JsonObject = std::shared_ptr<const json::object>;
using JsonValue = std::shared_ptr<const json::value>;

/// The other side, as it describes itself: unverified, for display only (2026-07-28, Discovery).
class ServerDescription {
 public:
  std::string name;
  std::string title;
  std::string version;
  std::string instructions;
  /// Whose rules hold.
  Version revision = newest_version;
  /// Of an answer to `server/discover` or `initialize`; never null.
  JsonObject capabilities;
  /// `tools`, `prompts`, `resources`, `completions`, `logging` or an extension's name.
  bool has(std::string_view capability) const;
};

/// One entry of `tools/list`.
class ToolInfo {
 public:
  std::string name;
  std::string title;
  std::string description;
  /// JSON Schemas as the server sent them, every keyword kept.
  JsonObject input_schema;
  JsonObject output_schema;
  JsonObject annotations;
  /// The entry itself.
  JsonObject json;
};

class PromptArgument {
 public:
  std::string name;
  std::string description;
  bool required = false;
};

class PromptInfo {
 public:
  std::string name;
  std::string title;
  std::string description;
  std::vector<PromptArgument> arguments;
  JsonObject json;
};

class ResourceInfo {
 public:
  std::string uri;
  std::string name;
  std::string title;
  std::string description;
  std::string mime_type;
  std::optional<std::int64_t> size;
  JsonObject json;
};

class TemplateInfo {
 public:
  std::string uri_template;
  std::string name;
  std::string title;
  std::string description;
  std::string mime_type;
  JsonObject json;
};

/// One content block of a result or message (2026-07-28, Tools, Tool Result).
class ContentBlock {
 public:
  /// `text`, `image`, `audio`, `resource`, `resource_link`, or a type of a later revision.
  std::string type;
  /// Of a text, or of an embedded text resource.
  std::string text;
  /// Decoded bytes of an image, audio or embedded blob. Empty when there are none or they are no base64.
  std::string bytes;
  std::string mime_type;
  /// Of a resource or link.
  std::string uri;
  std::string name;
  JsonObject json;
};

/// What `tools/call` came to.
class CallReply {
 public:
  std::vector<ContentBlock> content;
  /// `structuredContent`: an object, before 2026-07-28 always; null when there is none. It fits the tool's output
  /// schema, unless `ClientOptions::validate_output` is off.
  JsonValue structured;
  /// The tool itself failed; its content says how.
  bool is_error = false;
  /// Manual rounds only: the call is not done, `resume` it with the answers.
  std::optional<InputRequired> asked;
  /// The result itself.
  JsonObject json;
  /// The text blocks joined by line breaks.
  std::string text() const;
  /// `structured` as JSON text; empty when there is none.
  std::string structured_text() const;
};

class PromptMessage {
 public:
  std::string role;
  ContentBlock content;
};

class PromptReply {
 public:
  std::string description;
  std::vector<PromptMessage> messages;
  std::optional<InputRequired> asked;
  JsonObject json;
};

class ResourceContent {
 public:
  std::string uri;
  std::string mime_type;
  std::string text;
  /// Decoded `blob`.
  std::string bytes;
  bool is_text = true;
};

class ReadReply {
 public:
  std::vector<ResourceContent> contents;
  std::optional<InputRequired> asked;
  JsonObject json;
};

class CompleteReply {
 public:
  std::vector<std::string> values;
  std::optional<std::int64_t> total;
  bool has_more = false;
};

/// A root that the client offers to servers.
class ClientRoot {
 public:
  explicit ClientRoot(std::string root_uri, std::string root_name = {})
      : uri(std::move(root_uri)), name(std::move(root_name)) {}
  /// A `file://` URI.
  std::string uri;
  std::string name;
};

namespace detail {

/// Entries that are not of their type are null options: one bad entry does not cost the whole list.
std::optional<ToolInfo> read_tool(JsonObject entry);
std::optional<PromptInfo> read_prompt(JsonObject entry);
std::optional<ResourceInfo> read_resource(JsonObject entry);
std::optional<TemplateInfo> read_template(JsonObject entry);

ClientResult<CallReply> read_call_reply(JsonObject result);
ClientResult<PromptReply> read_prompt_reply(JsonObject result);
ClientResult<ReadReply> read_read_reply(JsonObject result);
ClientResult<CompleteReply> read_complete_reply(const json::object& result);
/// The description in an answer to `server/discover` or `initialize`.
ServerDescription read_server(JsonObject result, Version revision);

/// A text member, or an empty text.
std::string text_or_empty(const json::object& object, std::string_view name);

}  // namespace detail

}  // namespace leanmcp::inline v0
