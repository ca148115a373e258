#pragma once

#include <leanmcp/base/clock.hpp>

namespace leanmcp::as {

/// When tests that move the time themselves begin.
inline const TimePoint start{std::chrono::milliseconds(1'800'000'000'000)};

}  // namespace leanmcp::as
