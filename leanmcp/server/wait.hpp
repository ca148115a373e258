#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <type_traits>
#include <utility>

namespace leanmcp::inline v0 {

/// How waiting for something that happens elsewhere (a payment, a sign-in in the browser) ended.
enum class Waited {
  done,
  /// The time allowed is over. Give a complete answer that says so; the next call looks again.
  not_yet,
  /// This caller has too many waits open already; treat it as `not_yet`.
  too_many,
};

/// How long `Context::wait_until` waits. The defaults suit the official clients: those of 2026-07-28 give up after ten
/// rounds, and those before it after 60 s of silence unless they asked for progress.
class WaitOptions {
 public:
  WaitOptions() = default;
  /// Between two looks.
  WaitOptions& poll(std::chrono::milliseconds time) {
    poll_ = time;
    return *this;
  }
  /// How long the server holds one round; on the modern era the round then ends with nothing but a requestState.
  WaitOptions& round(std::chrono::milliseconds time) {
    round_ = time;
    return *this;
  }
  /// How many rounds; on the legacy era, where there is only one request, the same time in all.
  WaitOptions& rounds(int number) {
    rounds_ = number;
    return *this;
  }
  /// From the first look on, over all rounds. 0, the default, for rounds × round.
  WaitOptions& deadline(std::chrono::milliseconds time) {
    deadline_ = time;
    return *this;
  }
  /// Legacy era, for callers that asked for no progress and so see no sign of life: how old the call may become.
  WaitOptions& silent_limit(std::chrono::milliseconds time) {
    silent_limit_ = time;
    return *this;
  }
  /// Goes with each progress notification.
  WaitOptions& message(std::string text) {
    message_ = std::move(text);
    return *this;
  }

  std::chrono::milliseconds poll() const noexcept { return poll_; }
  std::chrono::milliseconds round() const noexcept { return round_; }
  int rounds() const noexcept { return rounds_; }
  std::chrono::milliseconds deadline() const noexcept { return deadline_.count() > 0 ? deadline_ : round_ * rounds_; }
  std::chrono::milliseconds silent_limit() const noexcept { return silent_limit_; }
  const std::string& message() const noexcept { return message_; }

 private:
  std::chrono::milliseconds poll_{500};
  std::chrono::milliseconds round_{20'000};
  int rounds_ = 8;
  std::chrono::milliseconds deadline_{0};
  std::chrono::milliseconds silent_limit_{50'000};
  std::string message_ = "Waiting for you";
};
static_assert(!std::is_aggregate_v<WaitOptions>);

/// How many calls of one caller wait for a person at this moment. Each such wait holds a stream and memory for
/// minutes, so one caller must not be able to pile them up. Thread-safe.
class HumanWaits {
 public:
  explicit HumanWaits(std::size_t per_caller) : state_(std::make_shared<State>(per_caller)) {}

  /// A place for one wait, given back when destroyed.
  class Seat {
   public:
    Seat() = default;
    Seat(Seat&&) noexcept = default;
    Seat& operator=(Seat&& other) noexcept;
    ~Seat() { leave(); }
    /// False where all places of the caller were taken.
    explicit operator bool() const noexcept { return state_ != nullptr; }

   private:
    friend class HumanWaits;
    void leave() noexcept;
    std::shared_ptr<void> state_;
    std::string caller_;
  };
  Seat take(std::string caller);

 private:
  struct State {
    explicit State(std::size_t most) : most(most) {}
    const std::size_t most;
    std::mutex mutex;
    std::map<std::string, std::size_t> open;
  };
  std::shared_ptr<State> state_;
};

}  // namespace leanmcp::inline v0
