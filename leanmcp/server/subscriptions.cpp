#include <leanmcp/server/subscriptions.hpp>

#include <leanmcp/protocol/message.hpp>

#include <algorithm>

namespace leanmcp::inline v0 {

namespace {

constexpr std::size_t most_listeners = 100'000;

std::string_view method_of(Subscriptions::Change change) {
  switch (change) {
    case Subscriptions::Change::tools:
      return "notifications/tools/list_changed";
    case Subscriptions::Change::prompts:
      return "notifications/prompts/list_changed";
    case Subscriptions::Change::resources:
      return "notifications/resources/list_changed";
  }
  return {};
}

bool wants(const SubscriptionFilter& filter, Subscriptions::Change change) {
  switch (change) {
    case Subscriptions::Change::tools:
      return filter.tools;
    case Subscriptions::Change::prompts:
      return filter.prompts;
    case Subscriptions::Change::resources:
      return filter.resources;
  }
  return false;
}

}  // namespace

std::uint64_t Subscriptions::add(std::shared_ptr<RequestSink> sink, std::string request_id, SubscriptionFilter filter) {
  const std::lock_guard lock(mutex_);
  if (listeners_.size() >= most_listeners) return 0;
  listeners_.emplace(++last_, Listener{std::move(sink), std::move(request_id), std::move(filter)});
  return last_;
}

void Subscriptions::remove(std::uint64_t number) {
  std::shared_ptr<RequestSink> last_owner;
  const std::lock_guard lock(mutex_);
  const auto found = listeners_.find(number);
  if (found == listeners_.end()) return;
  last_owner = std::move(found->second.sink);
  listeners_.erase(found);
}

std::size_t Subscriptions::listeners() const {
  const std::lock_guard lock(mutex_);
  return listeners_.size();
}

void Subscriptions::add_session(const std::shared_ptr<Session>& session) {
  const std::lock_guard lock(mutex_);
  // Dead sessions are swept when the list would grow, so adding stays cheap on average.
  if (sessions_.size() == sessions_.capacity())
    std::erase_if(sessions_, [](const std::weak_ptr<Session>& s) { return s.expired(); });
  sessions_.push_back(session);
}

std::vector<std::shared_ptr<Session>> Subscriptions::live_sessions() {
  std::vector<std::shared_ptr<Session>> live;
  for (const auto& weak : sessions_)
    if (auto session = weak.lock()) live.push_back(std::move(session));
  return live;
}

void Subscriptions::send(const std::vector<std::pair<std::shared_ptr<RequestSink>, std::string>>& to,
                         std::string_view method, std::string_view members) {
  for (const auto& [sink, id] : to) {
    std::string params = "{\"_meta\":{\"io.modelcontextprotocol/subscriptionId\":" + id + "}";
    params.append(members).append("}");
    sink->executor().post([sink = sink, message = render_notification(method, params)] { sink->notify(message); });
  }
}

void Subscriptions::list_changed(Change change) {
  std::vector<std::pair<std::shared_ptr<RequestSink>, std::string>> to;
  std::vector<std::shared_ptr<Session>> sessions;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [number, listener] : listeners_)
      if (wants(listener.filter, change)) to.emplace_back(listener.sink, listener.id);
    sessions = live_sessions();
  }
  send(to, method_of(change), {});
  for (const auto& session : sessions) session->send(render_notification(method_of(change), {}));
}

void Subscriptions::resource_updated(std::string_view uri, TimePoint now) {
  const std::string key(uri);
  std::vector<std::pair<std::shared_ptr<RequestSink>, std::string>> to;
  std::vector<std::shared_ptr<Session>> sessions;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [number, listener] : listeners_) {
      if (listener.filter.until != 0 && now >= TimePoint(std::chrono::seconds(listener.filter.until))) continue;
      const auto& uris = listener.filter.uris;
      if (std::find(uris.begin(), uris.end(), key) != uris.end() && !listener.filter.muted.contains(key))
        to.emplace_back(listener.sink, listener.id);
    }
    sessions = live_sessions();
  }
  std::string members = ",\"uri\":";
  append_json_string(members, uri);
  send(to, "notifications/resources/updated", members);
  for (const auto& session : sessions)
    if (session->subscribed(key, now))
      session->send(render_notification("notifications/resources/updated", "{" + members.substr(1) + "}"));
}

void Subscriptions::close_all(const std::function<std::string(std::string_view id)>& closing) {
  std::map<std::uint64_t, Listener> all;
  {
    const std::lock_guard lock(mutex_);
    all.swap(listeners_);
  }
  for (auto& [number, listener] : all) {
    listener.sink->executor().post([sink = listener.sink, body = closing(listener.id)] {
      Reply reply;
      reply.body = body;
      sink->respond(std::move(reply));
    });
  }
}

}  // namespace leanmcp::inline v0
