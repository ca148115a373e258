#include <leanmcp/base/encoding.hpp>
#include <leanmcp/storage/connection.hpp>

#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

namespace leanmcp::inline v0::detail {
namespace {

// Object identifiers of built-in types (PostgreSQL's pg_type.dat); they never change.
enum TypeOid : Oid {
  bool_oid = 16,
  bytea_oid = 17,
  int8_oid = 20,
  int2_oid = 21,
  int4_oid = 23,
  text_oid = 25,
  oid_oid = 26,
  float4_oid = 700,
  float8_oid = 701,
  numeric_oid = 1700,
};

/// By SQLSTATE (PostgreSQL documentation, appendix A).
StorageCause cause_of(std::string_view state) noexcept {
  if (state == "23505") return StorageCause::unique_violation;
  if (state == "40001" || state == "40P01") return StorageCause::serialization;
  if (state == "55P03" || state == "57014" || state == "53300" || state == "53200") return StorageCause::busy;
  if (state == "53100") return StorageCause::disk_full;
  if (state == "08P01") return StorageCause::bad_statement;  // protocol violation: parameters are missing
  if (state.starts_with("57P") || state.starts_with("08")) return StorageCause::connection_lost;
  if (state.starts_with("23")) return StorageCause::constraint;
  if (state.starts_with("22")) return StorageCause::bad_value;
  if (state.starts_with("XX") || state.starts_with("58")) return StorageCause::damaged;
  return StorageCause::bad_statement;
}

struct ConnectionFinish {
  void operator()(PGconn* connection) const noexcept { PQfinish(connection); }
};
struct ResultClear {
  void operator()(PGresult* result) const noexcept { PQclear(result); }
};
using Answer = std::unique_ptr<PGresult, ResultClear>;

/// Parameters in libpq's text format, with types so that the server need not guess.
class Parameters {
 public:
  Result<void, StorageError> add_all(std::span<const SqlValue> values) {
    texts_.reserve(values.size());
    for (const SqlValue& value : values) {
      auto added = add(value.get());
      if (!added) return added.error();
    }
    for (std::size_t i = 0; i < texts_.size(); ++i) pointers_.push_back(nulls_[i] ? nullptr : texts_[i].c_str());
    return {};
  }
  int count() const noexcept { return static_cast<int>(pointers_.size()); }
  const Oid* types() const noexcept { return types_.data(); }
  const char* const* values() const noexcept { return pointers_.data(); }

 private:
  Result<void, StorageError> add(const SqlValue::Variant& value) {
    nulls_.push_back(value.index() == 0);
    if (const auto* const whole = std::get_if<std::int64_t>(&value)) return push(int8_oid, std::to_string(*whole));
    if (const auto* const real = std::get_if<double>(&value)) {
      std::array<char, 32> digits;
      const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), *real).ptr;
      return push(float8_oid, std::string(digits.data(), end));
    }
    if (const auto* const text = std::get_if<std::string>(&value)) {
      if (!is_storable_text(*text)) return StorageError{StorageCause::bad_value, "text is not UTF-8 or holds a NUL"};
      return push(text_oid, *text);
    }
    if (const auto* const blob = std::get_if<Blob>(&value)) return push(bytea_oid, "\\x" + hex_encode(blob->bytes));
    return push(0, {});
  }
  Result<void, StorageError> push(Oid type, std::string text) {
    types_.push_back(type);
    texts_.push_back(std::move(text));
    return {};
  }

  std::vector<std::string> texts_;
  std::vector<bool> nulls_;
  std::vector<Oid> types_;
  std::vector<const char*> pointers_;
};

SqlValue read_number(std::string_view text) {
  std::int64_t whole = 0;
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, whole);
  if (parsed.ec == std::errc() && parsed.ptr == end) return whole;
  double real = 0;
  std::from_chars(text.data(), end, real);
  return real;
}

SqlValue read_cell(const PGresult* result, int row, int column) {
  if (PQgetisnull(result, row, column)) return nullptr;
  const std::string_view text(PQgetvalue(result, row, column),
                              static_cast<std::size_t>(PQgetlength(result, row, column)));
  switch (PQftype(result, column)) {
    case bool_oid:
      return text == "t";
    case int8_oid:
    case int2_oid:
    case int4_oid:
    case oid_oid:
    case numeric_oid:
      return read_number(text);
    case float4_oid:
    case float8_oid: {
      double real = 0;
      std::from_chars(text.data(), text.data() + text.size(), real);
      return real;
    }
    case bytea_oid:
      return Blob{text.starts_with("\\x") ? hex_decode(text.substr(2)).value_or(std::string()) : std::string()};
    default:
      return std::string(text);
  }
}

class PostgresqlConnection final : public SqlConnection {
 public:
  explicit PostgresqlConnection(std::size_t max_rows) : max_rows_(max_rows) {}

