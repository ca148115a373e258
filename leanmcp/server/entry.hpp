#pragma once

#include <leanmcp/json/field.hpp>
#include <leanmcp/server/handler.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace leanmcp::inline v0 {

class SchemaValidator;

/// What can be called.
enum class EntryKind { tool, prompt, resource, resource_template };

/// Proposals for one argument, from what the user typed so far and the arguments already known (as JSON text of an
/// object of strings). Runs on the worker pool.
using Completer = std::function<std::vector<std::string>(const std::string& typed, const std::string& known_json)>;

/// A tool argument that HTTP clients repeat in a header (2026-07-28, Streamable HTTP, Custom Headers from Tool
/// Parameters).
struct HeaderParam {
  std::string header;             ///< "Mcp-Param-Region"
  std::vector<std::string> path;  ///< property names from the root of the arguments
};

/// A tool, prompt, resource or resource template with all that was declared beside it. Immutable once built.
struct Entry {
  EntryKind kind = EntryKind::tool;
  std::uint64_t number = 0;  ///< of its registration: each has its own, and keeps it from build to build
  std::string name;
  std::string uri;  ///< of a resource, or the template
  std::string title;
  std::string description;
  std::string mime_type;
  std::string annotations;  ///< JSON text of an object, or empty
  std::string icons;        ///< JSON text of an array, or empty
  std::string meta;         ///< JSON members of `_meta` without braces, or empty
  long long size = -1;      ///< of a resource in bytes, if known
  int ttl_ms = -1;          ///< freshness of `resources/read`; -1 for the server's default
  bool private_cache = false;
  bool hidden = false;  ///< listed only for those who may use it

  Handler handler;
  FieldRules fields;
  std::vector<std::shared_ptr<Hook>> hooks;  ///< in the order of their stages
  bool nonblocking = false;
  std::shared_ptr<std::mutex> serial;  ///< held during the call of a `serialized()` plain function

  std::string input_schema;      ///< JSON text
  std::string output_schema;     ///< JSON text, or empty
  bool output_is_object = true;  ///< as clients before 2026-07-28 need it
  std::string arguments;         ///< of a prompt: JSON text of the argument list
  std::shared_ptr<const SchemaValidator> raw_input;
  std::shared_ptr<const SchemaValidator> raw_output;
  std::vector<HeaderParam> header_params;
  std::map<std::string, Completer> completers;
};

/// An entry while decorators add to it.
class EntryDraft {
 public:
  explicit EntryDraft(Entry& entry) : entry(entry) {}
  Entry& entry;
  /// Changes to the input schema, applied after it was generated.
  std::vector<std::function<Result<void>(json::object& schema)>> schema_edits;
  /// Run once all decorators have been applied, in this order: for what depends on the others, however they are
  /// ordered.
  std::vector<std::function<void(EntryDraft&)>> finally;
  /// What the decorators of a whole service declared, which come before the method's own.
  struct OfService {
    std::vector<std::shared_ptr<Hook>> hooks;
    std::size_t finally = 0;
    bool hidden = false;
  };
  OfService of_service;
  bool made_public = false;  ///< `public_access()`, wherever it stands among the others
  /// Takes the service's protection off where `public_access()` says so. After all decorators, before `finally`.
  void open_if_public();
  /// Refuses the registration; the first reason counts. It is told with the entry's name by `Server::build()`.
  void fail(std::string reason) {
    if (failure.empty()) failure = std::move(reason);
  }
  std::string failure;
  /// Builds the server again as it was built last: for decorators that look something up which may not be known yet.
  /// From any thread but that of the build; does nothing once the server is gone. Null outside of `Server::build()`.
  std::shared_ptr<const std::function<void()>> rebuild;
};

/// Something declared beside a function: description, protection, question, price. Applied at every `Server::build()`,
/// and once more, on another thread, when something it looked up has come (`EntryDraft::rebuild`); never after the
/// server's end.
class Decorator {
 public:
  Decorator(std::function<void(EntryDraft&)> apply) : apply_(std::move(apply)) {}
  /// A rule for one field of the input struct.
  Decorator(FieldRule rule);
  /// A hook of one's own.
  Decorator(std::shared_ptr<Hook> hook);
  void apply(EntryDraft& draft) const { apply_(draft); }

 private:
  std::function<void(EntryDraft&)> apply_;
};

// Decorators that every entry may have.

/// What it does, for the model.
Decorator description(std::string text);
/// A name for people.
Decorator title(std::string text);
/// Media type of a resource.
Decorator mime_type(std::string text);
/// Runs a plain function in place on the event loop: only for functions known to be quick.
Decorator nonblocking();
/// One call at a time, for objects that are not thread-safe. Plain functions only.
Decorator serialized();
/// The tool does not change anything / may destroy something / may be repeated / reaches the outside world
/// (2026-07-28, ToolAnnotations). Hints for the client, not protection.
Decorator read_only();
Decorator destructive(bool is = true);
Decorator idempotent();
Decorator open_world(bool is = true);
/// Annotations of a resource or resource template: who it is for ("user", "assistant"), how important (0 to 1).
Decorator audience(std::vector<std::string> roles, double priority);
/// An icon by https or data URI (2026-07-28, Overview, icons).
Decorator icon(std::string src, std::string mime_type = {}, std::string sizes = {});
/// One member of the entry's `_meta`; `json_text` is its value.
Decorator meta(std::string key, std::string json_text);
/// How long clients may keep what `resources/read` gave, and whether only for the same user.
Decorator cache(int ttl_ms, bool only_for_this_user);
/// Proposals for an argument of a prompt or resource template.
Decorator completion(std::string argument, Completer completer);
/// Takes the service's protection off this one method: authentication, rules and limits, wherever it stands among the
/// decorators. What the method itself declares stays; its own authentication or rules contradict this, and
/// `Server::build()` says so. What has to be paid stays too, so a method of a service that is paid for cannot be
/// public.
Decorator public_access();
/// Lists the entry only for callers who may use it. Lists then differ between callers, and say so (`cacheScope`).
Decorator hide_from_lists();

namespace detail {
/// Between a service's decorators and the method's own.
Decorator end_of_service();
}  // namespace detail

}  // namespace leanmcp::inline v0
