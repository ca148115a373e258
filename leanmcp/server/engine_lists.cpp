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

namespace {

const json::object* object_of(const json::object* from, std::string_view key) {
  const json::value* const value = from ? from->if_contains(key) : nullptr;
  return value ? value->if_object() : nullptr;
}

Completer no_proposals() {
  return [](const std::string&, const std::string&) { return std::vector<std::string>(); };
}

}  // namespace

void Engine::list(std::shared_ptr<RequestSink> sink, const RequestMessage& message, const RequestInfo& info,
                  EntryKind kind, std::string_view member) {
  const auto answer = [this, sink, id = message.id, params = message.params, kind, member,
                       info](const std::function<bool(const Entry&)>& visible) {
    std::optional<RpcError> error;
    const std::string result = list(kind, member, params, info, visible, error);
    if (error) return respond(*sink, id, *error);
    respond(*sink, render_result(id, result));
  };
  const auto registry = this->registry();
  if (!registry->hides(kind)) return answer(nullptr);
  std::vector<Candidate> candidates;
  for (const auto& item : registry->list(kind, info.version))
    if (item.entry->hidden) candidates.push_back(Candidate{item.entry, {}, false});
  std::vector<const Entry*> asked;
  for (const Candidate& candidate : candidates) asked.push_back(candidate.entry.get());
  admit_all(sink, message, info, std::move(candidates), false,
            [self = shared_from_this(), registry, asked = std::move(asked), answer](
                const Denial*, const std::vector<bool>& allowed, long long) {
              answer([&](const Entry& entry) {
                const auto at = std::find(asked.begin(), asked.end(), &entry);
                return at == asked.end() ? !entry.hidden : allowed[static_cast<std::size_t>(at - asked.begin())];
              });
            });
}

std::string Engine::list(EntryKind kind, std::string_view member, const json::object* params, const RequestInfo& info,
                         const std::function<bool(const Entry&)>& visible, std::optional<RpcError>& error) const {
  const auto registry = this->registry();
  const auto& items = registry->list(kind, info.version);
  // Neither a cursor nor the lack of one may tell of what is hidden.
  const auto shown = [&](const Registry::Item& item) { return !visible || visible(*item.entry); };
  std::size_t begin = 0;
  if (const json::value* const cursor = params ? params->if_contains("cursor") : nullptr) {
    // The cursor is the last item's key: it stays right when entries come and go between two pages.
    const auto key = cursor->is_string() ? base64url_decode(cursor->get_string()) : std::nullopt;
    const auto last = key ? std::find_if(items.begin(), items.end(),
                                         [&](const Registry::Item& item) { return item.key == *key && shown(item); })
                          : items.end();
    if (last == items.end()) {
      error = RpcError{code::invalid_params, "Invalid cursor", {}, 200};
      return {};
    }
    begin = static_cast<std::size_t>(last - items.begin()) + 1;
  }
  const std::size_t page = options_.page_size == 0 ? items.size() : options_.page_size;
  std::string members = "\"" + std::string(member) + "\":[";
  std::size_t end = begin;
  for (std::size_t count = 0; end < items.size() && count < page; ++end) {
    if (!shown(items[end])) continue;
    if (count++ != 0) members += ',';
    members += items[end].json;
  }
  members += ']';
  if (std::any_of(items.begin() + static_cast<std::ptrdiff_t>(end), items.end(), shown))
    members += ",\"nextCursor\":\"" + base64url_encode(items[end - 1].key) + "\"";
  if (info.modern())
    members += ",\"ttlMs\":" + std::to_string(options_.list_ttl.count()) +
               (visible ? R"(,"cacheScope":"private")" : R"(,"cacheScope":"public")");
  return finish_result(*this, info.version, std::move(members));
}

