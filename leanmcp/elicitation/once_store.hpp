#pragma once

#include <leanmcp/server/once.hpp>
#include <leanmcp/storage/database.hpp>

#include <chrono>
#include <memory>

namespace leanmcp::inline v0 {

/// Keeps what `Context::once(store, key, fn)` did in a table of the database. A holder that began and did not come back
/// within `patience` is taken for dead; what it was doing is then not repeated, and the call that asks says so.
Result<std::shared_ptr<OnceStore>> sql_once_store(Database database,
                                                  std::chrono::milliseconds patience = std::chrono::minutes(2));

/// Forgets what was done before `before`; how many there were. A call's rounds live for the state's lifetime (15
/// minutes unless set otherwise), so a day is ample.
Result<std::int64_t> forget_once(const Database& database, TimePoint before);

}  // namespace leanmcp::inline v0
