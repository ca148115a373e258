#pragma once

#include <leanmcp/storage/database.hpp>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <vector>

namespace leanmcp::inline v0::detail {

/// SQLite has one writer, and each commit waits for the disk. So whoever writes while another is at it waits in a
/// queue, and the next one runs the work of all who wait in one transaction, each behind a savepoint: one wait for the
/// disk is shared by many, and each is told once it is on the disk. Thread-safe.
class WriteGroup {
 public:
  using Work = std::function<Result<void, StorageError>(Transaction&)>;
  using Begin = std::function<Result<Transaction, StorageError>()>;

  /// Runs the work, on this thread or another one, and returns when it is committed, or what kept it from being. It may
  /// be run twice. `busy` when its turn has not come for that long. An exception of the work is thrown here.
  Result<void, StorageError> run(const Work& work, const Begin& begin, std::chrono::milliseconds patience);

 private:
  struct Job {
    explicit Job(const Work& given) : work(given) {}
    const Work& work;
    std::optional<Result<void, StorageError>> outcome;
    std::exception_ptr thrown;
    bool leads = false;
    bool taken = false;
    bool done = false;
    std::condition_variable changed;
  };
  using Batch = std::vector<Job*>;

  void lead(const Begin& begin);
  Batch take();
  static void run_batch(Transaction& transaction, const Batch& batch, const Begin& begin);
  static bool run_together(Transaction& transaction, const Batch& batch);
  static void run_alone(Job& job, Transaction& transaction);
  static void try_work(Job& job, Transaction& transaction);

  std::mutex mutex_;
  std::deque<Job*> queue_;
  bool led_ = false;
};

}  // namespace leanmcp::inline v0::detail
