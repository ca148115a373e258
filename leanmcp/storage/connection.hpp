#pragma once

#include <leanmcp/storage/database.hpp>

#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace leanmcp::inline v0::detail {

/// One connection to an engine. One thread at a time.
class SqlConnection {
 public:
  virtual ~SqlConnection() = default;
  /// Exactly one statement. Outside a transaction it is one by itself.
  virtual Result<Rows, StorageError> run(std::string_view sql, std::span<const SqlValue> parameters) = 0;
  virtual Result<void, StorageError> begin() = 0;
  virtual Result<void, StorageError> commit() = 0;
  virtual void rollback() noexcept = 0;
  /// Idle, outside a transaction and not known to be broken.
  virtual bool usable() noexcept = 0;
};

using OpenSql = Result<std::unique_ptr<SqlConnection>, StorageError>;

OpenSql open_sqlite(const std::string& path, const DatabaseOptions& options);
OpenSql open_postgresql(const std::string& url, const DatabaseOptions& options);

/// Text that both engines can hold: UTF-8 without NUL.
bool is_storable_text(std::string_view text) noexcept;

/// The greatest N of the `$N` in a statement, outside quotes; 0 when there is none.
std::size_t highest_parameter(std::string_view sql) noexcept;

}  // namespace leanmcp::inline v0::detail
