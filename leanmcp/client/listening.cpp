#include <leanmcp/client/listening.hpp>

#include <leanmcp/client/client_core.hpp>
#include <leanmcp/client/http_transport.hpp>

#include <algorithm>

namespace leanmcp::inline v0 {

using Handler = std::function<void(const ClientNotification&)>;
using CorePtr = std::shared_ptr<detail::ClientCore>;

namespace detail {

/// One subscription; it ends with the last handle.
struct ListeningState {
  explicit ListeningState(CorePtr owner) : core(owner) {}
  ListeningState(const ListeningState&) = delete;
  ListeningState& operator=(const ListeningState&) = delete;
  ~ListeningState() { stop(); }

  void stop() {
    if (!std::exchange(active, false)) return;
    stopper.request_stop();
    const auto owner = core.lock();
    if (!owner) return;
    if (observer != 0) owner->remove_observer(observer);
    if (reopened != 0) owner->session().forget_reopened(reopened);
    if (observer == 0 || !owner->session().is_open()) return;
    for (const std::string& uri : granted.uris_) {
      json::object params;
      params["uri"] = uri;
      owner->runs().add(owner->session().executor(), forget(owner, std::move(params)));
    }
  }

  static Task<void> forget(CorePtr owner, json::object params) {
    auto asking = owner->session().request("resources/unsubscribe", std::move(params), RequestSettings());
    co_await std::move(asking);
  }

