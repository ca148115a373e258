#include <leanmcp/storage/pool.hpp>

namespace leanmcp::inline v0::detail {

OpenSql SqlPool::acquire() {
  {
    std::unique_lock lock(mutex_);
    const auto deadline = std::chrono::steady_clock::now() + options_.busy_timeout;
    for (;;) {
      while (!idle_.empty()) {
        auto connection = std::move(idle_.back());
        idle_.pop_back();
        if (connection->usable()) return connection;
        --open_;
      }
      if (open_ < options_.connections) break;
      if (changed_.wait_until(lock, deadline) == std::cv_status::timeout && idle_.empty())
        return StorageError{StorageCause::busy, "no connection came free"};
    }
    ++open_;
  }
  auto opened = engine_ == DatabaseEngine::sqlite ? open_sqlite(target_, options_) : open_postgresql(target_, options_);
  if (!opened) {
    const std::lock_guard lock(mutex_);
    --open_;
    changed_.notify_all();
  }
  return opened;
}

void SqlPool::release(std::unique_ptr<SqlConnection> connection) noexcept {
  connection->rollback();
  const bool usable = connection->usable();
  const std::lock_guard lock(mutex_);
  if (usable) {
    idle_.push_back(std::move(connection));
  } else {
    --open_;
  }
  changed_.notify_all();
}

bool SqlPool::acquire_writer() {
  if (engine_ != DatabaseEngine::sqlite) return true;
  std::unique_lock lock(mutex_);
  if (!changed_.wait_for(lock, options_.busy_timeout, [&] { return !writing_; })) return false;
  writing_ = true;
  return true;
}

void SqlPool::release_writer() noexcept {
  if (engine_ != DatabaseEngine::sqlite) return;
  const std::lock_guard lock(mutex_);
  writing_ = false;
  changed_.notify_all();
}

}  // namespace leanmcp::inline v0::detail