  Result<void, StorageError> open(const std::string& url, const DatabaseOptions& options) {
    // libpq's own complaint about a URI quotes it, password included.
    PQconninfoOption* const parsed = PQconninfoParse(url.c_str(), nullptr);
    if (!parsed) return StorageError{StorageCause::cannot_open, "malformed PostgreSQL URL"};
    PQconninfoFree(parsed);
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(options.connect_timeout).count();
    const std::string timeout = std::to_string(std::max<std::int64_t>(seconds, 2));  // libpq's least
    const std::array<const char*, 6> names{
        "dbname", "connect_timeout", "client_encoding", "fallback_application_name", "keepalives", nullptr};
    const std::array<const char*, 6> values{url.c_str(), timeout.c_str(), "UTF8", "leanmcp", "1", nullptr};
    connection_.reset(PQconnectdbParams(names.data(), values.data(), 1));
    if (PQstatus(connection_.get()) != CONNECTION_OK)
      return StorageError{StorageCause::cannot_open, PQerrorMessage(connection_.get())};
    PQsetNoticeProcessor(connection_.get(), [](void*, const char*) {}, nullptr);  // otherwise notices go to stderr
    for (const std::string& setting :
         {"SET statement_timeout=" + std::to_string(options.statement_timeout.count()),
          "SET lock_timeout=" + std::to_string(options.busy_timeout.count()),
          "SET idle_in_transaction_session_timeout=" + std::to_string(2 * options.statement_timeout.count()),
          std::string("SET bytea_output=hex"), std::string("SET extra_float_digits=1")}) {
      auto done = run(setting, {});
      if (!done) return done.error();
    }
    return {};
  }

  Result<Rows, StorageError> run(std::string_view sql, std::span<const SqlValue> parameters) override {
    // The server itself ignores parameters too many.
    if (highest_parameter(sql) != parameters.size())
      return StorageError{StorageCause::bad_statement, "parameters do not fit $1, $2, …"};
    Parameters bound;
    auto added = bound.add_all(parameters);
    if (!added) return added.error();
    const bool in_transaction = PQtransactionStatus(connection_.get()) != PQTRANS_IDLE;
    const Answer answer(PQexecParams(connection_.get(), std::string(sql).c_str(), bound.count(), bound.types(),
                                     bound.values(), nullptr, nullptr, 0));
    const ExecStatusType status = PQresultStatus(answer.get());
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) return rows_of(answer.get());
    // Without a SQLSTATE the error is libpq's own: the server was not heard.
    const char* const state = PQresultErrorField(answer.get(), PG_DIAG_SQLSTATE);
    broken_ = broken_ || !state || PQstatus(connection_.get()) != CONNECTION_OK;
    if (!broken_) return error_of(answer.get(), state);
    // Alone, the statement was its own transaction and may have been committed before the connection broke.
    const auto cause = in_transaction ? StorageCause::connection_lost : StorageCause::commit_unknown;
    return StorageError{cause, PQerrorMessage(connection_.get())};
  }

  Result<void, StorageError> begin() override {
    auto done = run("BEGIN ISOLATION LEVEL SERIALIZABLE", {});
    if (done) return {};
    if (broken_) done.error().cause = StorageCause::connection_lost;
    return done.error();
  }

  Result<void, StorageError> commit() override {
    const bool failed = PQtransactionStatus(connection_.get()) == PQTRANS_INERROR;
    auto done = run("COMMIT", {});
    if (!done) {
      if (broken_) done.error().cause = StorageCause::commit_unknown;
      rollback();
      return done.error();
    }
    // COMMIT of a failed transaction is answered with a silent ROLLBACK.
    if (failed) return StorageError{StorageCause::bad_statement, "a statement of the transaction had failed"};
    return {};
  }

  void rollback() noexcept override {
    const auto status = PQtransactionStatus(connection_.get());
    if (status == PQTRANS_INTRANS || status == PQTRANS_INERROR) Answer(PQexec(connection_.get(), "ROLLBACK"));
  }

  bool usable() noexcept override {
    PGconn* const connection = connection_.get();
    if (broken_ || PQstatus(connection) != CONNECTION_OK || PQtransactionStatus(connection) != PQTRANS_IDLE)
      return false;
    // A server that went away has closed the socket, which reads as an end of file.
    pollfd socket{PQsocket(connection), POLLIN, 0};
    if (poll(&socket, 1, 0) <= 0) return true;
    return PQconsumeInput(connection) == 1 && PQstatus(connection) == CONNECTION_OK;
  }

 private:
  static StorageError error_of(const PGresult* result, const char* state) {
    const char* const text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    return StorageError{cause_of(state), text ? text : "no error text"};
  }

  Result<Rows, StorageError> rows_of(const PGresult* result) const {
    const int count = PQntuples(result);
    const int columns = PQnfields(result);
    if (static_cast<std::size_t>(count) > max_rows_) return StorageError{StorageCause::too_many_rows, {}};
    std::vector<Row> rows;
    rows.reserve(static_cast<std::size_t>(count));
    for (int row = 0; row < count; ++row) {
      std::vector<SqlValue> values;
      values.reserve(static_cast<std::size_t>(columns));
      for (int column = 0; column < columns; ++column) values.push_back(read_cell(result, row, column));
      rows.emplace_back(std::move(values));
    }
    // PQcmdTuples counts a SELECT's rows as well; only changes are meant here.
    const std::string_view command = PQcmdStatus(const_cast<PGresult*>(result));
    std::int64_t changed = 0;
    if (!command.starts_with("SELECT")) {
      const char* const digits = PQcmdTuples(const_cast<PGresult*>(result));
      std::from_chars(digits, digits + std::strlen(digits), changed);
    }
    return Rows(std::move(rows), changed);
  }

  std::unique_ptr<PGconn, ConnectionFinish> connection_;
  const std::size_t max_rows_;
  bool broken_ = false;
};

}  // namespace

OpenSql open_postgresql(const std::string& url, const DatabaseOptions& options) {
  auto connection = std::make_unique<PostgresqlConnection>(options.max_rows);
  auto opened = connection->open(url, options);
  if (!opened) return opened.error();
  return std::unique_ptr<SqlConnection>(std::move(connection));
}

}  // namespace leanmcp::inline v0::detail
