#pragma once

#include <string>
#include <string_view>

namespace leanmcp::inline v0 {

enum class StorageCause {
  /// The URL is not understood, the file or server cannot be opened.
  cannot_open,
  /// The connection broke before or within a transaction; nothing of it has been kept.
  connection_lost,
  /// The connection broke during COMMIT: the transaction was kept whole or not at all, and it is not known which.
  commit_unknown,
  /// Another writer held the lock, or no pooled connection came free, within the time allowed.
  busy,
  /// The engine asks to run the transaction again (PostgreSQL 40001, 40P01). `Database::transact` does.
  serialization,
  unique_violation,
  /// Another constraint: NOT NULL, CHECK, a foreign key.
  constraint,
  /// A value cannot be stored: text with a NUL or that is not UTF-8, a number out of range.
  bad_value,
  /// The result is over `DatabaseOptions::max_rows`.
  too_many_rows,
  /// SQL or the number of parameters is wrong, or a table is missing: a bug or a foreign database.
  bad_statement,
  /// The database was written by a newer program, or its migrations have other names.
  schema_mismatch,
  disk_full,
  /// The engine reports corruption or an I/O fault.
  damaged,
};

std::string_view to_string(StorageCause cause) noexcept;

/// A storage failure as a value. The detail is the engine's text, for logs; it may name tables and constraints, and
/// on PostgreSQL also stored values, so it is never sent to a peer.
struct StorageError {
  StorageCause cause = StorageCause::bad_statement;
  std::string detail;
};

}  // namespace leanmcp::inline v0
