#include <leanmcp/storage/connection.hpp>

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <unordered_map>

namespace leanmcp::inline v0::detail {
namespace {

constexpr std::size_t max_cached_statements = 128;

StorageCause cause_of(int code) noexcept {
  switch (code) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
      return StorageCause::unique_violation;
    case SQLITE_BUSY_SNAPSHOT:
      return StorageCause::serialization;
    default:
      break;
  }
  switch (code & 0xff) {
    case SQLITE_CONSTRAINT:
      return StorageCause::constraint;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return StorageCause::busy;
    case SQLITE_TOOBIG:
    case SQLITE_MISMATCH:
      return StorageCause::bad_value;
    case SQLITE_FULL:
      return StorageCause::disk_full;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_IOERR:
      return StorageCause::damaged;
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return StorageCause::cannot_open;
    default:
      return StorageCause::bad_statement;
  }
}

struct DatabaseClose {
  void operator()(sqlite3* database) const noexcept { sqlite3_close_v2(database); }
};
struct StatementFinalize {
  void operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
};
using Statement = std::unique_ptr<sqlite3_stmt, StatementFinalize>;

class SqliteConnection final : public SqlConnection {
 public:
  explicit SqliteConnection(std::size_t max_rows) : max_rows_(max_rows) {}

  Result<void, StorageError> open(const std::string& path, const DatabaseOptions& options) {
    // The file must not be readable by others even for a moment. An existing one is left alone: closing a descriptor
    // of it would drop the locks that other connections of this process hold.
    if (path != ":memory:") {
      const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
      if (file >= 0) ::close(file);
    }
    sqlite3* raw = nullptr;
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    const int code = sqlite3_open_v2(path.c_str(), &raw, flags, nullptr);
    database_.reset(raw);
    if (code != SQLITE_OK) return StorageError{StorageCause::cannot_open, raw ? sqlite3_errmsg(raw) : "out of memory"};
    sqlite3_busy_timeout(raw, static_cast<int>(std::clamp<std::int64_t>(options.busy_timeout.count(), 0, 1'000'000)));
    sqlite3_db_config(raw, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(raw, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
    sqlite3_db_config(raw, SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
    sqlite3_db_config(raw, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    auto journal = run("PRAGMA journal_mode=WAL", {});
    if (!journal) return journal.error();
    const std::string mode = journal->empty() ? std::string() : (*journal)[0].text_or(0, "");
    if (mode != "wal" && mode != "memory")
      return StorageError{StorageCause::cannot_open, "no write-ahead log on this file system"};
    for (const char* const setting : {"PRAGMA synchronous=FULL", "PRAGMA foreign_keys=ON"}) {
      const auto done = run(setting, {});
      if (!done) return done.error();
    }
    return {};
  }

  Result<Rows, StorageError> run(std::string_view sql, std::span<const SqlValue> parameters) override {
    auto prepared = prepare(sql);
    if (!prepared) return prepared.error();
    sqlite3_stmt* const statement = *prepared;
    auto bound = bind(statement, parameters);
    if (!bound) {
      sqlite3_clear_bindings(statement);
      return bound.error();
    }
    auto outcome = step_all(statement);
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return outcome;
  }

  Result<void, StorageError> begin() override { return command("BEGIN IMMEDIATE"); }
  Result<void, StorageError> commit() override {
    auto done = command("COMMIT");
    if (!done) rollback();
    return done;
  }
  void rollback() noexcept override {
    if (sqlite3_get_autocommit(database_.get()) == 0)
      sqlite3_exec(database_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
  }
  bool usable() noexcept override { return sqlite3_get_autocommit(database_.get()) != 0; }

 private:
  StorageError error(int code) const { return StorageError{cause_of(code), sqlite3_errmsg(database_.get())}; }

  Result<void, StorageError> command(std::string_view sql) {
    auto done = run(sql, {});
    if (!done) return done.error();
    return {};
  }

  Result<sqlite3_stmt*, StorageError> prepare(std::string_view sql) {
    const auto known = statements_.find(std::string(sql));
    if (known != statements_.end()) return known->second.get();
    sqlite3_stmt* raw = nullptr;
    const char* rest = nullptr;
    const int code = sqlite3_prepare_v3(database_.get(), sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &raw, &rest);
    Statement statement(raw);
    if (code != SQLITE_OK) return error(code);
    const std::string_view left(rest, static_cast<std::size_t>(sql.data() + sql.size() - rest));
    if (!raw || left.find_first_not_of(" \t\r\n;") != std::string_view::npos)
      return StorageError{StorageCause::bad_statement, "exactly one statement is expected"};
    if (statements_.size() >= max_cached_statements) statements_.clear();
    return statements_.emplace(std::string(sql), std::move(statement)).first->second.get();
  }

  Result<void, StorageError> bind(sqlite3_stmt* statement, std::span<const SqlValue> parameters) {
    const auto mismatch = [] { return StorageError{StorageCause::bad_statement, "parameters do not fit $1, $2, …"}; };
    std::size_t highest = 0;
    const int count = sqlite3_bind_parameter_count(statement);
    for (int index = 1; index <= count; ++index) {
      const char* const name = sqlite3_bind_parameter_name(statement, index);
      const std::string_view text = name ? name : "";
      std::size_t number = 0;
      if (!text.starts_with('$')) return mismatch();
      const auto parsed = std::from_chars(text.data() + 1, text.data() + text.size(), number);
      if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return mismatch();
      if (number == 0 || number > parameters.size()) return mismatch();
      highest = std::max(highest, number);
      const auto& value = parameters[number - 1].get();
      if (const auto* const string = std::get_if<std::string>(&value); string && !is_storable_text(*string))
        return StorageError{StorageCause::bad_value, "text is not UTF-8 or holds a NUL"};
      const int code = bind_one(statement, index, value);
      if (code != SQLITE_OK) return error(code);
    }
    if (highest != parameters.size()) return mismatch();
    return {};
  }

  static int bind_one(sqlite3_stmt* statement, int index, const SqlValue::Variant& value) {
    // The caller's parameters outlive the run of the statement, so nothing is copied (a null destructor is STATIC).
    if (const auto* const whole = std::get_if<std::int64_t>(&value))
      return sqlite3_bind_int64(statement, index, *whole);
    if (const auto* const real = std::get_if<double>(&value)) return sqlite3_bind_double(statement, index, *real);
    if (const auto* const text = std::get_if<std::string>(&value))
      return sqlite3_bind_text64(statement, index, text->data(), text->size(), nullptr, SQLITE_UTF8);
    if (const auto* const blob = std::get_if<Blob>(&value))
      return blob->bytes.empty()
                 ? sqlite3_bind_zeroblob(statement, index, 0)
                 : sqlite3_bind_blob64(statement, index, blob->bytes.data(), blob->bytes.size(), nullptr);
    return sqlite3_bind_null(statement, index);
  }

  Result<Rows, StorageError> step_all(sqlite3_stmt* statement) {
    std::vector<Row> rows;
    for (;;) {
      const int code = sqlite3_step(statement);
      if (code == SQLITE_DONE) break;
      if (code != SQLITE_ROW) return error(code);
      if (rows.size() == max_rows_) return StorageError{StorageCause::too_many_rows, {}};
      const int columns = sqlite3_column_count(statement);
      std::vector<SqlValue> values;
      values.reserve(static_cast<std::size_t>(columns));
      for (int column = 0; column < columns; ++column) values.push_back(read(statement, column));
      rows.emplace_back(std::move(values));
    }
    const std::int64_t changed = sqlite3_stmt_readonly(statement) ? 0 : sqlite3_changes64(database_.get());
    return Rows(std::move(rows), changed);
  }

  static SqlValue read(sqlite3_stmt* statement, int column) {
    const auto bytes = [&](const void* data) {
      const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, column));
      return data ? std::string(static_cast<const char*>(data), size) : std::string();
    };
    switch (sqlite3_column_type(statement, column)) {
      case SQLITE_INTEGER:
        return static_cast<std::int64_t>(sqlite3_column_int64(statement, column));
      case SQLITE_FLOAT:
        return sqlite3_column_double(statement, column);
      case SQLITE_TEXT:
        return bytes(sqlite3_column_text(statement, column));
      case SQLITE_BLOB:
        return Blob{bytes(sqlite3_column_blob(statement, column))};
      default:
        return nullptr;
    }
  }

  std::unique_ptr<sqlite3, DatabaseClose> database_;
  std::unordered_map<std::string, Statement> statements_;
  const std::size_t max_rows_;
};

}  // namespace

OpenSql open_sqlite(const std::string& path, const DatabaseOptions& options) {
  auto connection = std::make_unique<SqliteConnection>(options.max_rows);
  auto opened = connection->open(path, options);
  if (!opened) return opened.error();
  return std::unique_ptr<SqlConnection>(std::move(connection));
}

}  // namespace leanmcp::inline v0::detail