  std::weak_ptr<ClientCore> core;
  ListenFilter granted;
  std::stop_source stopper;
  bool active = true;
  std::uint64_t observer = 0;
  std::uint64_t reopened = 0;
};

}  // namespace detail

namespace {

using detail::ListeningState;
using detail::RequestOutcome;
using StatePtr = std::shared_ptr<ListeningState>;

json::object wire_filter(const ListenFilter& filter) {
  json::object out;
  if (filter.tools_) out["toolsListChanged"] = true;
  if (filter.prompts_) out["promptsListChanged"] = true;
  if (filter.resources_) out["resourcesListChanged"] = true;
  if (!filter.uris_.empty()) {
    json::array uris;
    for (const std::string& uri : filter.uris_) uris.emplace_back(uri);
    out["resourceSubscriptions"] = std::move(uris);
  }
  return out;
}

ListenFilter read_filter(const json::object& params) {
  ListenFilter out;
  const json::value* const filter = params.if_contains("notifications");
  if (!filter || !filter->is_object()) return out;
  const auto on = [filter](const char* name) {
    const json::value* const member = filter->get_object().if_contains(name);
    return member && member->is_bool() && member->get_bool();
  };
  out.tools_ = on("toolsListChanged");
  out.prompts_ = on("promptsListChanged");
  out.resources_ = on("resourcesListChanged");
  const json::value* const uris = filter->get_object().if_contains("resourceSubscriptions");
  if (uris && uris->is_array())
    for (const json::value& uri : uris->get_array())
      if (uri.is_string()) out.uris_.emplace_back(uri.get_string());
  return out;
}

bool concerns(const ListenFilter& filter, const ClientNotification& note) {
  if (note.method == "notifications/tools/list_changed") return filter.tools_;
  if (note.method == "notifications/prompts/list_changed") return filter.prompts_;
  if (note.method == "notifications/resources/list_changed") return filter.resources_;
  if (note.method != "notifications/resources/updated") return false;
  const std::string uri = detail::text_or_empty(*note.params, "uri");
  return std::find(filter.uris_.begin(), filter.uris_.end(), uri) != filter.uris_.end();
}

/// A subscription that lasted so long was one; those that end sooner are counted, so that nobody asks for ever.
constexpr std::chrono::minutes lasting{1};

/// Keeps `subscriptions/listen` going until it is stopped or the server ends it in order. A server also ends it so when
/// the token that it was allowed by runs out: who can get another one listens again.
Task<void> keep_listening(std::shared_ptr<detail::ClientSession> session, std::weak_ptr<ListeningState> weak,
                          ListenFilter wanted, Handler handler, std::stop_token stop,
                          OneShot<ClientResult<void>> acknowledged) {
  int failures = 0;
  int ends = 0;
  const int most = session->options().limits_.reconnects;
  const auto longest = session->options().limits_.longest_retry;
  ClientResult<void> end{ClientError(ClientCause::closed, "the subscription has ended")};
  while (!stop.stop_requested()) {
    detail::RequestSettings settings;
    settings.stop = stop;
    settings.on_notification = [weak, handler, acknowledged, &failures](const ClientNotification& note) {
      const StatePtr state = weak.lock();
      if (!state || !state->active) return;
      failures = 0;
      if (note.method == "notifications/subscriptions/acknowledged") {
        state->granted = read_filter(*note.params);
        acknowledged.set(ClientResult<void>());
      } else {
        handler(note);
      }
    };
    json::object params;
    params["notifications"] = wire_filter(wanted);
    const TimePoint begun = session->now();
    auto asking = session->request("subscriptions/listen", std::move(params), std::move(settings));
    const RequestOutcome outcome = co_await std::move(asking);
    if (!outcome.error) {
      ends = session->now() - begun < lasting ? ends + 1 : 1;
      if (!session->options().authorizer_ || ends > most) break;
      co_await sleep_for(detail::retry_delay(std::nullopt, ends, longest));
      continue;
    }
    const ClientCause cause = outcome.error->cause();
    const bool broken =
        cause == ClientCause::broken || cause == ClientCause::closed || cause == ClientCause::unreachable;
    end = ClientResult<void>(*outcome.error);
    if (!broken || ++failures > most) break;
    co_await sleep_for(detail::retry_delay(std::nullopt, failures, longest));
  }
  if (const StatePtr state = weak.lock()) state->active = false;
  acknowledged.set(std::move(end));
}

Task<ClientResult<Listening>> listen_modern(CorePtr core, ListenFilter filter, Handler handler) {
  const auto state = std::make_shared<ListeningState>(core);
  const OneShot<ClientResult<void>> acknowledged;
  core->runs().add(core->session().executor(),
                   keep_listening(core->session_ptr(), state, std::move(filter), std::move(handler),
                                  state->stopper.get_token(), acknowledged));
  ClientResult<void> begun = co_await acknowledged;
  if (!begun) co_return ClientResult<Listening>(std::move(begun).error());
  Listening handle(state);
  ClientResult<Listening> result(std::move(handle));
  co_return std::move(result);
}

Task<ClientResult<void>> subscribe(CorePtr core, std::string uri) {
  json::object params;
  params["uri"] = uri;
  auto asking = core->session().request("resources/subscribe", std::move(params), detail::RequestSettings());
  const RequestOutcome outcome = co_await std::move(asking);
  if (outcome.error) co_return ClientResult<void>(*outcome.error);
  co_return ClientResult<void>();
}

Task<void> subscribe_again(CorePtr core, std::vector<std::string> uris) {
  for (const std::string& uri : uris) {
    auto subscribing = subscribe(core, uri);
    const auto done = co_await std::move(subscribing);
    if (!done) core->session().options().logger_.warning("a subscription could not be taken up again");
  }
}

Task<ClientResult<Listening>> listen_legacy(CorePtr core, ListenFilter filter, Handler handler) {
  const auto state = std::make_shared<ListeningState>(core);
  const std::weak_ptr<ListeningState> weak = state;
  state->observer = core->add_observer([weak, handler](const ClientNotification& note) {
    const StatePtr held = weak.lock();
    if (held && held->active && concerns(held->granted, note)) handler(note);
  });
  state->granted = filter;
  state->granted.uris_.clear();
  for (const std::string& uri : filter.uris_) {
    auto subscribing = subscribe(core, uri);
    auto done = co_await std::move(subscribing);
    if (!done) co_return ClientResult<Listening>(std::move(done).error());
    state->granted.uris_.push_back(uri);
  }
  const std::weak_ptr<detail::ClientCore> weak_core = core;
  state->reopened = core->session().on_reopened([weak_core, uris = filter.uris_] {
    if (const auto owner = weak_core.lock())
      owner->runs().add(owner->session().executor(), subscribe_again(owner, uris));
  });
  Listening handle(state);
  ClientResult<Listening> result(std::move(handle));
  co_return std::move(result);
}

}  // namespace

void Listening::stop() { state_->stop(); }
bool Listening::active() const { return state_->active; }
const ListenFilter& Listening::granted() const { return state_->granted; }

Task<ClientResult<Listening>> Client::listen(ListenFilter filter, Handler handler) {
  return core_->session().is_modern() ? listen_modern(core_, std::move(filter), std::move(handler))
                                      : listen_legacy(core_, std::move(filter), std::move(handler));
}

}  // namespace leanmcp::inline v0
