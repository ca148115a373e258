#include <leanmcp/server/session.hpp>

#include <leanmcp/base/random.hpp>
#include <leanmcp/protocol/message.hpp>

#include <algorithm>

namespace leanmcp::inline v0 {

namespace {

constexpr std::size_t most_subscriptions = 1'000;
constexpr std::size_t most_in_flight = 1'000;

}  // namespace

Session::Session(std::string id, TimePoint now) : id_(std::move(id)), last_used_(now.time_since_epoch().count()) {}
Session::~Session() = default;

void Session::initialize(Client client) {
  const std::lock_guard lock(mutex_);
  client_ = std::move(client);
  initialized_ = true;
}

bool Session::initialized() const {
  const std::lock_guard lock(mutex_);
  return initialized_;
}

Session::Client Session::client() const {
  const std::lock_guard lock(mutex_);
  return client_;
}

bool Session::bind(const std::string& principal_key, const std::shared_ptr<const Entry>& gate, bool by_header) {
  const std::lock_guard lock(mutex_);
  if (principal_key_.empty()) {
    principal_key_ = principal_key;
    gate_ = gate;
    bound_by_header_ = by_header;
  }
  return principal_key_ == principal_key;
}

std::shared_ptr<const Entry> Session::gate() const {
  const std::lock_guard lock(mutex_);
  return gate_;
}

bool Session::bound_by_header() const {
  const std::lock_guard lock(mutex_);
  return bound_by_header_;
}

void Session::note_token(const std::string& principal_key, long long expires_at) {
  const std::lock_guard lock(mutex_);
  const auto found = token_until_.find(principal_key);
  if (found == token_until_.end() || found->second == 0) return;
  found->second = expires_at == 0 ? 0 : std::max(found->second, expires_at);
}

std::string Session::principal_key() const {
  const std::lock_guard lock(mutex_);
  return principal_key_;
}

std::uint64_t Session::ask(std::string_view method, std::string_view params,
                           const std::function<void(std::string)>& send, Answered answered) {
  std::uint64_t number = 0;
  {
    const std::lock_guard lock(mutex_);
    if (!closed_) {
      number = ++last_question_;
      questions_.emplace(number, std::move(answered));
    }
  }
  if (number == 0) {
    answered(std::nullopt);
    return 0;
  }
  send(render_request(std::to_string(number), method, params));
  return number;
}

void Session::forget_question(std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  questions_.erase(number);
}

bool Session::answer(std::string_view id_json, std::optional<std::string> result_json) {
  Answered answered;
  {
    const std::lock_guard lock(mutex_);
    const auto found = std::find_if(questions_.begin(), questions_.end(),
                                    [&](const auto& entry) { return std::to_string(entry.first) == id_json; });
    if (found == questions_.end()) return false;
    answered = std::move(found->second);
    questions_.erase(found);
  }
  answered(std::move(result_json));
  return true;
}

void Session::track(const std::string& id, std::function<void()> cancel) {
  const std::lock_guard lock(mutex_);
  if (in_flight_.size() < most_in_flight) in_flight_[id] = std::move(cancel);
}

void Session::untrack(const std::string& id) {
  const std::lock_guard lock(mutex_);
  in_flight_.erase(id);
}

void Session::cancel(const std::string& id) {
  std::function<void()> cancel;
  {
    const std::lock_guard lock(mutex_);
    const auto found = in_flight_.find(id);
    if (found == in_flight_.end()) return;
    cancel = std::move(found->second);
    in_flight_.erase(found);
  }
  cancel();
}

void Session::subscribe(std::string uri) {
  const std::lock_guard lock(mutex_);
  if (subscriptions_.size() < most_subscriptions) subscriptions_[std::move(uri)].clear();
}

void Session::subscribe(std::string uri, const Principal& principal) {
  {
    const std::lock_guard lock(mutex_);
    if (subscriptions_.size() >= most_subscriptions) return;
    subscriptions_[std::move(uri)] = principal.key();
    token_until_.emplace(principal.key(), principal.expires_at());
  }
  note_token(principal.key(), principal.expires_at());
}

void Session::unsubscribe(const std::string& uri) {
  const std::lock_guard lock(mutex_);
  subscriptions_.erase(uri);
}

bool Session::subscribed(const std::string& uri, TimePoint now) const {
  const std::lock_guard lock(mutex_);
  const auto found = subscriptions_.find(uri);
  if (found == subscriptions_.end()) return false;
  if (found->second.empty()) return true;
  const auto until = token_until_.find(found->second);
  return until != token_until_.end() && (until->second == 0 || now < TimePoint(std::chrono::seconds(until->second)));
}

std::size_t Session::subscriptions() const {
  const std::lock_guard lock(mutex_);
  return subscriptions_.size();
}

void Session::set_stream(std::shared_ptr<Stream> stream) {
  std::shared_ptr<Stream> old;
  {
    const std::lock_guard lock(mutex_);
    old = std::exchange(stream_, std::move(stream));
  }
  if (old) old->close();
}

void Session::clear_stream(const Stream* stream) {
  const std::lock_guard lock(mutex_);
  if (stream_.get() == stream) stream_.reset();
}

std::shared_ptr<Session::Stream> Session::stream() const {
  const std::lock_guard lock(mutex_);
  return stream_;
}

void Session::send(std::string message) {
  if (const auto to = stream()) to->send(std::move(message));
}

void Session::attach(std::shared_ptr<void> attachment) {
  const std::lock_guard lock(mutex_);
  attachment_ = std::move(attachment);
}

std::shared_ptr<void> Session::attachment() const {
  const std::lock_guard lock(mutex_);
  return attachment_;
}

void Session::close() {
  std::map<std::uint64_t, Answered> questions;
  std::unordered_map<std::string, std::function<void()>> in_flight;
  std::shared_ptr<Stream> stream;
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(closed_, true)) return;
    questions.swap(questions_);
    in_flight.swap(in_flight_);
    stream.swap(stream_);
  }
  for (auto& [number, answered] : questions) answered(std::nullopt);
  for (auto& [id, cancel] : in_flight) cancel();
  if (stream) stream->close();
}

