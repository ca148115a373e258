#include <leanmcp/protocol/form.hpp>
#include <leanmcp/protocol/form_format.hpp>
#include <leanmcp/protocol/form_kinds.hpp>
#include <leanmcp/json/pattern.hpp>

#include <boost/json.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_set>

namespace leanmcp::inline v0 {
namespace {

using Cause = FormFaultCause;

/// One value checked: a cleaned value (null for no answer), or the cause and the words for it.
struct Checked {
  /// Copies out of whatever memory the input lives in: a parser's buffer ends before the answer does.
  explicit Checked(const json::value& cleaned) : value(cleaned, json::storage_ptr()) {}
  Checked(Cause cause, std::string reason) : failed(true), cause(cause), text(std::move(reason)) {}

  json::value value;
  bool failed = false;
  Cause cause = Cause::wrong_type;
  std::string text;
};

std::string counted(std::size_t count, const char* one) {
  return std::to_string(count) + " " + one + (count == 1 ? "" : "s");
}

/// Bytes that a text of so many code points can have; longer ones are refused without counting.
constexpr std::size_t longest_code_point = 4;

/// What every text of an answer must be, or empty.
Checked check_text_form(const json::string& text, std::size_t most, bool lines, std::size_t& length) {
  const std::string too_long = "must have at most " + counted(most, "character");
  if (text.size() / longest_code_point > most) return Checked(Cause::too_long, too_long);
  const auto count = detail::count_code_points(text);
  if (!count || detail::has_control_characters(text, lines))
    return Checked(Cause::not_text, lines ? "must be plain text" : "must be plain text on one line");
  if (*count > most) return Checked(Cause::too_long, too_long);
  length = *count;
  return Checked(json::value(nullptr));
}

Checked check_free_text(const FormField& field, const json::string& text) {
  std::size_t length = 0;
  const std::size_t most = field.max_length.value_or(Form::default_max_length);
  if (Checked form = check_text_form(text, most, field.type == FieldType::textarea, length); form.failed) return form;
  if (field.min_length && length < *field.min_length)
    return Checked(Cause::too_short, "must have at least " + counted(*field.min_length, "character"));
  if (field.type == FieldType::email && !detail::is_email(text))
    return Checked(Cause::bad_email, "must be an email address, like name@example.com");
  if (field.type == FieldType::url && !detail::is_http_url(text))
    return Checked(Cause::bad_url, "must be a complete web address that begins with http or https, without a password");
  if (field.compiled_pattern && !field.compiled_pattern->matches(text))
    return Checked(Cause::pattern, "does not have the expected form");
  return Checked(json::value(text));
}

Checked check_text(const FormField& field, const json::value& value) {
  if (!value.is_string()) return Checked(Cause::wrong_type, "must be text");
  const json::string& text = value.get_string();
  if (detail::is_free_text(field.type)) return check_free_text(field, text);
  if (field.type == FieldType::date)
    return detail::is_date(text) ? Checked(value) : Checked(Cause::bad_date, "must be a date like 2026-02-28");
  return detail::is_datetime(text)
             ? Checked(value)
             : Checked(Cause::bad_datetime, "must be a date and time with its offset, like 2026-02-28T10:00:00Z");
}

/// Compares without rounding: an integer of 64 bits does not fit a double.
bool less(const json::value& number, double bound) {
  if (number.is_double()) return number.get_double() < bound;
  if (number.is_uint64()) {
    if (bound >= 18446744073709551616.0) return true;
    return bound > 0 && number.get_uint64() < static_cast<std::uint64_t>(std::ceil(bound));
  }
  if (bound >= 9223372036854775808.0) return true;
  return bound > -9223372036854775808.0 && number.get_int64() < static_cast<std::int64_t>(std::ceil(bound));
}

bool greater(const json::value& number, double bound) {
  if (number.is_double()) return number.get_double() > bound;
  if (number.is_uint64()) {
    if (bound < 0) return true;
    return bound < 18446744073709551616.0 && number.get_uint64() > static_cast<std::uint64_t>(std::floor(bound));
  }
  if (bound < -9223372036854775808.0) return true;
  return bound < 9223372036854775808.0 && number.get_int64() > static_cast<std::int64_t>(std::floor(bound));
}

Checked to_integer(const json::value& value) {
  constexpr auto too_large = "is too large";
  if (value.is_int64()) return Checked(value);
  if (value.is_uint64()) {
    if (value.get_uint64() > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
      return Checked(Cause::too_large, too_large);
    return Checked(json::value(static_cast<std::int64_t>(value.get_uint64())));
  }
  const double number = value.get_double();
  if (std::isfinite(number) && std::trunc(number) != number)
    return Checked(Cause::wrong_type, "must be a whole number");
  if (number >= 9223372036854775808.0) return Checked(Cause::too_large, too_large);
  if (number < -9223372036854775808.0) return Checked(Cause::too_small, "is too small");
  return Checked(json::value(static_cast<std::int64_t>(number)));
}

Checked check_number(const FormField& field, const json::value& value) {
  const bool integer = field.type == FieldType::integer;
  const bool finite = value.is_int64() || value.is_uint64() || (value.is_double() && std::isfinite(value.get_double()));
  if (!finite) return Checked(Cause::wrong_type, integer ? "must be a whole number" : "must be a number");
  Checked number = integer ? to_integer(value) : Checked(value);
  if (number.failed) return number;
  if (field.min && less(number.value, *field.min))
    return Checked(Cause::too_small, "must be at least " + detail::number_text(*field.min));
  if (field.max && greater(number.value, *field.max))
    return Checked(Cause::too_large, "must be at most " + detail::number_text(*field.max));
  return number;
}

/// "one of A, B, C", cut off where it would be a page.
std::string choices(const FormField& field) {
  constexpr std::size_t most = 20;
  std::string text;
  for (std::size_t i = 0; i < field.options.size(); ++i) {
    if (i == most) return text + ", …";
    if (i > 0) text += ", ";
    text += field.options[i].value;
  }
  return text;
}

const FormOption* find_option(const FormField& field, std::string_view value) {
  const auto found = std::ranges::find(field.options, value, &FormOption::value);
  return found == field.options.end() ? nullptr : &*found;
}

Checked check_select(const FormField& field, const json::value& value) {
  if (!value.is_string()) return Checked(Cause::wrong_type, "must be one of " + choices(field));
  if (!find_option(field, value.get_string())) return Checked(Cause::not_an_option, "must be one of " + choices(field));
  return Checked(value);
}

/// The values of a text "a, b", as clients of 2025-06-18 send a multiselect.
json::array split_list(std::string_view text, std::size_t most) {
  json::array items;
  while (items.size() <= most) {
    const std::size_t comma = text.find(',');
    std::string_view item = text.substr(0, comma);
    while (!item.empty() && (item.front() == ' ' || item.front() == '\t')) item.remove_prefix(1);
    while (!item.empty() && (item.back() == ' ' || item.back() == '\t')) item.remove_suffix(1);
    if (!item.empty()) items.emplace_back(item);
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
  }
  return items;
}

Checked check_multiselect(const FormField& field, const json::value& value) {
  json::array split;
  if (value.is_string()) split = split_list(value.get_string(), field.options.size());
  if (!value.is_string() && !value.is_array())
    return Checked(Cause::wrong_type, "must be a list with some of " + choices(field));
  const json::array& items = value.is_string() ? split : value.get_array();

  // No list without repetitions is longer than the options; a longer one is not even looked at.
  if (items.size() > field.options.size())
    return Checked(Cause::too_many_items, "must name each of " + choices(field) + " at most once");
  std::unordered_set<std::string_view> known;
  for (const FormOption& option : field.options) known.insert(option.value);
  std::unordered_set<std::string_view> seen;
  for (const json::value& item : items) {
    if (!item.is_string()) return Checked(Cause::wrong_type, "must be a list with some of " + choices(field));
    const std::string_view text = item.get_string();
    if (!known.contains(text)) return Checked(Cause::not_an_option, "must hold nothing but " + choices(field));
    if (!seen.insert(text).second) return Checked(Cause::repeated_option, "must name each choice at most once");
  }
  if (items.empty() && field.required && !field.min_items) return Checked(Cause::missing, "is required");
  if (field.min_items && items.size() < *field.min_items)
    return Checked(Cause::too_few_items, "must have at least " + counted(*field.min_items, "choice"));
  if (field.max_items && items.size() > *field.max_items)
    return Checked(Cause::too_many_items, "must have at most " + counted(*field.max_items, "choice"));
  return Checked(json::value(items));
}

/// Untouched inputs come as null or as an empty text. An empty text is an answer to nothing but an optional field of
/// text.
bool is_no_answer(const FormField& field, const json::value& value) {
  if (value.is_null()) return true;
  if (!value.is_string() || !value.get_string().empty()) return false;
  if (detail::is_numeric(field.type) || field.type == FieldType::boolean) return false;
  const bool plain_text = field.type == FieldType::text || field.type == FieldType::textarea;
  return !plain_text || field.required || field.min_length.value_or(0) > 0 || field.compiled_pattern;
}

Checked check_value(const FormField& field, const json::value& value) {
  switch (field.type) {
    case FieldType::number:
    case FieldType::integer:
      return check_number(field, value);
    case FieldType::boolean:
      return value.is_bool() ? Checked(value) : Checked(Cause::wrong_type, "must be true or false");
    case FieldType::select:
      return check_select(field, value);
    case FieldType::multiselect:
      return check_multiselect(field, value);
    default:
      return check_text(field, value);
  }
}

Checked check_field(const FormField& field, const json::value& value) {
  if (is_no_answer(field, value))
    return field.required ? Checked(Cause::missing, "is required") : Checked(json::value(nullptr));
  Checked checked = check_value(field, value);
  if (!checked.failed && field.validator) {
    std::string reason = field.validator(checked.value);
    if (!reason.empty()) checked = Checked(Cause::rule, std::move(reason));
  }
  if (!checked.failed) return checked;
  if (checked.cause == Cause::pattern && !field.pattern_error.empty()) {
    checked.text = field.pattern_error;
  } else if (checked.cause != Cause::rule && !field.error_text.empty()) {
    checked.text = field.error_text;
  }
  return checked;
}

}  // namespace

FormAnswer Form::validate(const json::object& content, const std::vector<std::string>& only_fields) const {
  const auto cleaned = std::make_shared<json::object>();
  std::vector<FormFault> faults;
  for (const FormField& field : fields_) {
    if (!detail::listed(only_fields, field.name)) continue;
    const json::value* given = content.if_contains(field.name);
    Checked checked = check_field(field, given ? *given : json::value(nullptr));
    if (checked.failed) {
      FormFault& fault = faults.emplace_back();
      fault.field = field.name;
      fault.label = detail::shown(field);
      fault.cause = checked.cause;
      fault.text = std::move(checked.text);
    } else if (!checked.value.is_null()) {
      cleaned->emplace(field.name, std::move(checked.value));
    }
  }
  return FormAnswer(cleaned, std::move(faults));
}

Result<json::value> Form::validate_field(std::string_view name, const json::value& value) const {
  const FormField* field = find_field(name);
  if (!field) return Error("is not a field of this form");
  Checked checked = check_field(*field, value);
  if (checked.failed) return Error(std::move(checked.text));
  return std::move(checked.value);
}

FormAnswer::FormAnswer(std::shared_ptr<const json::object> content, std::vector<FormFault> faults)
    : content_(std::move(content)), faults_(std::move(faults)) {}

std::string FormAnswer::explain() const {
  std::string text;
  for (const FormFault& fault : faults_) {
    if (!text.empty()) text += '\n';
    text += fault.label + ": " + fault.text;
    if (std::string_view(".!?").find(text.back()) == std::string_view::npos) text += '.';
  }
  return text;
}

}  // namespace leanmcp::inline v0
