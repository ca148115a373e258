#include <leanmcp/server/server.hpp>

#include <leanmcp/json/parse.hpp>
#include <leanmcp/json/schema.hpp>
#include <leanmcp/json/schema_validator.hpp>
#include <leanmcp/server/engine.hpp>
#include <leanmcp/server/icons.hpp>

#include <boost/json.hpp>

#include <algorithm>
#include <exception>
#include <map>
#include <mutex>
#include <set>

namespace leanmcp::inline v0 {

ServerOptions::ServerOptions() : data_(std::make_unique<Data>()) {}
ServerOptions::ServerOptions(const ServerOptions& other) : data_(std::make_unique<Data>(*other.data_)) {}
ServerOptions& ServerOptions::operator=(const ServerOptions& other) {
  *data_ = *other.data_;
  return *this;
}
ServerOptions::~ServerOptions() = default;

ServerOptions& ServerOptions::instructions(std::string text) { return data_->instructions = std::move(text), *this; }
ServerOptions& ServerOptions::title(std::string text) { return data_->title = std::move(text), *this; }
ServerOptions& ServerOptions::website(std::string url) { return data_->website = std::move(url), *this; }
ServerOptions& ServerOptions::icons(std::string json_array) { return data_->icons = std::move(json_array), *this; }
ServerOptions& ServerOptions::page_size(std::size_t entries) { return data_->page_size = entries, *this; }
ServerOptions& ServerOptions::list_ttl(std::chrono::milliseconds ttl) {
  data_->list_ttl = std::max(ttl, std::chrono::milliseconds(0));
  return *this;
}
ServerOptions& ServerOptions::state_keys(KeyRing keys) { return data_->keys = std::move(keys), *this; }
ServerOptions& ServerOptions::state_audience(std::string audience) {
  return data_->audience = std::move(audience), *this;
}
ServerOptions& ServerOptions::state_lifetime(std::chrono::milliseconds lifetime) {
  return data_->state_lifetime = lifetime, *this;
}
ServerOptions& ServerOptions::human_wait(std::chrono::milliseconds limit) { return data_->human_wait = limit, *this; }
ServerOptions& ServerOptions::human_waits_per_caller(std::size_t most) {
  data_->human_waits_per_caller = most;
  return *this;
}
ServerOptions& ServerOptions::call_timeout(std::chrono::milliseconds limit) {
  return data_->call_timeout = limit, *this;
}
ServerOptions& ServerOptions::workers(unsigned threads, std::size_t queue) {
  data_->workers = std::max(1U, threads);
  data_->worker_queue = queue;
  return *this;
}
ServerOptions& ServerOptions::max_calls(std::size_t most) { return data_->calls = most, *this; }
ServerOptions& ServerOptions::logger(Logger logger) { return data_->logger = std::move(logger), *this; }
ServerOptions& ServerOptions::clock(std::shared_ptr<const Clock> clock) {
  return data_->clock = std::move(clock), *this;
}
ServerOptions& ServerOptions::force_replay(bool on) { return data_->force_replay = on, *this; }

namespace {

using Rebuild = std::shared_ptr<const std::function<void()>>;

struct Draft {
  std::shared_ptr<Entry> entry;
  std::vector<Decorator> decorators;
  std::string raw_input;
  std::string raw_output;
};

std::string label(const Entry& entry) {
  switch (entry.kind) {
    case EntryKind::tool:
      return "tool '" + entry.name + "'";
    case EntryKind::prompt:
      return "prompt '" + entry.name + "'";
    case EntryKind::resource:
      return "resource '" + entry.uri + "'";
    case EntryKind::resource_template:
      return "resource template '" + entry.uri + "'";
  }
  return {};
}

/// 2025-11-25 and later, Tools, Tool Names: 1 to 128 of letters, digits, `_`, `-`, `.`.
bool good_tool_name(std::string_view name) {
  return !name.empty() && name.size() <= 128 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '.';
  });
}

