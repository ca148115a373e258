#include <leanmcp/server/registry.hpp>

#include <leanmcp/base/encoding.hpp>
#include <leanmcp/protocol/message.hpp>

#include <algorithm>

namespace leanmcp::inline v0 {

namespace {

constexpr std::size_t most_uri_bytes = 8 * 1024;

bool name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

std::optional<std::string> percent_decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const auto byte = hex_decode(text.substr(i + 1, 2));
    if (!byte || (*byte)[0] == '\0') return std::nullopt;
    out += *byte;
    i += 2;
  }
  return out;
}

void text_member(std::string& out, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  out.append(",\"").append(name).append("\":");
  append_json_string(out, value);
}
void json_member(std::string& out, std::string_view name, std::string_view value) {
  if (!value.empty()) out.append(",\"").append(name).append("\":").append(value);
}

}  // namespace

Result<UriTemplate> UriTemplate::parse(std::string_view text) {
  UriTemplate out;
  Part part;
  std::size_t i = 0;
  while (i < text.size()) {
    if (text[i] == '}') return Error("a URI template has '}' without '{'");
    if (text[i] != '{') {
      part.literal += text[i++];
      continue;
    }
    const auto end = text.find('}', i);
    if (end == std::string_view::npos) return Error("a URI template has '{' without '}'");
    std::string_view name = text.substr(i + 1, end - i - 1);
    part.reserved = name.starts_with('+');
    if (part.reserved) name.remove_prefix(1);
    if (name.empty() || !std::all_of(name.begin(), name.end(), name_char))
      return Error("a URI template knows {name} and {+name} only, of letters, digits and _");
    part.name = name;
    if (!out.parts_.empty() && part.literal.empty())
      return Error("two variables of a URI template need a literal between them");
    out.parts_.push_back(std::move(part));
    part = Part();
    i = end + 1;
  }
  if (!part.literal.empty()) out.parts_.push_back(std::move(part));
  if (out.names().empty()) return Error("a URI template needs a variable; register a plain resource instead");
  return out;
}

std::vector<std::string> UriTemplate::names() const {
  std::vector<std::string> names;
  for (const Part& part : parts_)
    if (!part.name.empty()) names.push_back(part.name);
  return names;
}

std::optional<UriVariables> UriTemplate::match(std::string_view uri) const {
  UriVariables variables;
  if (uri.size() > most_uri_bytes || !match_from(0, uri, variables)) return std::nullopt;
  return variables;
}

bool UriTemplate::match_from(std::size_t index, std::string_view rest, UriVariables& out) const {
  if (index == parts_.size()) return rest.empty();
  const Part& part = parts_[index];
  if (!rest.starts_with(part.literal)) return false;
  rest.remove_prefix(part.literal.size());
  if (part.name.empty()) return match_from(index + 1, rest, out);
  // A variable ends where the next literal begins. Taking the first place it fits keeps the time linear.
  std::size_t end = rest.size();
  if (index + 1 < parts_.size() && !parts_[index + 1].literal.empty()) end = rest.find(parts_[index + 1].literal);
  if (end == std::string_view::npos || end == 0) return false;
  const std::string_view value = rest.substr(0, end);
  if (!part.reserved && value.find_first_of("/?#") != std::string_view::npos) return false;
  auto decoded = percent_decode(value);
  if (!decoded) return false;
  out.emplace_back(part.name, std::move(*decoded));
  return match_from(index + 1, rest.substr(end), out);
}

void Registry::add(std::shared_ptr<const Entry> entry, std::optional<UriTemplate> uri_template) {
  switch (entry->kind) {
    case EntryKind::tool:
      tools_[entry->name] = entry;
      break;
    case EntryKind::prompt:
      prompts_[entry->name] = entry;
      break;
    case EntryKind::resource:
      resources_[entry->uri] = entry;
      break;
    case EntryKind::resource_template:
      templates_.push_back(Template{std::move(*uri_template), entry});
      break;
  }
  if (entry->hidden) hides_[static_cast<std::size_t>(entry->kind)] = true;
  for (const auto& hook : entry->hooks) {
    const void* const authority = hook->authority();
    if (authority && std::none_of(gates_.begin(), gates_.end(),
                                  [&](const auto& gate) { return gate->hooks.front()->authority() == authority; }))
      gates_.push_back(gate_of(*entry));
  }
  order_.push_back(std::move(entry));
}

