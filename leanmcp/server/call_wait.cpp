// The parts of a call that have to do with waiting for people and with the rounds that come of it.

#include <leanmcp/server/ask.hpp>
#include <leanmcp/server/call_state.hpp>

#include <algorithm>
#include <cmath>

namespace leanmcp::inline v0 {

namespace {

constexpr std::chrono::milliseconds sign_of_life = std::chrono::seconds(5);

std::chrono::milliseconds between(TimePoint from, TimePoint to) {
  return std::max(to - from, std::chrono::milliseconds(0));
}

}  // namespace

void CallState::start_timeout(std::chrono::milliseconds left) {
  timeout_left_ = left;
  timeout_started_ = now();
  const std::weak_ptr<CallState> weak = weak_from_this();
  timeout_ = sink_->executor().start_timer(left, [weak] {
    const auto self = weak.lock();
    if (!self || self->answered_) return;
    self->engine_->logger().warning("call timed out", {{"name", self->name_}});
    self->timed_out_ = true;
    self->send(failure_result(Error("The call took too long and was stopped.")));
    self->cancel();
  });
}

CallState::HumanPause::HumanPause(CallState& call) : call_(call) {
  if (call_.human_pauses_++ > 0 || call_.timeout_ == 0) return;
  call_.executor().cancel_timer(std::exchange(call_.timeout_, 0));
  const auto used = between(call_.timeout_started_, call_.now());
  call_.timeout_left_ = std::max(call_.timeout_left_ - used, std::chrono::milliseconds(1));
}

CallState::HumanPause::~HumanPause() {
  if (--call_.human_pauses_ > 0 || call_.answered_ || call_.timeout_left_.count() == 0) return;
  call_.start_timeout(call_.timeout_left_);
}

std::string CallState::waiter() const {
  if (principal_ && !principal_->key().empty()) return "p" + principal_->key();
  if (info_.session && !info_.session->id().empty()) return "s" + info_.session->id();
  return "a" + info_.peer;
}

/// Looks until `check` says yes or `limit` has passed.
Task<bool> CallState::look_until(std::function<Task<bool>()>& check, std::chrono::milliseconds limit,
                                 const WaitOptions& options) {
  const TimePoint began = now();
  // Both are counted: the clock, which also sees how long the looks take, and the pauses, which it may not see.
  std::chrono::milliseconds slept{0};
  std::chrono::milliseconds quiet{0};
  for (;;) {
    Task<bool> looking = check();
    const bool done = co_await std::move(looking);
    if (done) co_return true;
    const std::chrono::milliseconds left = limit - std::max(slept, between(began, now()));
    if (left.count() <= 0) co_return false;
    const std::chrono::milliseconds nap = std::min(left, std::max(options.poll(), std::chrono::milliseconds(10)));
    Task<void> sleeping = sleep_for(nap);
    co_await std::move(sleeping);
    slept += nap;
    quiet += nap;
    if (quiet >= sign_of_life) {
      quiet = std::chrono::milliseconds(0);
      // Clients that prolong their time limit on progress see life here; the author's own values go on growing.
      const double last = last_progress_;
      progress(std::isfinite(last) ? std::max(last + 0.001, std::nextafter(last, HUGE_VAL)) : 0, std::nullopt,
               options.message());
    }
  }
}

Task<Waited> CallState::wait_until(std::string key, std::function<Task<bool>()> check, WaitOptions options) {
  Rounds::Wait& wait = rounds().wait(key, now());
  // What a wait came to holds for the rest of the call, or later rounds would wait again.
  if (wait.outcome >= 0) co_return static_cast<Waited>(wait.outcome);
  HumanWaits::Seat seat = engine_->human_waits().take(waiter());
  const HumanPause pause(*this);
  const bool in_rounds = info_.modern() || engine_->options().force_replay;
  const auto since_first = between(wait.began, now());
  std::chrono::milliseconds limit = options.deadline() - since_first;
  if (in_rounds) {
    limit = std::min(limit, options.round());
  } else if (progress_token_.empty()) {
    limit = std::min(limit, options.silent_limit() - between(rounds().now(), now()));
  }
  if (!seat) limit = std::chrono::milliseconds(0);
  Task<bool> looking = look_until(check, limit, options);
  const bool done = co_await std::move(looking);
  ++wait.rounds;
  const bool over = !in_rounds || wait.rounds >= options.rounds() ||
                    std::max(between(wait.began, now()), options.round() * wait.rounds) >= options.deadline();
  if (done) {
    wait.outcome = static_cast<int>(Waited::done);
  } else if (!seat) {
    wait.outcome = static_cast<int>(Waited::too_many);
  } else if (over) {
    wait.outcome = static_cast<int>(Waited::not_yet);
  } else {
    rounds().pause();
    replay_ = !info_.modern();
    co_await Abandon();
  }
  co_return static_cast<Waited>(wait.outcome);
}

std::function<void()> CallState::url_completion(const std::string& key) {
  if (info_.version != Version::v2025_11_25 || !info_.session) return [] {};
  std::string params = "{\"elicitationId\":";
  append_json_string(params, url_question_id(*this, key));
  params += '}';
  std::string message = render_notification("notifications/elicitation/complete", params);
  const std::weak_ptr<CallState> weak = weak_from_this();
  const std::weak_ptr<Session> session = info_.session;
  return [weak, session, message = std::move(message)] {
    // On the call's own stream while that is open, else on the session's: nobody but the asking client hears of it.
    if (const auto self = weak.lock()) {
      self->executor().post([self, session, message] {
        if (!self->answered_) {
          self->sink_->notify(message);
        } else if (const auto later = session.lock()) {
          later->send(message);
        }
      });
    } else if (const auto later = session.lock()) {
      later->send(message);
    }
  };
}

void CallState::finish_round() {
  const TimePoint expires = now() + engine_->options().state_lifetime;
  const std::string saved = rounds_->save(state_binding(), expires);
  // What cannot come back is not sent out: the client would put answers into it that nobody takes.
  if (saved.size() > Rounds::Limits().state_bytes) {
    engine_->logger().warning("answers too large to carry along", {{"name", name_}, trace()});
    return finish(failed(std::make_exception_ptr(CallFailure(Error("The answers so far are too large to go on.")))),
                  began_);
  }
  run_after_hooks(false, {});
  const std::string state = engine_->state_sealer().seal(saved, "requestState");
  // A round that only waits has nothing to ask: the client comes again with the state (Multi Round-Trip Requests).
  std::string members;
  bool first = true;
  for (const Question& question : rounds_->pending()) {
    members += std::exchange(first, false) ? "\"inputRequests\":{" : ",";
    append_json_string(members, question.key);
    members += ":{\"method\":";
    append_json_string(members, question.method);
    members.append(",\"params\":").append(question.params).append("}");
  }
  members += first ? "\"requestState\":" : "},\"requestState\":";
  append_json_string(members, state);
  members += R"(,"resultType":"input_required")";
  Reply reply;
  reply.body = render_result(id_, "{" + members + ",\"_meta\":{" + engine_->server_info_meta() + "}}");
  respond(std::move(reply));
}

}  // namespace leanmcp::inline v0