/// Collects `x-mcp-header` from the schema's properties, nested ones as well. The schema was checked before.
void collect_headers(const json::object& schema, std::vector<std::string>& path, std::vector<HeaderParam>& out) {
  const json::value* const properties = schema.if_contains("properties");
  if (!properties || !properties->is_object()) return;
  for (const auto& [name, property] : properties->get_object()) {
    if (!property.is_object()) continue;
    path.emplace_back(name);
    if (const json::value* const header = property.get_object().if_contains("x-mcp-header");
        header && header->is_string())
      out.push_back(HeaderParam{"Mcp-Param-" + std::string(header->get_string()), path});
    collect_headers(property.get_object(), path, out);
    path.pop_back();
  }
}

std::string describe_arguments(const json::object& schema) {
  json::array list;
  const json::value* const properties = schema.if_contains("properties");
  const json::value* const required = schema.if_contains("required");
  if (properties && properties->is_object()) {
    for (const auto& [name, property] : properties->get_object()) {
      json::object item;
      item["name"] = name;
      if (property.is_object()) {
        for (const char* key : {"title", "description"})
          if (const json::value* const text = property.get_object().if_contains(key)) item[key] = *text;
      }
      bool is_required = false;
      if (required && required->is_array())
        for (const json::value& entry : required->get_array())
          if (entry.is_string() && entry.get_string() == name) is_required = true;
      item["required"] = is_required;
      list.push_back(std::move(item));
    }
  }
  return json_text(list);
}

void set_output(Entry& entry, const json::object& schema) {
  entry.output_schema = json_text(schema);
  const json::value* const type = schema.if_contains("type");
  entry.output_is_object = type && *type == "object";
}

Result<void> compile_raw(Draft& draft) {
  Entry& entry = *draft.entry;
  const auto parse = [&](const std::string& text, const char* what) -> Result<json::value> {
    auto value = parse_json(text, ParseLimits());
    if (!value || !value->is_object()) return Error(std::string("its ") + what + " schema is no JSON object");
    return std::move(*value);
  };
  auto input = parse(draft.raw_input, "input");
  if (!input) return input.error();
  const json::value* const type = input->get_object().if_contains("type");
  if (!type || *type != "object") return Error("its input schema must say \"type\": \"object\"");
  const auto headers = check_header_annotations(input->get_object());
  if (!headers) return headers.error();
  auto validator = SchemaValidator::compile(*input);
  if (!validator) return Error("its input schema: " + validator.error().message);
  entry.raw_input = std::make_shared<const SchemaValidator>(std::move(*validator));
  entry.input_schema = json_text(*input);
  std::vector<std::string> path;
  collect_headers(input->get_object(), path, entry.header_params);
  if (draft.raw_output.empty()) return {};
  auto output = parse(draft.raw_output, "output");
  if (!output) return output.error();
  auto checked = SchemaValidator::compile(*output);
  if (!checked) return Error("its output schema: " + checked.error().message);
  entry.raw_output = std::make_shared<const SchemaValidator>(std::move(*checked));
  set_output(entry, output->get_object());
  return {};
}

Result<void> compile_schemas(Draft& draft, const EntryDraft& edits) {
  Entry& entry = *draft.entry;
  if (!draft.raw_input.empty()) return compile_raw(draft);
  if (entry.handler.takes_raw) return Error("takes json::value: register it with raw_tool and a schema");
  json::object schema;
  if (entry.handler.input) {
    auto made = leanmcp::schema(*entry.handler.input, entry.fields, SchemaPurpose::input);
    if (!made) return made.error();
    schema = std::move(*made);
  } else {
    schema["type"] = "object";
    schema["properties"] = json::object();
    schema["additionalProperties"] = false;
  }
  for (const auto& edit : edits.schema_edits) {
    const auto edited = edit(schema);
    if (!edited) return edited.error();
  }
  if (entry.kind == EntryKind::prompt) {
    entry.arguments = describe_arguments(schema);
    return {};
  }
  if (entry.kind != EntryKind::tool) return {};
  entry.input_schema = json_text(schema);
  std::vector<std::string> path;
  collect_headers(schema, path, entry.header_params);
  if (entry.handler.output) {
    auto output = leanmcp::schema(*entry.handler.output, entry.fields, SchemaPurpose::output);
    if (!output) return output.error();
    set_output(entry, *output);
  }
  return {};
}

