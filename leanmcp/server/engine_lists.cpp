// Lists, listening and completion: what the engine answers about its entries without calling them.

#include <leanmcp/base/encoding.hpp>
#include <leanmcp/base/worker_pool.hpp>
#include <leanmcp/protocol/codes.hpp>
#include <leanmcp/server/engine.hpp>
#include <leanmcp/server/engine_reply.hpp>

#include <boost/json.hpp>

#include <algorithm>

namespace leanmcp::inline v0 {

using detail::respond;
using detail::text_of;

std::string Engine::list(EntryKind kind, std::string_view member, const json::object* params, const RequestInfo& info,
                         std::optional<RpcError>& error) const {
  const auto registry = this->registry();
  const auto& items = registry->list(kind, info.version);
  std::size_t begin = 0;
  if (const json::value* const cursor = params ? params->if_contains("cursor") : nullptr) {
    // The cursor is the last item's key: it stays right when entries come and go between two pages.
    const auto key = cursor->is_string() ? base64url_decode(cursor->get_string()) : std::nullopt;
    const auto last = key ? std::find_if(items.begin(), items.end(),
                                         [&](const Registry::Item& item) { return item.key == *key; })
                          : items.end();
    if (last == items.end()) {
      error = RpcError{code::invalid_params, "Invalid cursor", {}, 200};
      return {};
    }
    begin = static_cast<std::size_t>(last - items.begin()) + 1;
  }
  const std::size_t page = options_.page_size == 0 ? items.size() : options_.page_size;
  const std::size_t end = std::min(items.size(), begin + page);
  std::string members = "\"" + std::string(member) + "\":[";
  for (std::size_t i = begin; i < end; ++i) {
    if (i != begin) members += ',';
    members += items[i].json;
  }
  members += ']';
  if (end < items.size()) members += ",\"nextCursor\":\"" + base64url_encode(items[end - 1].key) + "\"";
  if (info.modern())
    members += ",\"ttlMs\":" + std::to_string(options_.list_ttl.count()) + R"(,"cacheScope":"public")";
  return finish_result(*this, info.version, std::move(members));
}

void Engine::listen(std::shared_ptr<RequestSink> sink, const RequestMessage& message, const RequestInfo& info) {
  constexpr std::size_t most_uris = 1'000;
  const json::value* const wanted = message.params ? message.params->if_contains("notifications") : nullptr;
  if (!wanted || !wanted->is_object())
    return respond(*sink, message.id, RpcError{code::invalid_params, "Invalid params: notifications is missing", {}, 400});
  const json::object& object = wanted->get_object();
  const auto flag = [&](std::string_view key) {
    const json::value* const value = object.if_contains(key);
    return value && value->is_bool() && value->get_bool();
  };
  SubscriptionFilter filter;
  filter.tools = flag("toolsListChanged");
  filter.prompts = flag("promptsListChanged");
  filter.resources = flag("resourcesListChanged");
  std::string agreed;
  const auto agree = [&](bool on, std::string_view text) {
    if (!on) return;
    if (!agreed.empty()) agreed += ',';
    agreed += text;
  };
  agree(filter.tools, "\"toolsListChanged\":true");
  agree(filter.prompts, "\"promptsListChanged\":true");
  agree(filter.resources, "\"resourcesListChanged\":true");
  if (const json::value* const uris = object.if_contains("resourceSubscriptions"); uris && uris->is_array()) {
    const auto registry = this->registry();
    std::string list;
    for (const json::value& item : uris->get_array()) {
      if (!item.is_string() || filter.uris.size() == most_uris) continue;
      const std::string uri(item.get_string());
      UriVariables variables;
      const Entry* entry = registry->resource(uri);
      if (!entry) entry = registry->match(uri, variables);
      // Protected resources are left out of what is agreed to: see legacy_method.
      if (entry && !entry->hooks.empty()) continue;
      if (!list.empty()) list += ',';
      append_json_string(list, uri);
      filter.uris.push_back(uri);
    }
    agree(true, "\"resourceSubscriptions\":[" + list + "]");
  }
  const std::uint64_t number = subscriptions_.add(sink, message.id, std::move(filter));
  if (number == 0)
    return respond(*sink, message.id, RpcError{code::unavailable, "Too many subscriptions; try again later.", {}, 503});
  const std::weak_ptr<Engine> weak = weak_from_this();
  const auto forget = [weak, number] {
    if (const auto engine = weak.lock()) engine->subscriptions_.remove(number);
  };
  sink->on_cancel(forget);
  if (info.session) info.session->track(message.id, forget);
  sink->notify(render_notification("notifications/subscriptions/acknowledged",
                                   "{\"_meta\":{\"io.modelcontextprotocol/subscriptionId\":" + message.id +
                                       "},\"notifications\":{" + agreed + "}}"));
}

void Engine::complete(std::shared_ptr<RequestSink> sink, const RequestMessage& message, const RequestInfo& info) {
  const std::size_t most_values = 100;
  const auto refuse = [&](std::string why) {
    respond(*sink, message.id, RpcError{code::invalid_params, "Invalid params: " + std::move(why), {}, 200});
  };
  const auto object = [&](const json::object* from, std::string_view key) -> const json::object* {
    const json::value* const value = from ? from->if_contains(key) : nullptr;
    return value ? value->if_object() : nullptr;
  };
  const json::object* const ref = object(message.params, "ref");
  const json::object* const argument = object(message.params, "argument");
  if (!ref || !argument) return refuse("ref and argument are needed");
  const std::string_view type = text_of(ref, "type");
  auto registry = this->registry();
  const Entry* entry = nullptr;
  if (type == "ref/prompt") entry = registry->prompt(text_of(ref, "name"));
  if (type == "ref/resource") {
    entry = registry->resource_template(text_of(ref, "uri"));
    if (!entry) entry = registry->resource(text_of(ref, "uri"));
  }
  if (!entry) return refuse("ref names nothing here");
  const auto completer = entry->completers.find(std::string(text_of(argument, "name")));
  const Version version = info.version;
  if (completer == entry->completers.end() || !entry->hooks.empty()) {
    return respond(*sink, render_result(message.id, finish_result(*this, version,
                                                                  R"("completion":{"values":[],"hasMore":false})")));
  }
  std::string typed(text_of(argument, "value"));
  const json::object* const known = object(object(message.params, "context"), "arguments");
  std::string known_json = known ? json_text(*known) : "{}";
  const bool taken = workers_->submit([self = shared_from_this(), sink, registry, version, id = message.id,
                                       function = completer->second, typed = std::move(typed),
                                       known_json = std::move(known_json), most_values] {
    std::string body;
    try {
      const std::vector<std::string> values = function(typed, known_json);
      std::string members = "\"completion\":{\"values\":[";
      const std::size_t shown = std::min(values.size(), most_values);
      for (std::size_t i = 0; i < shown; ++i) {
        if (i != 0) members += ',';
        append_json_string(members, values[i]);
      }
      members += "],\"total\":" + std::to_string(values.size());
      members += values.size() > shown ? ",\"hasMore\":true}" : ",\"hasMore\":false}";
      body = render_result(id, finish_result(*self, version, std::move(members)));
    } catch (const std::exception& e) {
      self->logger().error("completer threw", {{"what", e.what()}});
      body = render_error(id, code::internal_error, "Internal error");
    }
    sink->executor().post([sink, body = std::move(body)] { respond(*sink, body); });
  });
  if (!taken) respond(*sink, message.id, RpcError{code::unavailable, "The server is busy; try again.", {}, 503});
}

}  // namespace leanmcp::inline v0
