#pragma once

#include <leanmcp/json/fwd.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace leanmcp::inline v0 {

namespace detail {
class Pattern;
}

/// The kinds of fields a form may have; the names are those of the structured fallback ("textarea", "multiselect", …).
enum class FieldType { text, textarea, number, integer, boolean, select, multiselect, date, datetime, email, url };

std::string_view to_string(FieldType type) noexcept;

/// One choice of a select or multiselect. An empty label means that the value is shown as it is.
struct FormOption {
  std::string value;
  std::string label;
};

/// The value a field starts with. Constructible from text, numbers, bool and lists of text, with no surprise for
/// literals (`default_value("x")` is text, `default_value(1)` an integer).
class FormDefault {
 public:
  using List = std::vector<std::string>;

  FormDefault() = default;
  FormDefault(std::string text) : value_(std::move(text)) {}
  FormDefault(std::string_view text) : value_(std::string(text)) {}
  FormDefault(const char* text) : value_(std::string(text)) {}
  FormDefault(List items) : value_(std::move(items)) {}
  FormDefault(std::initializer_list<const char*> items) : value_(List(items.begin(), items.end())) {}
  template <std::same_as<bool> B>
  FormDefault(B on) : value_(on) {}
  template <std::integral N>
    requires(!std::same_as<N, bool>)
  FormDefault(N number) : value_(static_cast<std::int64_t>(number)) {}
  template <std::floating_point N>
  FormDefault(N number) : value_(static_cast<double>(number)) {}

  bool empty() const noexcept { return std::holds_alternative<std::monostate>(value_); }
  const auto& get() const noexcept { return value_; }

 private:
  std::variant<std::monostate, std::string, double, bool, std::int64_t, List> value_;
};
static_assert(!std::is_aggregate_v<FormDefault>);

/// What `Form` knows about one field; read it to draw the form somewhere else (our own pages do).
struct FormField {
  /// Returns what is wrong with an answer that passed all other rules, or an empty text. Called from any thread.
  using Validator = std::function<std::string(const json::value&)>;

  std::string name;
  std::string label;
  FieldType type = FieldType::text;
  std::string description;
  std::string help;
  std::string placeholder;
  std::vector<FormOption> options;
  FormDefault default_value;
  /// Inclusive, for number and integer.
  std::optional<double> min;
  std::optional<double> max;
  /// Inclusive, in Unicode code points, for text, textarea, email and url.
  std::optional<std::size_t> min_length;
  std::optional<std::size_t> max_length;
  /// Inclusive, for multiselect.
  std::optional<std::size_t> min_items;
  std::optional<std::size_t> max_items;
  /// A regular expression that must match somewhere in the answer; empty for none. Set by `Form::pattern`, which
  /// compiles it; what the compiler did not like is kept for `Form::check`.
  std::string pattern;
  std::shared_ptr<const detail::Pattern> compiled_pattern;
  std::string pattern_mistake;
  std::string pattern_error;
  /// Said instead of our own words when a rule is broken (but not when the answer is missing).
  std::string error_text;
  Validator validator;
  bool required = false;
  bool ask_user = false;
  bool on_page = false;
  /// Option titles go out as `enumNames` in every revision.
  bool legacy_titles = false;
};

}  // namespace leanmcp::inline v0
