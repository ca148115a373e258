#include <leanmcp/server/session_table.hpp>

#include <leanmcp/base/random.hpp>

#include <vector>

namespace leanmcp::inline v0 {

namespace {

/// How many in a row may turn out to be in use before the search for an idle one is given up.
constexpr int most_tries = 8;

}  // namespace

void SessionTable::touch(Order::iterator place, TimePoint now) {
  place->session->touch(now);
  order_.splice(order_.end(), order_, place);
  OfAddress& same = by_address_[place->address];
  same.splice(same.end(), same, place->in_address);
}

void SessionTable::drop(Order::iterator place, Ended& ended) {
  const auto same = by_address_.find(place->address);
  same->second.erase(place->in_address);
  if (same->second.empty()) by_address_.erase(same);
  by_id_.erase(place->session->id());
  ended.push_back(std::move(place->session));
  order_.erase(place);
}

/// Only what nobody seems to need any more may be pushed out: a flood must not throw active clients off.
bool SessionTable::make_room(Order::iterator oldest, TimePoint now, Ended& ended) {
  if (now - oldest->session->last_used() < limits_.idle / 10) return false;
  if (oldest->session->busy()) {
    touch(oldest, now);
    return false;
  }
  drop(oldest, ended);
  return true;
}

Result<std::shared_ptr<Session>, SessionRefusal> SessionTable::create(const std::string& address, TimePoint now) {
  Ended ended;
  std::shared_ptr<Session> session;
  SessionRefusal refusal = SessionRefusal::too_many;
  {
    const std::lock_guard lock(mutex_);
    bool room = true;
    if (const auto same = by_address_.find(address);
        same != by_address_.end() && same->second.size() >= limits_.per_address) {
      refusal = SessionRefusal::too_many_from_address;
      room = false;
      for (int i = 0; i < most_tries && !room && !same->second.empty(); ++i)
        room = make_room(same->second.front(), now, ended);
    }
    if (room && order_.size() >= limits_.total) {
      refusal = SessionRefusal::too_many;
      room = false;
      for (int i = 0; i < most_tries && !room && !order_.empty(); ++i) room = make_room(order_.begin(), now, ended);
    }
    if (room) {
      session = std::make_shared<Session>(random_id(24), now);
      OfAddress& same = by_address_[address];
      const auto place = order_.insert(order_.end(), Place{session, address, {}});
      place->in_address = same.insert(same.end(), place);
      by_id_.emplace(session->id(), place);
    }
  }
  for (const auto& old : ended) old->close();
  if (!session) return refusal;
  return session;
}

std::shared_ptr<Session> SessionTable::find(std::string_view id, TimePoint now) {
  const std::lock_guard lock(mutex_);
  const auto found = by_id_.find(std::string(id));
  if (found == by_id_.end()) return nullptr;
  const std::shared_ptr<Session> session = found->second->session;
  if (now - session->last_used() > limits_.idle && !session->busy()) return nullptr;
  touch(found->second, now);
  return session;
}

bool SessionTable::remove(std::string_view id) {
  Ended ended;
  {
    const std::lock_guard lock(mutex_);
    const auto found = by_id_.find(std::string(id));
    if (found == by_id_.end()) return false;
    drop(found->second, ended);
  }
  for (const auto& old : ended) old->close();
  return true;
}

void SessionTable::sweep(TimePoint now) {
  Ended ended;
  {
    const std::lock_guard lock(mutex_);
    while (!order_.empty() && now - order_.front().session->last_used() > limits_.idle) {
      const auto oldest = order_.begin();
      if (oldest->session->busy()) {
        touch(oldest, now);
      } else {
        drop(oldest, ended);
      }
    }
  }
  for (const auto& old : ended) old->close();
}

void SessionTable::each(const std::function<void(const std::shared_ptr<Session>&)>& visit) {
  Ended all;
  {
    const std::lock_guard lock(mutex_);
    for (const Place& place : order_) all.push_back(place.session);
  }
  for (const auto& session : all) visit(session);
}

std::size_t SessionTable::size() const {
  const std::lock_guard lock(mutex_);
  return order_.size();
}

void SessionTable::close_all() {
  Ended ended;
  {
    const std::lock_guard lock(mutex_);
    for (Place& place : order_) ended.push_back(std::move(place.session));
    order_.clear();
    by_id_.clear();
    by_address_.clear();
  }
  for (const auto& old : ended) old->close();
}

}  // namespace leanmcp::inline v0
