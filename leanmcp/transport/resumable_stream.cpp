#include <leanmcp/transport/resumable_stream.hpp>

#include <leanmcp/base/random.hpp>

#include <algorithm>
#include <charconv>

namespace leanmcp::inline v0 {

namespace {

constexpr std::chrono::milliseconds keep_alive_every = std::chrono::seconds(20);
/// When to come back after a connection that was lost without a word.
constexpr int default_retry_ms = 1'000;

}  // namespace

ResumableStream::ResumableStream(std::string name, bool primes, Limits limits)
    : name_(std::move(name)), primes_(primes), limits_(limits) {}

std::string ResumableStream::event_text(const Event& event) const {
  return "id: " + name_ + "_" + std::to_string(event.number) + "\nevent: message\ndata: " + event.message + "\n\n";
}

void ResumableStream::attach(HttpExchange exchange, std::uint64_t after,
                             const std::vector<std::pair<std::string, std::string>>& headers) {
  std::vector<std::pair<std::string, std::string>> all = headers;
  all.emplace_back("Cache-Control", "no-cache");
  all.emplace_back("X-Accel-Buffering", "no");
  exchange.begin_stream(200, "text/event-stream", all);
  auto live = std::make_shared<HttpExchange>(std::move(exchange));
  const std::weak_ptr<ResumableStream> weak = weak_from_this();
  live->on_disconnect([weak, raw = live.get()] {
    if (const auto self = weak.lock()) {
      const std::lock_guard lock(self->mutex_);
      if (self->live_.get() == raw) self->live_.reset();
    }
  });
  std::string text;
  bool end = false;
  {
    const std::lock_guard lock(mutex_);
    if (live_) live_->executor().post([old = live_] { old->end(); });
    live_ = live;
    if (primes_) {
      text = "id: " + name_ + "_" + std::to_string(after) + "\nretry: " + std::to_string(default_retry_ms) +
             "\ndata: \n\n";
    }
    for (const Event& event : events_)
      if (event.number > after) text += event_text(event);
    end = finished_;
    write(std::move(text), end);
  }
  if (!end) keep_alive(live);
}

void ResumableStream::keep_alive(const std::shared_ptr<HttpExchange>& exchange) {
  const std::weak_ptr<HttpExchange> weak = exchange;
  const std::weak_ptr<ResumableStream> self = weak_from_this();
  exchange->executor().start_timer(keep_alive_every, [weak, self] {
    const auto live = weak.lock();
    const auto stream = self.lock();
    if (!live || !stream) return;
    {
      const std::lock_guard lock(stream->mutex_);
      if (stream->live_ != live) return;
    }
    live->write(":\n\n");
    stream->keep_alive(live);
  });
}

void ResumableStream::append(std::string message) {
  bytes_ += message.size();
  events_.push_back(Event{++last_, std::move(message)});
  while (events_.size() > limits_.events || (bytes_ > limits_.bytes && events_.size() > 1)) {
    bytes_ -= events_.front().message.size();
    events_.pop_front();
  }
}

void ResumableStream::write(std::string text, bool end) {
  if (!live_) return;
  Executor& executor = live_->executor();
  auto deliver = [live = live_, text = std::move(text), end] {
    if (!text.empty()) live->write(text);
    if (end) live->end();
  };
  if (end) live_.reset();
  // Always posted, so that what two threads send keeps the order in which it took the mutex.
  executor.post(std::move(deliver));
}

void ResumableStream::send(std::string message) {
  const std::lock_guard lock(mutex_);
  if (finished_) return;
  append(std::move(message));
  write(event_text(events_.back()), false);
}

void ResumableStream::finish(std::string message) {
  const std::lock_guard lock(mutex_);
  if (finished_) return;
  append(std::move(message));
  finished_ = true;
  write(event_text(events_.back()), true);
}

void ResumableStream::close() {
  const std::lock_guard lock(mutex_);
  if (std::exchange(finished_, true)) return;
  write({}, true);
}

void ResumableStream::pause(int retry_ms) {
  const std::lock_guard lock(mutex_);
  if (finished_) return;
  write("retry: " + std::to_string(retry_ms) + "\n\n", true);
}

bool ResumableStream::finished() const {
  const std::lock_guard lock(mutex_);
  return finished_;
}

std::shared_ptr<ResumableStream> StreamStore::create(bool primes) {
  const std::lock_guard lock(mutex_);
  if (streams_.size() >= most_streams) {
    const auto done = std::find_if(streams_.begin(), streams_.end(), [](const auto& s) { return s->finished(); });
    streams_.erase(done == streams_.end() ? streams_.begin() : done);
  }
  // Unguessable, though a session's streams are reached with the session's id only.
  auto stream = std::make_shared<ResumableStream>(random_id(6) + "-" + std::to_string(++last_), primes);
  streams_.push_back(stream);
  return stream;
}

std::optional<std::pair<std::shared_ptr<ResumableStream>, std::uint64_t>> StreamStore::find(
    std::string_view event_id) const {
  const auto split = event_id.rfind('_');
  if (split == std::string_view::npos) return std::nullopt;
  const std::string_view digits = event_id.substr(split + 1);
  std::uint64_t number = 0;
  const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (failed != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  const std::lock_guard lock(mutex_);
  for (const auto& stream : streams_)
    if (stream->name() == event_id.substr(0, split)) return std::pair(stream, number);
  return std::nullopt;
}

void StreamStore::close_all() {
  std::deque<std::shared_ptr<ResumableStream>> all;
  {
    const std::lock_guard lock(mutex_);
    all.swap(streams_);
  }
  for (const auto& stream : all) stream->close();
}

}  // namespace leanmcp::inline v0
