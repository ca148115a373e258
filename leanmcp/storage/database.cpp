#include <leanmcp/storage/database.hpp>

#include <leanmcp/storage/pool.hpp>

#include <thread>

namespace leanmcp::inline v0 {

using detail::SqlConnection;
using detail::SqlPool;

namespace {

/// A statement that writes, and may share its commit with others; none that sets something up.
bool changes_rows(std::string_view sql) noexcept {
  return sql.starts_with("INSERT ") || sql.starts_with("UPDATE ") || sql.starts_with("DELETE ");
}

}  // namespace

Transaction::Transaction(std::shared_ptr<SqlPool> pool, std::unique_ptr<SqlConnection> connection) noexcept
    : pool_(std::move(pool)), connection_(std::move(connection)) {}

Transaction::Transaction(Transaction&&) noexcept = default;

Transaction& Transaction::operator=(Transaction&& other) noexcept {
  if (this != &other) {
    rollback();
    pool_ = std::move(other.pool_);
    connection_ = std::move(other.connection_);
  }
  return *this;
}

Transaction::~Transaction() { rollback(); }

Result<Rows, StorageError> Transaction::run(std::string_view sql, SqlParameters parameters) {
  return run(sql, std::span<const SqlValue>(parameters.begin(), parameters.size()));
}

Result<Rows, StorageError> Transaction::run(std::string_view sql, std::span<const SqlValue> parameters) {
  if (!connection_) return StorageError{StorageCause::bad_statement, "the transaction has ended"};
  return connection_->run(sql, parameters);
}

Result<void, StorageError> Transaction::commit() {
  if (!connection_) return StorageError{StorageCause::bad_statement, "the transaction has ended"};
  auto done = connection_->commit();
  rollback();
  return done;
}

void Transaction::rollback() noexcept {
  if (!connection_) return;
  pool_->release(std::move(connection_));
  pool_->release_writer();
}

Result<Database, StorageError> Database::open(std::string_view url, DatabaseOptions options) {
  const auto refuse = [](const char* why) { return StorageError{StorageCause::cannot_open, why}; };
  constexpr std::string_view sqlite = "sqlite:";
  if (options.connections == 0) return refuse("at least one connection is needed");
  if (url.find('\0') != std::string_view::npos) return refuse("malformed database URL");
  std::shared_ptr<SqlPool> pool;
  if (url.starts_with(sqlite)) {
    const std::string path(url.substr(sqlite.size()));
    if (path.empty()) return refuse("the database URL names no file");
    if (path == ":memory:") options.connections = 1;
    pool = std::make_shared<SqlPool>(DatabaseEngine::sqlite, path, options);
  } else if (url.starts_with("postgresql://") || url.starts_with("postgres://")) {
    pool = std::make_shared<SqlPool>(DatabaseEngine::postgresql, std::string(url), options);
  } else {
    return refuse("a database URL begins with sqlite: or postgresql://");
  }
  auto first = pool->acquire();
  if (!first) return first.error();
  pool->release(std::move(*first));
  return Database(std::move(pool));
}

DatabaseEngine Database::engine() const noexcept { return pool_->engine(); }

Result<Rows, StorageError> Database::run(std::string_view sql, SqlParameters parameters) const {
  return run(sql, std::span<const SqlValue>(parameters.begin(), parameters.size()));
}

Result<Rows, StorageError> Database::run(std::string_view sql, std::span<const SqlValue> parameters) const {
  if (engine() == DatabaseEngine::sqlite && changes_rows(sql)) {
    Result<Rows, StorageError> outcome = StorageError();
    auto done = transact_steps([&](Transaction& transaction) -> Result<void, StorageError> {
      outcome = transaction.run(sql, parameters);
      if (!outcome) return outcome.error();
      return {};
    });
    if (!done) return done.error();
    return outcome;
  }
  auto connection = pool_->acquire();
  if (!connection) return connection.error();
  auto outcome = (*connection)->run(sql, parameters);
  pool_->release(std::move(*connection));
  return outcome;
}

Result<Transaction, StorageError> Database::begin() const {
  if (!pool_->acquire_writer()) return StorageError{StorageCause::busy, "another transaction held the writer's lock"};
  auto connection = pool_->acquire();
  if (!connection) {
    pool_->release_writer();
    return connection.error();
  }
  Transaction transaction(pool_, std::move(*connection));
  auto begun = transaction.connection_->begin();
  if (!begun) return begun.error();
  return transaction;
}

Result<void, StorageError> Database::transact_steps(
    const std::function<Result<void, StorageError>(Transaction&)>& body) const {
  if (engine() == DatabaseEngine::sqlite)
    return pool_->writes().run(
        body, [this] { return begin(); }, pool_->options().busy_timeout);
  const auto again = [](StorageCause cause) { return cause == StorageCause::serialization; };
  for (int attempt = 1;; ++attempt) {
    auto transaction = begin();
    if (!transaction) {
      const bool lost = transaction.error().cause == StorageCause::connection_lost;
      if (lost && attempt < pool_->options().transaction_attempts) continue;
      return transaction.error();
    }
    auto done = body(*transaction);
    if (done) done = transaction->commit();
    if (done) return done;
    transaction->rollback();
    if (!again(done.error().cause) || attempt >= pool_->options().transaction_attempts) return done;
    // Spread by time, so that two that collided do not meet again at once.
    const auto jitter = std::chrono::steady_clock::now().time_since_epoch().count() % 1000;
    std::this_thread::sleep_for(std::chrono::microseconds(attempt * jitter));
  }
}

}  // namespace leanmcp::inline v0