Result<void> compile(Draft& draft, const Rebuild& rebuild) {
  Entry& entry = *draft.entry;
  EntryDraft edits(entry);
  edits.rebuild = rebuild;
  for (const Decorator& decorator : draft.decorators) decorator.apply(edits);
  edits.open_if_public();
  for (std::size_t i = 0; i < edits.finally.size() && edits.failure.empty(); ++i) edits.finally[i](edits);
  if (!edits.failure.empty()) return Error(edits.failure);
  if (entry.kind == EntryKind::tool && !good_tool_name(entry.name))
    return Error("a tool's name is 1 to 128 letters, digits, '_', '-' or '.'");
  if (entry.name.empty()) return Error("the name is empty");
  if (entry.nonblocking && entry.handler.coroutine)
    return Error("nonblocking() is for plain functions; a coroutine does not block anyway");
  // An insertion sort: stable, for a handful of hooks.
  const auto earlier = [](const auto& a, const auto& b) { return a->stage() < b->stage(); };
  for (auto it = entry.hooks.begin(); it != entry.hooks.end(); ++it)
    std::rotate(std::upper_bound(entry.hooks.begin(), it, *it, earlier), it, std::next(it));
  const bool authenticated = std::any_of(entry.hooks.begin(), entry.hooks.end(),
                                         [](const auto& hook) { return hook->stage() == Stage::authenticate; });
  if ((entry.handler.takes_principal || entry.handler.takes_user) && !authenticated)
    return Error("takes the caller (Principal or AuthUser), but nothing authenticates: add authenticated(provider)");
  // Here and not in a decorator: whatever is declared after it may still add or take off what authenticates.
  if (!authenticated &&
      std::any_of(entry.hooks.begin(), entry.hooks.end(), [](const auto& hook) { return hook->needs_principal(); }))
    return Error(
        "has a gate that must know the caller, but nothing authenticates: add authenticated(provider); where "
        "public_access() took it off, the gate stayed");
  if (entry.hidden && !authenticated)
    return Error("hide_from_lists() hides from those who may not use it, but nothing authenticates");
  return compile_schemas(draft, edits);
}

/// Whether a call of it may need another round of its client: the function's own question, or one of its decorators.
bool may_ask(const Entry& entry) {
  if (entry.handler.coroutine && entry.handler.takes_context) return true;
  return std::any_of(entry.hooks.begin(), entry.hooks.end(), [](const auto& hook) {
    return hook->stage() == Stage::elicit || hook->stage() == Stage::entitle;
  });
}

/// The entries of a build, by the number of their registration.
using Built = std::map<std::uint64_t, std::shared_ptr<Entry>>;

/// What calls share goes on from build to build: the turns of a serialized() function, and what limits have counted.
void keep_shared_state(Entry& entry, const Entry& before) {
  if (entry.serial) entry.serial = before.serial;
  const auto is_limit = [](const std::shared_ptr<Hook>& hook) { return hook->stage() == Stage::limit; };
  auto from = before.hooks.begin();
  for (auto& hook : entry.hooks) {
    if (!is_limit(hook)) continue;
    // Hooks stand in the order of their decorators, which never change for a registration.
    from = std::find_if(from, before.hooks.end(), is_limit);
    if (from == before.hooks.end()) return;
    hook = *from++;
  }
}

/// Checks what was registered and makes it live.
Result<void> build_entries(const std::vector<Draft>& list, const Rebuild& rebuild, Built& entries, Engine& engine) {
  Built fresh;
  auto registry = std::make_shared<Registry>();
  std::set<std::pair<EntryKind, std::string>> seen;
  bool asks = false;
  for (const Draft& original : list) {
    // Each build works on copies: entries that calls in flight hold never change.
    Draft draft = original;
    draft.entry = std::make_shared<Entry>(*original.entry);
    const auto compiled = compile(draft, rebuild);
    if (!compiled) return Error(label(*draft.entry) + ": " + compiled.error().message());
    const bool by_uri = draft.entry->kind == EntryKind::resource || draft.entry->kind == EntryKind::resource_template;
    if (!seen.emplace(draft.entry->kind, by_uri ? draft.entry->uri : draft.entry->name).second)
      return Error(label(*draft.entry) + " is registered twice");
    std::optional<UriTemplate> uri_template;
    if (draft.entry->kind == EntryKind::resource_template) {
      auto parsed = UriTemplate::parse(draft.entry->uri);
      if (!parsed) return Error(label(*draft.entry) + ": " + parsed.error().message());
      uri_template = std::move(*parsed);
    }
    if (const auto before = entries.find(draft.entry->number); before != entries.end())
      keep_shared_state(*draft.entry, *before->second);
    fresh[draft.entry->number] = draft.entry;
    asks = asks || may_ask(*draft.entry);
    registry->add(draft.entry, std::move(uri_template));
  }
  registry->render();
  if (asks) engine.expect_questions();
  entries = std::move(fresh);
  engine.publish(std::move(registry));
  return {};
}

}  // namespace

