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

std::uint64_t Subscriptions::add(std::shared_ptr<RequestSink> sink, std::string request_id, SubscriptionFilter filter,
                                 std::shared_ptr<Session> channel) {
  const std::lock_guard lock(mutex_);
  if (listeners_.size() >= most_listeners) return 0;
  listeners_.emplace(++last_, Listener{std::move(sink), std::move(request_id), std::move(filter), std::move(channel)});
  return last_;
}

void Subscriptions::set_tracked(std::uint64_t number, std::uint64_t tracked) {
  const std::lock_guard lock(mutex_);
  const auto found = listeners_.find(number);
  if (found != listeners_.end()) found->second.tracked = tracked;
}

void Subscriptions::remove(std::uint64_t number) {
  Listener last_owner;
  const std::lock_guard lock(mutex_);
  const auto found = listeners_.find(number);
  if (found == listeners_.end()) return;
  last_owner = std::move(found->second);
  *last_owner.ended = true;
  listeners_.erase(found);
}

void Subscriptions::end(std::uint64_t number, std::string closing) {
  Listener listener;
  {
    const std::lock_guard lock(mutex_);
    const auto found = listeners_.find(number);
    if (found == listeners_.end()) return;
    listener = std::move(found->second);
    listeners_.erase(found);
  }
  close(listener, std::move(closing));
}

void Subscriptions::close(const Listener& listener, std::string closing) {
  if (std::exchange(*listener.ended, true)) return;
  Reply reply;
  reply.body = std::move(closing);
  listener.sink->respond(std::move(reply));
  // The answer says that it ended well (Subscriptions, Graceful Closure); on stdio this says that the stream is over
  // (Cancellation).
  if (!listener.channel) return;
  listener.channel->untrack(listener.tracked);
  listener.channel->send(render_notification("notifications/cancelled", "{\"requestId\":" + listener.id + "}"));
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

void Subscriptions::send(const std::vector<Listener>& to, std::string_view method, std::string_view members) {
  for (const Listener& listener : to) {
    std::string params = "{\"_meta\":{\"io.modelcontextprotocol/subscriptionId\":" + listener.id + "}";
    params.append(members).append("}");
    listener.sink->executor().post(
        [sink = listener.sink, ended = listener.ended, message = render_notification(method, params)] {
          if (!*ended) sink->notify(message);
        });
  }
}

void Subscriptions::list_changed(Change change) {
  std::vector<Listener> to;
  std::vector<std::shared_ptr<Session>> sessions;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [number, listener] : listeners_)
      if (wants(listener.filter, change)) to.push_back(listener.without_filter());
    sessions = live_sessions();
  }
  send(to, method_of(change), {});
  for (const auto& session : sessions) session->send(render_notification(method_of(change), {}));
}

void Subscriptions::resource_updated(std::string_view uri, TimePoint now, std::uint64_t gate) {
  const std::string key(uri);
  std::vector<Listener> to;
  std::vector<std::shared_ptr<Session>> sessions;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [number, listener] : listeners_) {
      if (listener.filter.until != 0 && now >= TimePoint(std::chrono::seconds(listener.filter.until))) continue;
      const auto& uris = listener.filter.uris;
      const auto named = std::find(uris.begin(), uris.end(), key);
      if (named == uris.end() || listener.filter.muted.contains(key)) continue;
      const std::uint64_t passed = listener.filter.passed[static_cast<std::size_t>(named - uris.begin())];
      if (gate == 0 || passed == gate) to.push_back(listener.without_filter());
    }
    sessions = live_sessions();
  }
  std::string members = ",\"uri\":";
  append_json_string(members, uri);
  send(to, "notifications/resources/updated", members);
  for (const auto& session : sessions)
    if (session->subscribed(key, now, gate))
      session->send(render_notification("notifications/resources/updated", "{" + members.substr(1) + "}"));
}

void Subscriptions::end_outdated(const std::function<std::uint64_t(const std::string& uri)>& gate,
                                 const std::function<std::string(std::string_view id)>& closing) {
  std::vector<Listener> outdated;
  {
    const std::lock_guard lock(mutex_);
    std::map<std::string, std::uint64_t> gates;
    const auto passes = [&](const SubscriptionFilter& filter) {
      for (std::size_t i = 0; i < filter.uris.size(); ++i) {
        const auto [known, fresh] = gates.emplace(filter.uris[i], 0);
        if (fresh) known->second = gate(known->first);
        if (known->second != 0 && known->second != filter.passed[i]) return false;
      }
      return true;
    };
    for (auto it = listeners_.begin(); it != listeners_.end();) {
      if (passes(it->second.filter)) {
        ++it;
      } else {
        outdated.push_back(it->second.without_filter());
        it = listeners_.erase(it);
      }
    }
  }
  close_later(outdated, closing);
}

void Subscriptions::close_all(const std::function<std::string(std::string_view id)>& closing) {
  std::vector<Listener> all;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [number, listener] : listeners_) all.push_back(listener.without_filter());
    listeners_.clear();
  }
  close_later(all, closing);
}

void Subscriptions::close_later(const std::vector<Listener>& listeners,
                                const std::function<std::string(std::string_view id)>& closing) {
  for (const Listener& listener : listeners)
    listener.sink->executor().post([listener, body = closing(listener.id)] { close(listener, body); });
}

}  // namespace leanmcp::inline v0
