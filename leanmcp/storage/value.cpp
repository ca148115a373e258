#include <leanmcp/storage/value.hpp>

#include <stdexcept>

namespace leanmcp::inline v0 {
namespace {

template <class T>
const T& expect(const SqlValue& value, const char* type) {
  if (const T* const held = std::get_if<T>(&value.get())) return *held;
  throw std::logic_error(std::string("the column does not hold ") + type);
}

}  // namespace

const SqlValue& Row::at(std::size_t column) const {
  if (column >= values_.size()) throw std::logic_error("the row has no such column");
  return values_[column];
}

std::int64_t Row::integer(std::size_t column) const { return expect<std::int64_t>(at(column), "an integer"); }

double Row::real(std::size_t column) const {
  if (const auto* const whole = std::get_if<std::int64_t>(&at(column).get())) return static_cast<double>(*whole);
  return expect<double>(at(column), "a number");
}

const std::string& Row::text(std::size_t column) const { return expect<std::string>(at(column), "text"); }

const std::string& Row::blob(std::size_t column) const { return expect<Blob>(at(column), "bytes").bytes; }

std::string Row::text_or(std::size_t column, std::string_view otherwise) const {
  return is_null(column) ? std::string(otherwise) : text(column);
}

std::int64_t Row::integer_or(std::size_t column, std::int64_t otherwise) const {
  return is_null(column) ? otherwise : integer(column);
}

}  // namespace leanmcp::inline v0