struct Server::Drafts {
  std::vector<Draft> list;
  std::uint64_t last = 0;
  std::string version;
  /// Held while one builds.
  std::mutex building;
  /// What was built last.
  std::vector<Draft> built;
  Built entries;
  Rebuild rebuild;
};

Server::Server(std::string name, std::string version, ServerOptions options)
    : name_(std::move(name)), options_(std::move(options)), drafts_(std::make_shared<Drafts>()) {
  drafts_->version = version;
  engine_ = std::make_shared<Engine>(name_, std::move(version), options_.data());
  const std::weak_ptr<Drafts> drafts = drafts_;
  const std::weak_ptr<Engine> engine = engine_;
  drafts_->rebuild = std::make_shared<const std::function<void()>>([drafts, engine] {
    const auto to_build = drafts.lock();
    const auto serving = engine.lock();
    if (!to_build || !serving) return;
    const std::lock_guard lock(to_build->building);
    if (to_build->built.empty()) return;
    // Whoever found the news goes on, whatever a decorator does.
    std::string reason;
    try {
      const auto done = build_entries(to_build->built, to_build->rebuild, to_build->entries, *serving);
      if (!done) reason = done.error().message();
    } catch (const std::exception& thrown) {
      reason = thrown.what();
    }
    if (!reason.empty()) serving->logger().error("the server cannot be built again", {{"reason", reason}});
  });
}

Server::~Server() {
  {
    // What decorators refer to may be gone after this: one that builds again ends first, and none begins.
    const std::lock_guard lock(drafts_->building);
    drafts_->built.clear();
  }
  engine_->stop_workers();
}

void Server::add(EntryKind kind, std::string name, std::string uri, Handler handler,
                 std::vector<Decorator> decorators) {
  Draft draft;
  draft.entry = std::make_shared<Entry>();
  draft.entry->kind = kind;
  draft.entry->number = ++drafts_->last;
  draft.entry->name = std::move(name);
  draft.entry->uri = std::move(uri);
  draft.entry->handler = std::move(handler);
  draft.decorators = std::move(decorators);
  drafts_->list.push_back(std::move(draft));
}

void Server::add_raw(std::string name, std::string input_schema, std::string output_schema, Handler handler,
                     std::vector<Decorator> decorators) {
  add(EntryKind::tool, std::move(name), {}, std::move(handler), std::move(decorators));
  drafts_->list.back().raw_input = std::move(input_schema);
  drafts_->list.back().raw_output = std::move(output_schema);
}

Server& Server::remove(EntryKind kind, std::string_view name_or_uri) {
  std::erase_if(drafts_->list, [&](const Draft& draft) {
    const bool by_uri = kind == EntryKind::resource || kind == EntryKind::resource_template;
    return draft.entry->kind == kind && (by_uri ? draft.entry->uri : draft.entry->name) == name_or_uri;
  });
  return *this;
}

Result<void> Server::build() {
  const ServerOptions::Data& about = engine_->options();
  if (!about.icons.empty())
    if (const std::string problem = detail::icons_problem(about.icons); !problem.empty())
      return Error("ServerOptions::icons: " + problem);
  if (!about.website.empty() && !about.website.starts_with("https://") && !about.website.starts_with("http://"))
    return Error("ServerOptions::website: it must be an http: or https: URL");
  const std::lock_guard lock(drafts_->building);
  auto built = build_entries(drafts_->list, drafts_->rebuild, drafts_->entries, *engine_);
  if (built) drafts_->built = drafts_->list;
  return built;
}

void Server::resource_updated(std::string_view uri) { engine_->resource_updated(uri); }

}  // namespace leanmcp::inline v0
