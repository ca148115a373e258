#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace leanmcp::inline v0 {

/// Bytes, where a std::string is text.
struct Blob {
  std::string bytes;
  friend bool operator==(const Blob&, const Blob&) = default;
};

/// One value of a statement or of a row: NULL, a 64-bit integer, a double, text (UTF-8) or bytes.
/// Portable column types for them: BIGINT, DOUBLE PRECISION, TEXT and BYTEA. A bool is the integer 0 or 1.
class SqlValue {
 public:
  using Variant = std::variant<std::nullptr_t, std::int64_t, double, std::string, Blob>;

  SqlValue() noexcept : value_(nullptr) {}
  SqlValue(std::nullptr_t) noexcept : value_(nullptr) {}
  template <std::integral T>
  SqlValue(T number) noexcept : value_(static_cast<std::int64_t>(number)) {
    static_assert(sizeof(T) < sizeof(std::int64_t) || std::signed_integral<T>, "a 64-bit unsigned value may not fit");
  }
  SqlValue(double number) noexcept : value_(number) {}
  SqlValue(std::string text) noexcept : value_(std::move(text)) {}
  SqlValue(std::string_view text) : value_(std::string(text)) {}
  SqlValue(const char* text) : value_(std::string(text)) {}
  SqlValue(Blob bytes) noexcept : value_(std::move(bytes)) {}
  template <class T>
  SqlValue(const std::optional<T>& value) : SqlValue(value ? SqlValue(*value) : SqlValue()) {}

  const Variant& get() const noexcept { return value_; }
  bool is_null() const noexcept { return value_.index() == 0; }

 private:
  Variant value_;
};

/// One row. Asking for another type than the column holds, or for a column that is not there, is a bug in the caller
/// and throws std::logic_error.
class Row {
 public:
  explicit Row(std::vector<SqlValue> values) noexcept : values_(std::move(values)) {}
  std::size_t size() const noexcept { return values_.size(); }
  bool is_null(std::size_t column) const { return at(column).is_null(); }
  std::int64_t integer(std::size_t column) const;
  /// Also takes an integer column.
  double real(std::size_t column) const;
  const std::string& text(std::size_t column) const;
  const std::string& blob(std::size_t column) const;
  /// The text, or the given one for NULL.
  std::string text_or(std::size_t column, std::string_view otherwise) const;
  std::int64_t integer_or(std::size_t column, std::int64_t otherwise) const;
  const SqlValue& at(std::size_t column) const;

 private:
  std::vector<SqlValue> values_;
};

/// What a statement gave: its rows, and for INSERT, UPDATE and DELETE the number of rows it changed.
class Rows {
 public:
  Rows() = default;
  Rows(std::vector<Row> rows, std::int64_t changed) noexcept : rows_(std::move(rows)), changed_(changed) {}
  std::int64_t changed() const noexcept { return changed_; }
  bool empty() const noexcept { return rows_.empty(); }
  std::size_t size() const noexcept { return rows_.size(); }
  const Row& operator[](std::size_t index) const { return rows_.at(index); }
  auto begin() const noexcept { return rows_.begin(); }
  auto end() const noexcept { return rows_.end(); }

 private:
  std::vector<Row> rows_;
  std::int64_t changed_ = 0;
};

}  // namespace leanmcp::inline v0
