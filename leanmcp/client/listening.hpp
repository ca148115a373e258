#pragma once

#include <leanmcp/client/options.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace leanmcp::inline v0 {

namespace detail {
struct ListeningState;
}

/// Which changes to hear of.
class ListenFilter {
 public:
  ListenFilter() = default;
  ListenFilter& tools() {
    tools_ = true;
    return *this;
  }
  ListenFilter& prompts() {
    prompts_ = true;
    return *this;
  }
  ListenFilter& resources() {
    resources_ = true;
    return *this;
  }
  ListenFilter& resource(std::string uri) {
    uris_.push_back(std::move(uri));
    return *this;
  }

  bool tools_ = false;
  bool prompts_ = false;
  bool resources_ = false;
  std::vector<std::string> uris_;
};

/// A subscription. It ends when the last copy goes. On the client's executor only.
class Listening {
 public:
  explicit Listening(std::shared_ptr<detail::ListeningState> state) : state_(std::move(state)) {}
  void stop();
  /// False once the server has ended it, or coming back failed too often.
  bool active() const;
  /// What the server agreed to; of a legacy server, what was asked for.
  const ListenFilter& granted() const;

 private:
  std::shared_ptr<detail::ListeningState> state_;
};

}  // namespace leanmcp::inline v0