bool Session::closed() const {
  const std::lock_guard lock(mutex_);
  return closed_;
}

void SessionTable::drop(std::unordered_map<std::string, Entry>::iterator at,
                        std::vector<std::shared_ptr<Session>>& ended) {
  const auto count = per_address_.find(at->second.address);
  if (count != per_address_.end() && --count->second == 0) per_address_.erase(count);
  ended.push_back(std::move(at->second.session));
  sessions_.erase(at);
}

Result<std::shared_ptr<Session>, SessionRefusal> SessionTable::create(const std::string& address, TimePoint now) {
  std::vector<std::shared_ptr<Session>> ended;
  std::shared_ptr<Session> session;
  SessionRefusal refusal = SessionRefusal::too_many;
  {
    const std::lock_guard lock(mutex_);
    // Only what nobody seems to need any more may be pushed out: a flood must not throw active clients off.
    const auto make_room = [&](bool same_address) {
      auto oldest = sessions_.end();
      for (auto it = sessions_.begin(); it != sessions_.end(); ++it) {
        if (same_address && it->second.address != address) continue;
        if (oldest == sessions_.end() || it->second.session->last_used() < oldest->second.session->last_used())
          oldest = it;
      }
      if (oldest == sessions_.end() || now - oldest->second.session->last_used() < limits_.idle / 10) return false;
      drop(oldest, ended);
      return true;
    };
    bool room = true;
    const auto count = per_address_.find(address);
    if (count != per_address_.end() && count->second >= limits_.per_address) {
      refusal = SessionRefusal::too_many_from_address;
      room = make_room(true);
    }
    if (room && sessions_.size() >= limits_.total) {
      refusal = SessionRefusal::too_many;
      room = make_room(false);
    }
    if (room) {
      session = std::make_shared<Session>(random_id(24), now);
      sessions_.emplace(session->id(), Entry{session, address});
      ++per_address_[address];
    }
  }
  for (const auto& old : ended) old->close();
  if (!session) return refusal;
  return session;
}

std::shared_ptr<Session> SessionTable::find(std::string_view id, TimePoint now) {
  const std::lock_guard lock(mutex_);
  const auto found = sessions_.find(std::string(id));
  if (found == sessions_.end() || now - found->second.session->last_used() > limits_.idle) return nullptr;
  found->second.session->touch(now);
  return found->second.session;
}

bool SessionTable::remove(std::string_view id) {
  std::vector<std::shared_ptr<Session>> ended;
  {
    const std::lock_guard lock(mutex_);
    const auto found = sessions_.find(std::string(id));
    if (found == sessions_.end()) return false;
    drop(found, ended);
  }
  for (const auto& old : ended) old->close();
  return true;
}

void SessionTable::sweep(TimePoint now) {
  std::vector<std::shared_ptr<Session>> ended;
  {
    const std::lock_guard lock(mutex_);
    for (auto it = sessions_.begin(); it != sessions_.end();) {
      const auto at = it++;
      if (now - at->second.session->last_used() > limits_.idle) drop(at, ended);
    }
  }
  for (const auto& old : ended) old->close();
}

void SessionTable::each(const std::function<void(const std::shared_ptr<Session>&)>& visit) {
  std::vector<std::shared_ptr<Session>> all;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, entry] : sessions_) all.push_back(entry.session);
  }
  for (const auto& session : all) visit(session);
}

std::size_t SessionTable::size() const {
  const std::lock_guard lock(mutex_);
  return sessions_.size();
}

void SessionTable::close_all() {
  std::vector<std::shared_ptr<Session>> ended;
  {
    const std::lock_guard lock(mutex_);
    for (auto& [id, entry] : sessions_) ended.push_back(std::move(entry.session));
    sessions_.clear();
    per_address_.clear();
  }
  for (const auto& old : ended) old->close();
}

}  // namespace leanmcp::inline v0
