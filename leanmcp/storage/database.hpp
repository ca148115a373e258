#pragma once

#include <leanmcp/base/result.hpp>
#include <leanmcp/storage/error.hpp>
#include <leanmcp/storage/value.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <initializer_list>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace leanmcp::inline v0 {

enum class DatabaseEngine { sqlite, postgresql };

struct DatabaseOptions {
  /// Connections kept open; an in-memory SQLite database always has one.
  std::size_t connections = 4;
  /// How long to wait for a free connection, and for the writer's lock.
  std::chrono::milliseconds busy_timeout{5'000};
  /// PostgreSQL: for one connection attempt, and for one statement.
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds statement_timeout{30'000};
  /// A result with more rows is refused.
  std::size_t max_rows = 10'000;
  /// How often `transact` runs a transaction again that the engine could not serialize, within half a second or so: many
  /// callers may want the same rows at once.
  int transaction_attempts = 40;
};

namespace detail {
class SqlConnection;
class SqlPool;
}  // namespace detail

using SqlParameters = std::initializer_list<SqlValue>;

/// One transaction on one connection: immediate in SQLite (it takes the writer's lock at once), serializable in
/// PostgreSQL. Rolled back when destroyed without `commit`. One thread at a time. After a failed statement only
/// rolling back makes sense: PostgreSQL refuses the rest.
class Transaction {
 public:
  Transaction(Transaction&&) noexcept;
  Transaction& operator=(Transaction&&) noexcept;
  ~Transaction();

  /// Runs one statement. Parameters are `$1`, `$2`, … on both engines and are always bound, never pasted in.
  Result<Rows, StorageError> run(std::string_view sql, SqlParameters parameters = {});
  Result<Rows, StorageError> run(std::string_view sql, std::span<const SqlValue> parameters);
  Result<void, StorageError> commit();
  void rollback() noexcept;

 private:
  friend class Database;
  explicit Transaction(std::shared_ptr<detail::SqlPool> pool,
                       std::unique_ptr<detail::SqlConnection> connection) noexcept;
  std::shared_ptr<detail::SqlPool> pool_;
  std::unique_ptr<detail::SqlConnection> connection_;
};

/// A SQL database: SQLite in a file, or PostgreSQL where several instances run. Copies share one pool of connections.
/// All functions are thread-safe and block; call them on a worker thread.
///
/// SQLite runs with write-ahead log, synchronous=FULL, foreign keys and a busy timeout; a new file is its owner's only.
/// What threads of one process write at the same time is committed together: they share the wait for the disk.
class Database {
 public:
  /// `sqlite:PATH`, `sqlite::memory:`, or a `postgresql://…` URI as libpq understands it (libpq takes what the URI
  /// leaves out from its own defaults, environment included). Opens one connection to see that it works.
  static Result<Database, StorageError> open(std::string_view url, DatabaseOptions options = {});

  DatabaseEngine engine() const noexcept;

  /// One statement by itself, durable when it returns. A connection found dead before the statement was sent is
  /// replaced silently.
  Result<Rows, StorageError> run(std::string_view sql, SqlParameters parameters = {}) const;
  Result<Rows, StorageError> run(std::string_view sql, std::span<const SqlValue> parameters) const;

  Result<Transaction, StorageError> begin() const;

  /// Runs `body(Transaction&) -> Result<T, StorageError>` and commits when it succeeds. Runs it again, from the top,
  /// when the engine could not serialize it, and perhaps on another thread that commits for both: it must have no effect
  /// outside the database, and must not wait for anything else.
  template <class F>
  auto transact(F&& body) const -> decltype(body(std::declval<Transaction&>())) {
    decltype(body(std::declval<Transaction&>())) outcome = StorageError();
    const auto step = [&](Transaction& transaction) -> Result<void, StorageError> {
      outcome = body(transaction);
      if (!outcome) return outcome.error();
      return {};
    };
    auto done = transact_steps(step);
    if (!done) return done.error();
    return outcome;
  }

 private:
  explicit Database(std::shared_ptr<detail::SqlPool> pool) noexcept : pool_(std::move(pool)) {}
  Result<void, StorageError> transact_steps(const std::function<Result<void, StorageError>(Transaction&)>& body) const;
  std::shared_ptr<detail::SqlPool> pool_;
};

/// One numbered step of a component's schema. Statements must hold on both engines (see SqlValue for types).
struct Migration {
  int number = 0;
  std::string_view name;
  std::vector<std::string_view> statements;
};

/// Brings a component's tables up to the last step, in one transaction that only one instance runs at a time. Steps
/// are numbered 1, 2, … and, once released, never change. Safe to call at every start.
Result<void, StorageError> migrate(const Database& database, std::string_view component,
                                   std::span<const Migration> steps);

}  // namespace leanmcp::inline v0
