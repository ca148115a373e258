#include <leanmcp/server/entry.hpp>

#include <leanmcp/json/parse.hpp>
#include <leanmcp/protocol/message.hpp>
#include <leanmcp/server/icons.hpp>

#include <boost/json.hpp>

#include <algorithm>
#include <charconv>

namespace leanmcp::inline v0 {

namespace {

/// Adds `"name":value` to the text of a JSON object, which may be empty.
void add_member(std::string& object, std::string_view name, std::string_view value) {
  if (object.empty()) {
    object = "{";
  } else {
    object.back() = ',';
  }
  append_json_string(object, name);
  object.append(":").append(value).append("}");
}

Decorator annotation(std::string name, bool value) {
  return Decorator([name = std::move(name), value](EntryDraft& draft) {
    if (draft.entry.kind != EntryKind::tool) return draft.fail(name + " is for tools");
    add_member(draft.entry.annotations, name, value ? "true" : "false");
  });
}

}  // namespace

Task<void> Hook::after(Call&, bool) { return Task<void>(); }

Decorator::Decorator(FieldRule rule)
    : apply_([rule = std::move(rule)](EntryDraft& draft) { draft.entry.fields.push_back(rule); }) {}

Decorator::Decorator(std::shared_ptr<Hook> hook)
    : apply_([hook = std::move(hook)](EntryDraft& draft) { draft.entry.hooks.push_back(hook); }) {}

Decorator description(std::string text) {
  return Decorator([text = std::move(text)](EntryDraft& draft) { draft.entry.description = text; });
}

Decorator title(std::string text) {
  return Decorator([text = std::move(text)](EntryDraft& draft) { draft.entry.title = text; });
}

Decorator mime_type(std::string text) {
  return Decorator([text = std::move(text)](EntryDraft& draft) {
    if (draft.entry.kind != EntryKind::resource && draft.entry.kind != EntryKind::resource_template)
      return draft.fail("mime_type is for resources");
    draft.entry.mime_type = text;
  });
}

Decorator nonblocking() {
  return Decorator([](EntryDraft& draft) { draft.entry.nonblocking = true; });
}

Decorator serialized() {
  return Decorator([](EntryDraft& draft) {
    if (draft.entry.handler.coroutine)
      return draft.fail("serialized() is for plain functions: a coroutine that waits would hold everyone up");
    if (!draft.entry.serial) draft.entry.serial = std::make_shared<std::mutex>();
  });
}

Decorator read_only() { return annotation("readOnlyHint", true); }
Decorator destructive(bool is) { return annotation("destructiveHint", is); }
Decorator idempotent() { return annotation("idempotentHint", true); }
Decorator open_world(bool is) { return annotation("openWorldHint", is); }

Decorator audience(std::vector<std::string> roles, double priority) {
  return Decorator([roles = std::move(roles), priority](EntryDraft& draft) {
    if (draft.entry.kind != EntryKind::resource && draft.entry.kind != EntryKind::resource_template)
      return draft.fail("audience() is for resources");
    const auto known = [](const std::string& role) { return role == "user" || role == "assistant"; };
    if (!std::all_of(roles.begin(), roles.end(), known))
      return draft.fail("audience() knows \"user\" and \"assistant\" only");
    if (!(priority >= 0 && priority <= 1)) return draft.fail("audience() needs a priority from 0 to 1");
    std::string list = "[";
    for (const auto& role : roles) {
      if (list.size() > 1) list += ',';
      append_json_string(list, role);
    }
    add_member(draft.entry.annotations, "audience", list + "]");
    char digits[32];
    add_member(draft.entry.annotations, "priority",
               std::string_view(digits, static_cast<std::size_t>(
                                            std::to_chars(digits, digits + sizeof digits, priority).ptr - digits)));
  });
}

Decorator icon(std::string src, std::string mime_type, std::string sizes) {
  return Decorator(
      [src = std::move(src), mime_type = std::move(mime_type), sizes = std::move(sizes)](EntryDraft& draft) {
        if (!detail::is_icon_source(src)) return draft.fail("an icon's source must be an https: or data:image/ URI");
        std::string item;
        std::string text;
        append_json_string(text, src);
        add_member(item, "src", text);
        if (!mime_type.empty()) {
          text.clear();
          append_json_string(text, mime_type);
          add_member(item, "mimeType", text);
        }
        if (!sizes.empty()) {
          text = "[";
          append_json_string(text, sizes);
          add_member(item, "sizes", text + "]");
        }
        std::string& icons = draft.entry.icons;
        if (icons.empty()) {
          icons = "[" + item + "]";
        } else {
          icons.back() = ',';
          icons += item + "]";
        }
      });
}

Decorator meta(std::string key, std::string json_text) {
  return Decorator([key = std::move(key), json_text = std::move(json_text)](EntryDraft& draft) {
    if (!parse_json(json_text, ParseLimits())) return draft.fail("the value of meta(\"" + key + "\") is no JSON");
    const auto others = parse_json("{" + draft.entry.meta + "}", ParseLimits());
    if (!others || others->get_object().contains(key)) return draft.fail("meta(\"" + key + "\") is there twice");
    std::string& members = draft.entry.meta;
    if (!members.empty()) members += ',';
    append_json_string(members, key);
    members.append(":").append(json_text);
  });
}

Decorator cache(int ttl_ms, bool only_for_this_user) {
  return Decorator([=](EntryDraft& draft) {
    if (ttl_ms < 0) return draft.fail("cache() needs a time of at least 0 ms");
    draft.entry.ttl_ms = ttl_ms;
    draft.entry.private_cache = only_for_this_user;
  });
}

Decorator completion(std::string argument, Completer completer) {
  return Decorator([argument = std::move(argument), completer = std::move(completer)](EntryDraft& draft) {
    if (draft.entry.kind != EntryKind::prompt && draft.entry.kind != EntryKind::resource_template)
      return draft.fail("completion() is for prompts and resource templates");
    draft.entry.completers[argument] = completer;
  });
}

Decorator public_access() {
  return Decorator([](EntryDraft& draft) { draft.made_public = true; });
}

void EntryDraft::open_if_public() {
  if (!made_public) return;
  const auto& theirs = of_service.hooks;
  const auto is_of_service = [&](const std::shared_ptr<Hook>& hook) {
    return std::find(theirs.begin(), theirs.end(), hook) != theirs.end();
  };
  const auto names_a_caller = [](const std::shared_ptr<Hook>& hook) {
    return hook->stage() == Stage::authenticate || hook->stage() == Stage::authorize ||
           hook->stage() == Stage::authorize_arguments;
  };
  std::erase_if(entry.hooks, [&](const std::shared_ptr<Hook>& hook) {
    return is_of_service(hook) && (names_a_caller(hook) || hook->stage() == Stage::limit);
  });
  finally.erase(finally.begin(), finally.begin() + static_cast<std::ptrdiff_t>(of_service.finally));
  if (of_service.hidden) entry.hidden = false;
  if (std::any_of(entry.hooks.begin(), entry.hooks.end(), names_a_caller))
    fail(
        "public_access() opens it to everybody, but it has authentication or rules of its own: leave out one of the "
        "two");
}

Decorator detail::end_of_service() {
  return Decorator([](EntryDraft& draft) {
    draft.of_service.hooks = draft.entry.hooks;
    draft.of_service.finally = draft.finally.size();
    draft.of_service.hidden = draft.entry.hidden;
  });
}

Decorator hide_from_lists() {
  return Decorator([](EntryDraft& draft) { draft.entry.hidden = true; });
}

}  // namespace leanmcp::inline v0