void Engine::listen(std::shared_ptr<RequestSink> sink, const RequestMessage& message, const RequestInfo& info) {
  constexpr std::size_t most_uris = 1'000;
  const json::value* const wanted = message.params ? message.params->if_contains("notifications") : nullptr;
  if (!wanted || !wanted->is_object())
    return respond(*sink, message.id,
                   RpcError{code::invalid_params, "Invalid params: notifications is missing", {}, 400});
  const json::object& object = wanted->get_object();
  const auto flag = [&](std::string_view key) {
    const json::value* const value = object.if_contains(key);
    return value && value->is_bool() && value->get_bool();
  };
  SubscriptionFilter filter;
  filter.tools = flag("toolsListChanged");
  filter.prompts = flag("promptsListChanged");
  filter.resources = flag("resourcesListChanged");
  std::vector<Candidate> candidates;
  std::vector<Candidate> hidden;
  std::vector<std::string> hidden_uris;
  if (const json::value* const uris = object.if_contains("resourceSubscriptions"); uris && uris->is_array()) {
    filter.by_uri = true;
    const auto registry = this->registry();
    for (const json::value& item : uris->get_array()) {
      if (!item.is_string() || filter.uris.size() == most_uris) continue;
      const std::string uri(item.get_string());
      UriVariables variables;
      const Entry* entry = registry->resource(uri);
      if (!entry) entry = registry->match(uri, variables);
      // Changes of a protected resource are as protected as its contents.
      if (entry && !entry->hooks.empty()) {
        if (entry->hidden) hidden_uris.push_back(uri);
        (entry->hidden ? hidden : candidates)
            .push_back(Candidate{std::shared_ptr<const Entry>(registry, entry), std::move(variables), true});
      }
      filter.uris.push_back(uri);
      filter.passed.push_back(entry && !entry->hooks.empty() ? entry->number : 0);
    }
  }
  if (candidates.empty() && hidden.empty())
    return start_listening(std::move(sink), message.id, info, std::move(filter));
  RequestInfo shared = info;
  shared.verified = std::make_shared<VerifiedCaller>();
  // A hidden resource that the caller may not know of is like one that is not there: agreed to, and nothing comes.
  const auto listen_to_hidden = [self = shared_from_this(), sink, message, shared, hidden = std::move(hidden),
                                 hidden_uris = std::move(hidden_uris), filter = std::move(filter)](
                                    const Denial* denial, const std::vector<bool>&, long long until) {
    if (denial) return sink->respond(denial_reply(message.id, *denial));
    self->admit_all(sink, message, shared, hidden, false,
                    [self, sink, message, shared, hidden_uris, filter, until](
                        const Denial*, const std::vector<bool>& allowed, long long hidden_until) {
                      SubscriptionFilter final = filter;
                      for (std::size_t i = 0; i < hidden_uris.size(); ++i)
                        if (!allowed[i]) final.muted.insert(hidden_uris[i]);
                      final.until = until == 0 || (hidden_until != 0 && hidden_until < until) ? hidden_until : until;
                      self->start_listening(sink, message.id, shared, std::move(final));
                    });
  };
  admit_all(sink, message, shared, std::move(candidates), true, listen_to_hidden);
}

void Engine::start_listening(std::shared_ptr<RequestSink> sink, const std::string& id, const RequestInfo& info,
                             SubscriptionFilter filter) {
  std::string agreed;
  const auto agree = [&](bool on, std::string_view text) {
    if (!on) return;
    if (!agreed.empty()) agreed += ',';
    agreed += text;
  };
  agree(filter.tools, "\"toolsListChanged\":true");
  agree(filter.prompts, "\"promptsListChanged\":true");
  agree(filter.resources, "\"resourcesListChanged\":true");
  std::string list;
  for (const std::string& uri : filter.uris) {
    if (!list.empty()) list += ',';
    append_json_string(list, uri);
  }
  agree(filter.by_uri, "\"resourceSubscriptions\":[" + list + "]");
  const long long until = filter.until;
  const std::shared_ptr<Session> channel = info.channel == Channel::stdio ? info.session : nullptr;
  const std::uint64_t number = subscriptions_.add(sink, id, std::move(filter), channel);
  const auto too_many = [&] {
    respond(*sink, id, RpcError{code::unavailable, "Too many subscriptions; try again later.", {}, 503});
  };
  if (number == 0) return too_many();
  const Executor::TimerId timer = until == 0 ? 0 : end_listening_at(*sink, id, number, until);
  const std::weak_ptr<Engine> weak = weak_from_this();
  const auto forget = [weak, number, timer, &executor = sink->executor()] {
    if (timer != 0) executor.cancel_timer(timer);
    if (const auto engine = weak.lock()) engine->subscriptions_.remove(number);
  };
  sink->on_cancel(forget);
  if (info.session) {
    const std::uint64_t tracked = info.session->track(id, forget);
    if (tracked == 0) {
      forget();
      return too_many();
    }
    subscriptions_.set_tracked(number, tracked);
  }
  sink->notify(render_notification(
      "notifications/subscriptions/acknowledged",
      "{\"_meta\":{\"io.modelcontextprotocol/subscriptionId\":" + id + "},\"notifications\":{" + agreed + "}}"));
}

