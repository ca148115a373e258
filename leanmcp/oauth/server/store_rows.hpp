#pragma once

#include <leanmcp/oauth/server/store.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// How records stand in rows. Times are milliseconds since the epoch, lists are JSON arrays of texts.
namespace leanmcp::inline v0::as::rows {

inline std::int64_t to_ms(TimePoint time) { return time.time_since_epoch().count(); }
inline TimePoint from_ms(std::int64_t value) { return TimePoint(std::chrono::milliseconds(value)); }
inline SqlValue to_ms(const std::optional<TimePoint>& time) { return time ? SqlValue(to_ms(*time)) : SqlValue(); }
inline std::optional<TimePoint> optional_ms(const Row& row, std::size_t column) {
  if (row.is_null(column)) return std::nullopt;
  return from_ms(row.integer(column));
}

std::string list_text(const std::vector<std::string>& list);
std::vector<std::string> list_of(std::string_view text);

template <class T>
Store::Outcome<std::optional<T>> first(Store::Outcome<Rows> rows, T (*read)(const Row&)) {
  if (!rows) return rows.error();
  if (rows->empty()) return std::optional<T>();
  return std::optional<T>(read((*rows)[0]));
}

template <class T>
Store::Outcome<std::vector<T>> all(const Store::Outcome<Rows>& rows, T (*read)(const Row&)) {
  if (!rows) return rows.error();
  std::vector<T> out;
  out.reserve(rows->size());
  for (const Row& row : *rows) out.push_back(read(row));
  return out;
}

inline Store::Outcome<void> done(const Store::Outcome<Rows>& rows) {
  if (!rows) return rows.error();
  return {};
}

inline Store::Outcome<bool> changed(const Store::Outcome<Rows>& rows) {
  if (!rows) return rows.error();
  return rows->changed() > 0;
}

}  // namespace leanmcp::inline v0::as::rows
