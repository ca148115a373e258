#include <leanmcp/transport/resumable_stream.hpp>

#include <leanmcp/base/random.hpp>
#include <leanmcp/transport/one_line.hpp>

#include <algorithm>
#include <charconv>

namespace leanmcp::inline v0 {

namespace {

constexpr std::chrono::milliseconds keep_alive_every = std::chrono::seconds(20);
/// When to come back after a connection that was lost without a word.
constexpr int default_retry_ms = 1'000;

}  // namespace

ResumableStream::ResumableStream(std::string name, bool primes, std::shared_ptr<StreamBudget> budget, Limits limits)
    : name_(std::move(name)), primes_(primes), budget_(std::move(budget)), limits_(limits) {}

ResumableStream::~ResumableStream() {
  detach();
  budget_->give_back(bytes_);
}

std::shared_ptr<HttpExchange> ResumableStream::detach() noexcept {
  if (live_ && keep_alive_timer_ != 0) live_->executor().cancel_timer(std::exchange(keep_alive_timer_, 0));
  return std::exchange(live_, nullptr);
}

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
      if (self->live_.get() == raw) self->detach();
    }
  });
  std::string text;
  bool end = false;
  {
    const std::lock_guard lock(mutex_);
    if (const auto old = detach()) old->executor().post([old] { old->end(); });
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
  const std::lock_guard lock(mutex_);
  if (live_ != exchange) return;
  keep_alive_timer_ = exchange->executor().start_timer(keep_alive_every, [weak, self] {
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

void ResumableStream::forget_oldest() {
  const std::size_t size = events_.front().message.size();
  bytes_ -= size;
  budget_->give_back(size);
  events_.pop_front();
}

std::string ResumableStream::append(std::string message) {
  detail::make_one_line(message);
  bytes_ += message.size();
  budget_->take(message.size());
  events_.push_back(Event{++last_, std::move(message)});
  std::string text = event_text(events_.back());
  while (events_.size() > limits_.events || (events_.size() > 1 && (bytes_ > limits_.bytes || budget_->over())))
    forget_oldest();
  // When all sessions together keep too much, who reads gets it and who is away does not.
  while (!events_.empty() && budget_->all_over()) forget_oldest();
  return text;
}

void ResumableStream::write(std::string text, bool end) {
  if (!live_) return;
  Executor& executor = live_->executor();
  auto deliver = [live = live_, text = std::move(text), end] {
    if (!text.empty()) live->write(text);
    if (end) live->end();
  };
  if (end) detach();
  // Always posted, so that what two threads send keeps the order in which it took the mutex.
  executor.post(std::move(deliver));
}

void ResumableStream::send(std::string message) {
  const std::lock_guard lock(mutex_);
  if (finished_) return;
  write(append(std::move(message)), false);
}

void ResumableStream::finish(std::string message) {
  const std::lock_guard lock(mutex_);
  if (finished_) return;
  finished_ = true;
  write(append(std::move(message)), true);
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

bool ResumableStream::live() const {
  const std::lock_guard lock(mutex_);
  return live_ != nullptr;
}

std::shared_ptr<ResumableStream> StreamStore::create(bool primes) {
  std::vector<std::shared_ptr<ResumableStream>> dropped;
  const std::lock_guard lock(mutex_);
  while (!streams_.empty() && (streams_.size() >= most_streams || budget_->over())) {
    auto oldest = std::find_if(streams_.begin(), streams_.end(), [](const auto& s) { return s->finished(); });
    if (oldest == streams_.end()) {
      if (streams_.size() < most_streams) break;
      oldest = streams_.begin();
    }
    dropped.push_back(std::move(*oldest));
    streams_.erase(oldest);
  }
  // Unguessable, though a session's streams are reached with the session's id only.
  auto stream = std::make_shared<ResumableStream>(random_id(6) + "-" + std::to_string(++last_), primes, budget_);
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

void StreamStore::forget(const ResumableStream& stream) {
  const std::lock_guard lock(mutex_);
  std::erase_if(streams_, [&](const auto& kept) { return kept.get() == &stream; });
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
