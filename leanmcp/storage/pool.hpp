#pragma once

#include <leanmcp/storage/connection.hpp>
#include <leanmcp/storage/write_group.hpp>

#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

namespace leanmcp::inline v0::detail {

/// The connections of one Database. Thread-safe.
class SqlPool : public std::enable_shared_from_this<SqlPool> {
 public:
  SqlPool(DatabaseEngine engine, std::string target, DatabaseOptions options)
      : engine_(engine), target_(std::move(target)), options_(options) {}

  DatabaseEngine engine() const noexcept { return engine_; }
  const DatabaseOptions& options() const noexcept { return options_; }

  /// A free connection, opened when none is idle; `busy` when none comes free in time.
  OpenSql acquire();
  void release(std::unique_ptr<SqlConnection> connection) noexcept;

  /// SQLite has one writer. Queueing for it here is fair and wakes at once, where its own busy handler polls.
  bool acquire_writer();
  void release_writer() noexcept;
  WriteGroup& writes() noexcept { return writes_; }

 private:
  const DatabaseEngine engine_;
  const std::string target_;
  const DatabaseOptions options_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::unique_ptr<SqlConnection>> idle_;
  std::size_t open_ = 0;
  bool writing_ = false;
  WriteGroup writes_;
};

}  // namespace leanmcp::inline v0::detail
