#include <leanmcp/storage/write_group.hpp>

#include <algorithm>

namespace leanmcp::inline v0::detail {
namespace {

constexpr std::size_t most_together = 128;

}  // namespace

Result<void, StorageError> WriteGroup::run(const Work& work, const Begin& begin, std::chrono::milliseconds patience) {
  Job job(work);
  std::unique_lock lock(mutex_);
  queue_.push_back(&job);
  if (!led_) {
    led_ = job.leads = true;
  } else if (!job.changed.wait_for(lock, patience, [&] { return job.leads || job.taken; })) {
    queue_.erase(std::find(queue_.begin(), queue_.end(), &job));
    return StorageError{StorageCause::busy, "other transactions held the writer's lock"};
  }
  if (job.leads) {
    lock.unlock();
    lead(begin);
    lock.lock();
  }
  job.changed.wait(lock, [&] { return job.done; });
  if (job.thrown) std::rethrow_exception(job.thrown);
  return std::move(*job.outcome);
}

void WriteGroup::lead(const Begin& begin) {
  // First the lock, then the work: whoever comes while it is waited for is taken along.
  auto transaction = begin();
  const Batch batch = take();
  if (transaction) {
    run_batch(*transaction, batch, begin);
  } else {
    for (Job* const job : batch) job->outcome.emplace(transaction.error());
  }
  const std::lock_guard lock(mutex_);
  for (Job* const job : batch) {
    job->done = true;
    job->changed.notify_one();
  }
  led_ = !queue_.empty();
  if (!led_) return;
  queue_.front()->leads = true;
  queue_.front()->changed.notify_one();
}

WriteGroup::Batch WriteGroup::take() {
  const std::lock_guard lock(mutex_);
  const std::size_t count = std::min(queue_.size(), most_together);
  const auto end = queue_.begin() + static_cast<std::ptrdiff_t>(count);
  Batch batch(queue_.begin(), end);
  queue_.erase(queue_.begin(), end);
  for (Job* const job : batch) {
    job->taken = true;
    job->changed.notify_one();
  }
  return batch;
}

void WriteGroup::run_batch(Transaction& transaction, const Batch& batch, const Begin& begin) {
  if (batch.size() == 1) return run_alone(*batch.front(), transaction);
  if (run_together(transaction, batch)) return;
  // What broke the whole, a full disk say, is one's own; the others are done by themselves.
  transaction.rollback();
  for (Job* const job : batch) {
    job->outcome.reset();
    job->thrown = nullptr;
    auto own = begin();
    if (own) {
      run_alone(*job, *own);
    } else {
      job->outcome.emplace(own.error());
    }
  }
}

void WriteGroup::try_work(Job& job, Transaction& transaction) {
  try {
    job.outcome.emplace(job.work(transaction));
  } catch (...) {
    job.thrown = std::current_exception();
    job.outcome.emplace(StorageError());
  }
}

void WriteGroup::run_alone(Job& job, Transaction& transaction) {
  try_work(job, transaction);
  if (*job.outcome) {
    job.outcome.emplace(transaction.commit());
  } else {
    transaction.rollback();
  }
}

/// False when the transaction as a whole is lost.
bool WriteGroup::run_together(Transaction& transaction, const Batch& batch) {
  for (Job* const job : batch) {
    if (!transaction.run("SAVEPOINT one")) return false;
    try_work(*job, transaction);
    if (!*job->outcome && !transaction.run("ROLLBACK TO one")) return false;
    if (!transaction.run("RELEASE one")) return false;
  }
  return transaction.commit().has_value();
}

}  // namespace leanmcp::inline v0::detail
