#include <leanmcp/protocol/form.hpp>
#include <leanmcp/protocol/form_format.hpp>
#include <leanmcp/protocol/form_kinds.hpp>
#include <leanmcp/json/pattern.hpp>
#include <leanmcp/protocol/form_secrets.hpp>
#include <leanmcp/protocol/form_values.hpp>

#include <boost/json.hpp>

#include <algorithm>
#include <cmath>
#include <set>
#include <tuple>

namespace leanmcp::inline v0 {
namespace {

using detail::has_options;
using detail::is_free_text;
using detail::is_numeric;

constexpr std::size_t longest_name = 64;
constexpr std::size_t longest_author_text = 10'000;

/// An empty text is "nothing wrong".
using Mistake = std::string;

bool is_field_name(const std::string& name) {
  return !name.empty() && name.size() <= longest_name && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '.';
  });
}

bool has_link(std::string_view text) {
  return text.find("http://") != std::string_view::npos || text.find("https://") != std::string_view::npos;
}

/// A text of the author that the user will read.
Mistake check_text(std::string_view what, const std::string& text, bool lines, bool links = false) {
  const auto length = detail::count_code_points(text);
  if (!length) return std::string(what) + " is not valid UTF-8";
  if (*length > longest_author_text) return std::string(what) + " is too long";
  if (detail::has_control_characters(text, lines)) return std::string(what) + " has control characters";
  if (!links && has_link(text))
    return std::string(what) + " has a link: a form must not carry links, use URL mode (elicit_url) for them";
  return {};
}

Mistake check_texts(const FormField& field) {
  // A placeholder may show a link as an example; it then stays out of what is sent (see folded_description).
  const std::tuple<const char*, const std::string&, bool> texts[] = {
      {"the label", field.label, false},
      {"the description", field.description, false},
      {"the help", field.help, false},
      {"the placeholder", field.placeholder, true},
      {"the pattern's error text", field.pattern_error, true},
      {"the error text", field.error_text, true}};
  for (const auto& [what, text, links] : texts) {
    Mistake mistake = check_text(what, text, true, links);
    if (!mistake.empty()) return mistake;
  }
  return {};
}

/// Booleans, choices and dates cannot hold a secret; anything written freely can.
Mistake check_secrecy(const FormField& field) {
  if (!is_free_text(field.type) && !is_numeric(field.type)) return {};
  if (!detail::names_a_secret(field.name) && !detail::label_asks_for_a_secret(field.label)) return {};
  return "it asks for a secret, and secrets must not go through a form, where the client and the model see them: use "
         "URL mode (elicit_url) to ask on a page of your own";
}

Mistake check_applies(const FormField& field) {
  const std::string type = " does not apply to a field of type " + std::string(to_string(field.type));
  if (!has_options(field.type) && !field.options.empty()) return "option()" + type;
  if (field.type != FieldType::select && field.legacy_titles) return "legacy_titles()" + type;
  if (!is_numeric(field.type) && (field.min || field.max)) return (field.min ? "min()" : "max()") + type;
  if (!is_free_text(field.type)) {
    if (field.min_length || field.max_length) return (field.min_length ? "min_length()" : "max_length()") + type;
    if (field.compiled_pattern) return "pattern()" + type;
  }
  if (field.type != FieldType::multiselect && (field.min_items || field.max_items))
    return (field.min_items ? "min_items()" : "max_items()") + type;
  return {};
}

Mistake check_options(const FormField& field) {
  if (!has_options(field.type)) return {};
  if (field.options.empty()) return "it has no options: add option(value, label)";
  if (field.options.size() > Form::max_options)
    return "it has more than " + std::to_string(Form::max_options) + " options";
  std::set<std::string_view> values;
  std::set<std::string_view> labels;
  for (const FormOption& option : field.options) {
    if (option.value.empty()) return "an option has no value";
    for (const std::string& text : {option.value, option.label}) {
      Mistake mistake = check_text("an option", text, false);
      if (!mistake.empty()) return mistake;
    }
    if (!values.insert(option.value).second) return "two options have the value '" + option.value + "'";
    if (!labels.insert(detail::shown(option)).second)
      return "two options look the same, '" + detail::shown(option) + "'";
    if (field.type == FieldType::multiselect &&
        (option.value.find(',') != std::string::npos || option.value.front() == ' ' || option.value.back() == ' '))
      return "the option '" + option.value +
             "' has a comma or a blank at an end, which cannot be told apart in revision 2025-06-18, where the values "
             "of a multiselect are sent separated by commas";
  }
  return {};
}

Mistake check_bounds(const FormField& field) {
  for (const auto& bound : {field.min, field.max})
    if (bound && !std::isfinite(*bound)) return "a bound is not a finite number";
  if (field.min && field.max && *field.min > *field.max) return "min() is above max()";
  const std::size_t most = field.max_length.value_or(Form::default_max_length);
  if (field.max_length == 0) return "max_length() of 0 allows no answer";
  if (field.min_length.value_or(0) > most) return "min_length() is above the longest answer allowed";
  if (field.max_items == 0) return "max_items() of 0 allows no answer";
  if (field.min_items && field.max_items && *field.min_items > *field.max_items)
    return "min_items() is above max_items()";
  if (field.min_items.value_or(0) > field.options.size()) return "min_items() is above the number of options";
  if (field.type == FieldType::integer && field.min && field.max && std::ceil(*field.min) > std::floor(*field.max))
    return "no whole number lies between min() and max()";
  return {};
}

}  // namespace

Result<void> Form::check() const {
  const auto refuse = [&](const std::string& reason) { return Error("form '" + title_ + "': " + reason); };
  if (title_.empty()) return Error("a form needs a title: it is the message that the user reads");
  if (Mistake mistake = check_text("its title", title_, true); !mistake.empty()) return Error("form: " + mistake);
  if (!misuse_.empty()) return refuse(misuse_);
  if (fields_.empty()) return refuse("it has no fields");
  if (fields_.size() > max_fields) return refuse("it has more than " + std::to_string(max_fields) + " fields");

  std::set<std::string_view> names;
  for (const FormField& field : fields_) {
    if (!is_field_name(field.name))
      return refuse("'" + field.name + "' is no field name: 1 to 64 letters, digits, '_', '-' and '.' are");
    if (!names.insert(field.name).second) return refuse("two fields have the name '" + field.name + "'");
    if (!field.pattern_mistake.empty())
      return refuse("field '" + field.name + "': its pattern is refused: " + field.pattern_mistake);
    for (const auto rule : {check_texts, check_secrecy, check_applies, check_options, check_bounds}) {
      const Mistake mistake = rule(field);
      if (!mistake.empty()) return refuse("field '" + field.name + "': " + mistake);
    }
    if (field.default_value.empty()) continue;
    const auto checked = validate_field(field.name, detail::to_json(field.default_value));
    if (!checked) return refuse("field '" + field.name + "': its default " + checked.error().message());
  }
  return {};
}

}  // namespace leanmcp::inline v0