Executor::TimerId Engine::end_listening_at(RequestSink& sink, const std::string& id, std::uint64_t number,
                                           long long until) {
  // The listener learns that its token has run out by the end of the stream, and comes back with a new one. Not at
  // once: while clocks may differ, a token is still taken that has just run out.
  const auto left = std::max(TimePoint(std::chrono::seconds(until)) - now(), std::chrono::milliseconds(1'000));
  return sink.executor().start_timer(
      std::min<std::chrono::milliseconds>(left, std::chrono::hours(24 * 20)), [weak = weak_from_this(), id, number] {
        const auto engine = weak.lock();
        if (!engine) return;
        engine->subscriptions_.end(number, render_result(id, engine->listening_over(id)));
      });
}

std::string Engine::listening_over(std::string_view id) const {
  return finish_result(*this, newest_version, {}, "\"io.modelcontextprotocol/subscriptionId\":" + std::string(id));
}

void Engine::subscribe(std::shared_ptr<RequestSink> sink, const RequestMessage& message, const RequestInfo& info) {
  const std::string uri(text_of(message.params, "uri"));
  if (uri.empty()) return respond(*sink, message.id, RpcError{code::invalid_params, "uri is missing", {}, 200});
  const auto registry = this->registry();
  UriVariables variables;
  const Entry* entry = registry->resource(uri);
  if (!entry) entry = registry->match(uri, variables);
  if (!entry) return absent(std::move(sink), message, info, EntryKind::resource);
  std::shared_ptr<const Entry> held(registry, entry);
  const auto subscribed = [self = shared_from_this(), sink, message, id = message.id, info, held, uri](
                              const Denial* denial, const Principal* who) {
    if (denial && held->hidden) return self->absent(sink, message, info, held->kind);
    if (denial) return sink->respond(denial_reply(id, *denial));
    bool taken = false;
    const std::uint64_t gate = held->hooks.empty() ? 0 : held->number;
    if (!who) {
      taken = info.session->subscribe(uri, gate);
    } else if (self->bind_session(*info.session, *held, *who, info)) {
      taken = info.session->subscribe(uri, gate, *who);
    } else {
      return respond(*sink, id, RpcError{code::invalid_request, "Session not found", {}, 404});
    }
    if (!taken) return respond(*sink, id, RpcError{code::invalid_params, "Too many subscriptions", {}, 200});
    respond(*sink, render_result(id, "{}"));
  };
  admit(sink, message, info, held, std::move(variables), true, subscribed);
}

void Engine::complete(std::shared_ptr<RequestSink> sink, const RequestMessage& message, const RequestInfo& info) {
  const auto refuse = [&](std::string why) {
    respond(*sink, message.id, RpcError{code::invalid_params, "Invalid params: " + std::move(why), {}, 200});
  };
  const json::object* const ref = object_of(message.params, "ref");
  const json::object* const argument = object_of(message.params, "argument");
  if (!ref || !argument) return refuse("ref and argument are needed");
  const std::string_view type = text_of(ref, "type");
  auto registry = this->registry();
  const Entry* entry = nullptr;
  if (type == "ref/prompt") entry = registry->prompt(text_of(ref, "name"));
  if (type == "ref/resource") {
    entry = registry->resource_template(text_of(ref, "uri"));
    if (!entry) entry = registry->resource(text_of(ref, "uri"));
  }
  if (!entry && type != "ref/prompt" && type != "ref/resource") return refuse("ref names nothing here");
  if (!entry)
    return absent(std::move(sink), message, info, type == "ref/prompt" ? EntryKind::prompt : EntryKind::resource);
  const auto completer = entry->completers.find(std::string(text_of(argument, "name")));
  const Version version = info.version;
  if (completer == entry->completers.end() && !entry->hidden) {
    return respond(*sink, render_result(message.id, finish_result(*this, version,
                                                                  R"("completion":{"values":[],"hasMore":false})")));
  }
  const Completer function = completer == entry->completers.end() ? no_proposals() : completer->second;
  if (entry->hooks.empty()) return run_completer(std::move(sink), message, version, registry, function);
  // What it proposes may tell as much as the entry itself.
  std::shared_ptr<const Entry> held(registry, entry);
  admit(sink, message, info, held, {}, false,
        [self = shared_from_this(), sink, message, info, version, registry, held, function](const Denial* denial,
                                                                                            const Principal*) {
          if (denial && held->hidden) return self->absent(sink, message, info, held->kind);
          if (denial) return sink->respond(denial_reply(message.id, *denial));
          self->run_completer(sink, message, version, registry, function);
        });
}

void Engine::run_completer(std::shared_ptr<RequestSink> sink, const RequestMessage& message, Version version,
                           std::shared_ptr<const Registry> registry, const Completer& completer) {
  const std::size_t most_values = 100;
  const json::object* const argument = object_of(message.params, "argument");
  std::string typed(text_of(argument, "value"));
  const json::object* const known = object_of(object_of(message.params, "context"), "arguments");
  std::string known_json = known ? json_text(*known) : "{}";
  const bool taken =
      workers_->submit([self = shared_from_this(), sink, registry, version, id = message.id, function = completer,
                        typed = std::move(typed), known_json = std::move(known_json), most_values] {
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