std::shared_ptr<const Entry> gate_of(const Entry& entry) {
  auto gate = std::make_shared<Entry>();
  gate->kind = EntryKind::resource;
  gate->name = "session";
  for (const auto& hook : entry.hooks)
    if (hook->stage() == Stage::authenticate) gate->hooks.push_back(hook);
  return gate;
}

void Registry::render() {
  for (const auto& entry : order_) {
    const bool by_uri = entry->kind == EntryKind::resource || entry->kind == EntryKind::resource_template;
    for (const Version version : supported_versions)
      lists_[static_cast<std::size_t>(entry->kind)][static_cast<std::size_t>(version)].push_back(
          Item{by_uri ? entry->uri : entry->name, render_item(*entry, version), entry});
  }
}

const Entry* Registry::find(const Map& map, std::string_view key) {
  const auto found = map.find(key);
  return found == map.end() ? nullptr : found->second.get();
}

const Entry* Registry::tool(std::string_view name) const { return find(tools_, name); }
const Entry* Registry::prompt(std::string_view name) const { return find(prompts_, name); }
const Entry* Registry::resource(std::string_view uri) const { return find(resources_, uri); }

const Entry* Registry::match(std::string_view uri, UriVariables& variables) const {
  for (const Template& candidate : templates_) {
    if (auto found = candidate.uri_template.match(uri)) {
      variables = std::move(*found);
      return candidate.entry.get();
    }
  }
  return nullptr;
}

const Entry* Registry::resource_template(std::string_view uri_template) const {
  for (const Template& candidate : templates_)
    if (candidate.entry->uri == uri_template) return candidate.entry.get();
  return nullptr;
}

std::uint64_t Registry::gate_before(std::string_view uri) const {
  UriVariables variables;
  const Entry* entry = resource(uri);
  if (!entry) entry = match(uri, variables);
  return entry && !entry->hooks.empty() ? entry->number : 0;
}

const std::vector<Registry::Item>& Registry::list(EntryKind kind, Version version) const {
  return lists_[static_cast<std::size_t>(kind)][static_cast<std::size_t>(version)];
}

bool Registry::has(EntryKind kind) const { return !list(kind, newest_version).empty(); }

std::string render_item(const Entry& entry, Version version) {
  std::string out = "{\"name\":";
  append_json_string(out, entry.name);
  if (version >= Version::v2025_06_18) text_member(out, "title", entry.title);
  text_member(out, "description", entry.description);
  switch (entry.kind) {
    case EntryKind::tool:
      json_member(out, "inputSchema", entry.input_schema);
      // Roots other than objects came with 2026-07-28; clients of older revisions refuse the whole list over one.
      if (is_modern(version) || (version >= Version::v2025_06_18 && entry.output_is_object))
        json_member(out, "outputSchema", entry.output_schema);
      break;
    case EntryKind::prompt:
      json_member(out, "arguments", entry.arguments);
      break;
    case EntryKind::resource:
      text_member(out, "uri", entry.uri);
      text_member(out, "mimeType", entry.mime_type);
      if (entry.size >= 0) json_member(out, "size", std::to_string(entry.size));
      break;
    case EntryKind::resource_template:
      text_member(out, "uriTemplate", entry.uri);
      text_member(out, "mimeType", entry.mime_type);
      break;
  }
  json_member(out, "annotations", entry.annotations);
  if (version >= Version::v2025_11_25) json_member(out, "icons", entry.icons);
  if (version >= Version::v2025_06_18 && !entry.meta.empty()) out.append(",\"_meta\":{").append(entry.meta).append("}");
  out += '}';
  return out;
}

}  // namespace leanmcp::inline v0
