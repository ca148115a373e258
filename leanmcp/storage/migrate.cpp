#include <leanmcp/storage/database.hpp>

#include <string>

namespace leanmcp::inline v0 {
namespace {

constexpr std::string_view create_table =
    "CREATE TABLE IF NOT EXISTS leanmcp_migrations ("
    "component TEXT NOT NULL, number BIGINT NOT NULL, name TEXT NOT NULL, PRIMARY KEY (component, number))";

/// Any number will do, as long as all instances take the same; this is "leanmcp" in ASCII.
constexpr std::int64_t advisory_lock = 0x6c65616e6d6370;

Result<void, StorageError> lock(Transaction& transaction, DatabaseEngine engine) {
  if (engine == DatabaseEngine::sqlite) return {};  // BEGIN IMMEDIATE is the lock
  // A serializable snapshot is taken by the statement that waits, before the other instance has committed.
  auto level = transaction.run("SET TRANSACTION ISOLATION LEVEL READ COMMITTED");
  if (!level) return level.error();
  auto locked = transaction.run("SELECT pg_advisory_xact_lock($1)", {advisory_lock});
  if (!locked) return locked.error();
  return {};
}

Result<void, StorageError> apply(Transaction& transaction, std::string_view component, const Migration& step) {
  for (const std::string_view statement : step.statements) {
    auto done = transaction.run(statement);
    if (!done) return done.error();
  }
  auto noted = transaction.run("INSERT INTO leanmcp_migrations (component, number, name) VALUES ($1, $2, $3)",
                               {component, step.number, step.name});
  if (!noted) return noted.error();
  return {};
}

Result<void, StorageError> migrate_in(Transaction& transaction, DatabaseEngine engine, std::string_view component,
                                      std::span<const Migration> steps) {
  auto locked = lock(transaction, engine);
  if (!locked) return locked;
  auto table = transaction.run(create_table);
  if (!table) return table.error();
  auto done =
      transaction.run("SELECT number, name FROM leanmcp_migrations WHERE component = $1 ORDER BY number", {component});
  if (!done) return done.error();
  const auto mismatch = [&](const std::string& why) {
    return StorageError{StorageCause::schema_mismatch, std::string(component) + ": " + why};
  };
  if (done->size() > steps.size()) return mismatch("the database is newer than this program");
  for (std::size_t i = 0; i < done->size(); ++i) {
    const Row& row = (*done)[i];
    if (row.integer(0) != steps[i].number || row.text(1) != steps[i].name)
      return mismatch("step " + std::to_string(row.integer(0)) + " has another name");
  }
  for (std::size_t i = done->size(); i < steps.size(); ++i) {
    auto applied = apply(transaction, component, steps[i]);
    if (!applied) return applied;
  }
  return {};
}

}  // namespace

Result<void, StorageError> migrate(const Database& database, std::string_view component,
                                   std::span<const Migration> steps) {
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (steps[i].number != static_cast<int>(i) + 1)
      return StorageError{StorageCause::schema_mismatch, "migrations are numbered 1, 2, …"};
  }
  return database.transact([&](Transaction& transaction) -> Result<void, StorageError> {
    return migrate_in(transaction, database.engine(), component, steps);
  });
}

}  // namespace leanmcp::inline v0
