#include <leanmcp/server/wait.hpp>

namespace leanmcp::inline v0 {

HumanWaits::Seat& HumanWaits::Seat::operator=(Seat&& other) noexcept {
  if (this != &other) {
    leave();
    state_ = std::move(other.state_);
    caller_ = std::move(other.caller_);
  }
  return *this;
}

void HumanWaits::Seat::leave() noexcept {
  const auto held = std::static_pointer_cast<State>(std::move(state_));
  state_.reset();
  if (!held) return;
  const std::lock_guard lock(held->mutex);
  const auto found = held->open.find(caller_);
  if (found != held->open.end() && --found->second == 0) held->open.erase(found);
}

HumanWaits::Seat HumanWaits::take(std::string caller) {
  Seat seat;
  const std::lock_guard lock(state_->mutex);
  std::size_t& open = state_->open[caller];
  if (open >= state_->most) {
    if (open == 0) state_->open.erase(caller);
    return seat;
  }
  ++open;
  seat.state_ = state_;
  seat.caller_ = std::move(caller);
  return seat;
}

}  // namespace leanmcp::inline v0
