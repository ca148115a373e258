#include <leanmcp/server/session.hpp>

#include <leanmcp/base/random.hpp>
#include <leanmcp/protocol/message.hpp>

#include <algorithm>
#include <vector>

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

std::string Session::ask(std::string_view method, std::string_view params, const std::function<void(std::string)>& send,
                         Answered answered) {
  std::string id;
  {
    const std::lock_guard lock(mutex_);
    if (!closed_ && !questions_over_) {
      id = '"' + random_id() + '"';
      questions_.emplace(id, std::move(answered));
    }
  }
  if (id.empty()) {
    answered(std::nullopt);
    return id;
  }
  send(render_request(id, method, params));
  return id;
}

bool Session::forget_question(const std::string& id_json) {
  const std::lock_guard lock(mutex_);
  return questions_.erase(id_json) != 0;
}

void Session::end_questions() {
  std::map<std::string, Answered, std::less<>> questions;
  {
    const std::lock_guard lock(mutex_);
    questions_over_ = true;
    questions.swap(questions_);
  }
  for (auto& [id, answered] : questions) answered(std::nullopt);
}

bool Session::answer(std::string_view id_json, std::optional<std::string> result_json) {
  Answered answered;
  {
    const std::lock_guard lock(mutex_);
    const auto found = questions_.find(id_json);
    if (found == questions_.end()) return false;
    answered = std::move(found->second);
    questions_.erase(found);
  }
  answered(std::move(result_json));
  return true;
}

std::uint64_t Session::track(const std::string& id, std::function<void()> cancel) {
  const std::lock_guard lock(mutex_);
  if (closed_ || in_flight_.size() >= most_in_flight) return 0;
  in_flight_.emplace(++last_tracked_, InFlight{id, std::move(cancel)});
  return last_tracked_;
}

void Session::untrack(std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  in_flight_.erase(number);
}

void Session::cancel(const std::string& id) {
  std::vector<std::function<void()>> all;
  {
    const std::lock_guard lock(mutex_);
    for (auto it = in_flight_.begin(); it != in_flight_.end();) {
      const auto at = it++;
      if (at->second.id != id) continue;
      all.push_back(std::move(at->second.cancel));
      in_flight_.erase(at);
    }
  }
  for (const auto& cancel : all) cancel();
}

bool Session::subscribe(std::string uri, std::uint64_t gate) {
  const std::lock_guard lock(mutex_);
  if (subscriptions_.size() >= most_subscriptions && !subscriptions_.contains(uri)) return false;
  subscriptions_[std::move(uri)] = Subscribed{{}, gate};
  return true;
}

bool Session::subscribe(std::string uri, std::uint64_t gate, const Principal& principal) {
  {
    const std::lock_guard lock(mutex_);
    if (subscriptions_.size() >= most_subscriptions && !subscriptions_.contains(uri)) return false;
    subscriptions_[std::move(uri)] = Subscribed{principal.key(), gate};
    token_until_.emplace(principal.key(), principal.expires_at());
  }
  note_token(principal.key(), principal.expires_at());
  return true;
}

void Session::unsubscribe(const std::string& uri) {
  const std::lock_guard lock(mutex_);
  subscriptions_.erase(uri);
}

bool Session::subscribed(const std::string& uri, TimePoint now, std::uint64_t gate) const {
  const std::lock_guard lock(mutex_);
  const auto found = subscriptions_.find(uri);
  if (found == subscriptions_.end()) return false;
  if (gate != 0 && found->second.gate != gate) return false;
  if (found->second.principal.empty()) return true;
  const auto until = token_until_.find(found->second.principal);
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
  std::map<std::string, Answered, std::less<>> questions;
  std::map<std::uint64_t, InFlight> in_flight;
  std::shared_ptr<Stream> stream;
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(closed_, true)) return;
    questions.swap(questions_);
    in_flight.swap(in_flight_);
    stream.swap(stream_);
  }
  for (auto& [id, answered] : questions) answered(std::nullopt);
  for (auto& [tracked, request] : in_flight) request.cancel();
  if (stream) stream->close();
}

bool Session::busy() const {
  std::shared_ptr<Stream> stream;
  {
    const std::lock_guard lock(mutex_);
    if (!in_flight_.empty()) return true;
    stream = stream_;
  }
  return stream && stream->live();
}

bool Session::closed() const {
  const std::lock_guard lock(mutex_);
  return closed_;
}

}  // namespace leanmcp::inline v0
