#pragma once

#include <leanmcp/base/clock.hpp>
#include <leanmcp/base/result.hpp>

#include <string>

namespace leanmcp::inline v0 {

/// Where `Context::once(store, key, fn)` keeps what was done, so that it is done exactly once, whatever rounds are
/// replayed, late or in parallel, by whichever instance. Thread-safe; the functions may block, they run on the worker
/// pool. `SqlOnceStore` keeps it in the database.
class OnceStore {
 public:
  enum class State {
    mine,     ///< not done yet: the holder is to do it
    done,     ///< `result` has what came of it
    busy,     ///< another holder is doing it right now
    unknown,  ///< a holder began and never came back: it may be done or not
  };
  struct Claim {
    State state = State::unknown;
    std::string result;
  };
  virtual ~OnceStore() = default;
  virtual Result<Claim> claim(const std::string& id, const std::string& holder, TimePoint now) = 0;
  /// The holder has done it.
  virtual Result<void> finish(const std::string& id, const std::string& holder, const std::string& result_json) = 0;
  /// The holder has not done it: others may.
  virtual Result<void> release(const std::string& id, const std::string& holder) = 0;
};

}  // namespace leanmcp::inline v0
