#pragma once

#include <leanmcp/base/result.hpp>
#include <leanmcp/json/fwd.hpp>
#include <leanmcp/json/type_info.hpp>
#include <leanmcp/protocol/form_answer.hpp>
#include <leanmcp/protocol/form_field.hpp>
#include <leanmcp/protocol/version.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace leanmcp::inline v0 {

/// What the user is asked: a message and flat fields, as the specification allows them in form mode (2026-07-28,
/// Elicitation, Form Mode Elicitation Requests).
///
///     Form("Upgrade to Premium")
///         .select("plan", "Select Plan").option("monthly", "Monthly - $9.99/mo").option("yearly", "Yearly -
///         $99/yr").required() .boolean("confirm", "I agree to the terms of service").required().ask_user();
///
/// A field call (`text`, `select`, …) begins a field; the calls after it refine that field. A chain on a temporary
/// stays a temporary: return it, pass it on or move it into a variable, but bind no reference to it.
/// A value: copies are independent. Reading one form from many threads is safe; changing it while others read is not.
/// Mistakes of the author (a rule before any field, a name used twice) are kept and told by `check()`; nothing throws.
class Form {
 public:
  /// Every text answer is at most this long, in code points, unless `max_length` says less or more.
  static constexpr std::size_t default_max_length = 10'000;
  /// A form has at most this many fields, a field at most this many options.
  static constexpr std::size_t max_fields = 100;
  static constexpr std::size_t max_options = 1'000;

  /// `title` is the message shown to the user.
  explicit Form(std::string title) : title_(std::move(title)) {}
  /// One field for each member of a described struct: texts, numbers, booleans, enums as a choice, lists of enums as
  /// several; date-times. Members with a default, and optionals, may be left out. Members of other types are told by
  /// `check()`.
  template <class T>
  static Form of(std::string title);

  // Fields. The name is the key of the answer: 1 to 64 of letters, digits, `_`, `-` and `.`. The label is what the
  // user sees; without one, clients show the name.

  /// One line of text; an answer with line breaks is refused.
  Form& text(std::string name, std::string label = {}) & {
    return add(FieldType::text, std::move(name), std::move(label));
  }
  /// Text of several lines. The wire has no word for it: clients that do not know better show a single line.
  Form& textarea(std::string name, std::string label = {}) & {
    return add(FieldType::textarea, std::move(name), std::move(label));
  }
  /// A finite number; integers stay integers.
  Form& number(std::string name, std::string label = {}) & {
    return add(FieldType::number, std::move(name), std::move(label));
  }
  /// A whole number that fits 64 bits signed. `2.0` is taken as 2.
  Form& integer(std::string name, std::string label = {}) & {
    return add(FieldType::integer, std::move(name), std::move(label));
  }
  /// True or false. `required()` asks for an answer, not for a yes: test the answer yourself, or use `validate`.
  Form& boolean(std::string name, std::string label = {}) & {
    return add(FieldType::boolean, std::move(name), std::move(label));
  }
  /// One of the options that follow.
  Form& select(std::string name, std::string label = {}) & {
    return add(FieldType::select, std::move(name), std::move(label));
  }
  /// Some of the options that follow, each at most once. Revision 2025-06-18 has no lists: there it is asked for as
  /// text with the values separated by commas, and the answer becomes a list all the same.
  Form& multiselect(std::string name, std::string label = {}) & {
    return add(FieldType::multiselect, std::move(name), std::move(label));
  }
  /// A calendar date, `2026-02-28` (RFC 3339 section 5.6, full-date).
  Form& date(std::string name, std::string label = {}) & {
    return add(FieldType::date, std::move(name), std::move(label));
  }
  /// A point in time with its offset, `2026-02-28T10:00:00Z` (RFC 3339 section 5.6, date-time).
  Form& datetime(std::string name, std::string label = {}) & {
    return add(FieldType::datetime, std::move(name), std::move(label));
  }
  /// An email address as people have them: dot-atom at host name with a dot. It is not verified that it exists.
  Form& email(std::string name, std::string label = {}) & {
    return add(FieldType::email, std::move(name), std::move(label));
  }
  /// An absolute http or https URL without user name and password.
  Form& url(std::string name, std::string label = {}) & {
    return add(FieldType::url, std::move(name), std::move(label));
  }

  // Refinements of the field begun last.

  /// One more choice; without a label the value is shown.
  Form& option(std::string value, std::string label = {}) &;
  /// The answer must be there. An empty text or null counts as missing.
  Form& required(bool on = true) &;
  /// Only the person may answer: the field is never an argument of the tool, so no model can fill it in.
  Form& ask_user(bool on = true) &;
  /// As `ask_user()`; where nobody can be asked, the answer is taken elsewhere (on our page or the payment provider's).
  Form& or_on_page(bool on = true) &;
  /// What the field means.
  Form& description(std::string text) &;
  /// How to fill it in. Sent as part of the description.
  Form& help(std::string text) &;
  /// An example of an answer. Sent as part of the description.
  Form& placeholder(std::string text) &;
  /// What the client shows before the user changes it (SEP-1034). It is never put in for a missing answer by us.
  Form& default_value(FormDefault value) &;
  /// Inclusive bounds of a number or integer.
  Form& min(double least) &;
  Form& max(double most) &;
  /// Inclusive lengths of a text in code points.
  Form& min_length(std::size_t least) &;
  Form& max_length(std::size_t most) &;
  /// Inclusive bounds on how many options of a multiselect are chosen.
  Form& min_items(std::size_t least) &;
  Form& max_items(std::size_t most) &;
  /// A regular expression that must match somewhere in the text (anchor it with ^ and $ to match all of it), and what
  /// to say when it does not. Checked by us; the form's wire subset has no place for it. Written in what RE2 and
  /// ECMA-262 have in common, so that it means the same in the tool's input schema: no lookaround, no backreferences.
  Form& pattern(std::string expression, std::string error_text = {}) &;
  /// A rule of your own, run last on the cleaned value: returns what is wrong, or an empty text.
  /// Called from any thread, several at once; must not block.
  Form& validate(FormField::Validator rule) &;
  /// Said instead of our own words when a rule of the field is broken.
  Form& error_text(std::string text) &;
  /// Sends option titles as `enumNames` in every revision, for clients that know only that shape. Deprecated by
  /// SEP-1330 and part of the protocol all the same.
  Form& legacy_titles(bool on = true) &;

  // The same on temporaries.
  Form&& text(std::string name, std::string label = {}) && {
    return std::move(text(std::move(name), std::move(label)));
  }
  Form&& textarea(std::string name, std::string label = {}) && {
    return std::move(textarea(std::move(name), std::move(label)));
  }
  Form&& number(std::string name, std::string label = {}) && {
    return std::move(number(std::move(name), std::move(label)));
  }
  Form&& integer(std::string name, std::string label = {}) && {
    return std::move(integer(std::move(name), std::move(label)));
  }
  Form&& boolean(std::string name, std::string label = {}) && {
    return std::move(boolean(std::move(name), std::move(label)));
  }
  Form&& select(std::string name, std::string label = {}) && {
    return std::move(select(std::move(name), std::move(label)));
  }
  Form&& multiselect(std::string name, std::string label = {}) && {
    return std::move(multiselect(std::move(name), std::move(label)));
  }
  Form&& date(std::string name, std::string label = {}) && {
    return std::move(date(std::move(name), std::move(label)));
  }
  Form&& datetime(std::string name, std::string label = {}) && {
    return std::move(datetime(std::move(name), std::move(label)));
  }
  Form&& email(std::string name, std::string label = {}) && {
    return std::move(email(std::move(name), std::move(label)));
  }
  Form&& url(std::string name, std::string label = {}) && { return std::move(url(std::move(name), std::move(label))); }
  Form&& option(std::string value, std::string label = {}) && {
    return std::move(option(std::move(value), std::move(label)));
  }
  Form&& required(bool on = true) && { return std::move(required(on)); }
  Form&& ask_user(bool on = true) && { return std::move(ask_user(on)); }
  Form&& or_on_page(bool on = true) && { return std::move(or_on_page(on)); }
  Form&& description(std::string text) && { return std::move(description(std::move(text))); }
  Form&& help(std::string text) && { return std::move(help(std::move(text))); }
  Form&& placeholder(std::string text) && { return std::move(placeholder(std::move(text))); }
  Form&& default_value(FormDefault value) && { return std::move(default_value(std::move(value))); }
  Form&& min(double least) && { return std::move(min(least)); }
  Form&& max(double most) && { return std::move(max(most)); }
  Form&& min_length(std::size_t least) && { return std::move(min_length(least)); }
  Form&& max_length(std::size_t most) && { return std::move(max_length(most)); }
  Form&& min_items(std::size_t least) && { return std::move(min_items(least)); }
  Form&& max_items(std::size_t most) && { return std::move(max_items(most)); }
  Form&& pattern(std::string expression, std::string error_text = {}) && {
    return std::move(pattern(std::move(expression), std::move(error_text)));
  }
  Form&& validate(FormField::Validator rule) && { return std::move(validate(std::move(rule))); }
  Form&& error_text(std::string text) && { return std::move(error_text(std::move(text))); }
  Form&& legacy_titles(bool on = true) && { return std::move(legacy_titles(on)); }

  const std::string& title() const noexcept { return title_; }
  const std::vector<FormField>& fields() const noexcept { return fields_; }
  bool empty() const noexcept { return fields_.empty(); }
  std::vector<std::string> field_names() const;
  /// Null when there is no such field.
  const FormField* find_field(std::string_view name) const noexcept;
  bool has_field(std::string_view name) const noexcept { return find_field(name) != nullptr; }
  /// Each is false for a name that is no field.
  bool is_ask_user(std::string_view name) const noexcept;
  bool is_on_page(std::string_view name) const noexcept;
  bool is_required(std::string_view name) const noexcept;

  /// Whether the form may be used at all; the author's mistakes, found when the server is built. Refuses, among
  /// others, names and labels that ask for secrets: those must not go through a form (2026-07-28, Elicitation, Form
  /// Mode Security) but through URL mode; and links in texts (the same page, Safe URL Handling).
  Result<void> check() const;

  /// The `requestedSchema` of an elicitation request: the flat subset of JSON Schema that the revision allows.
  /// With `only_fields`, just these, in the form's order. Revisions before 2025-06-18 have no elicitation; they get the
  /// same shape as 2025-06-18.
  json::object requested_schema(Version version, const std::vector<std::string>& only_fields = {}) const;
  /// JSON Schema 2020-12 of one field, for the input schema of a tool, with all rules that JSON Schema can say.
  /// An empty object for a name that is no field.
  json::object property_schema(std::string_view name) const;
  /// The fields as data, for the structured answer to a caller whose client cannot be asked.
  json::array describe_fields(const std::vector<std::string>& only_fields = {}) const;

  /// Checks the `content` of an accepted elicitation, or the arguments passed for these fields, against all rules.
  /// Members that are no field of the form (or not among `only_fields`) are dropped; missing optional ones stay
  /// missing, whatever their default. The rules of the author run on this thread.
  FormAnswer validate(const json::object& content, const std::vector<std::string>& only_fields = {}) const;
  /// Checks one value and returns it cleaned, or null for "no answer" where the field is optional. The error's
  /// message says what is wrong. A name that is no field is an error.
  Result<json::value> validate_field(std::string_view name, const json::value& value) const;

 private:
  Form& add(FieldType type, std::string name, std::string label);
  /// The field to refine, or a scratch one when there is none yet; that misuse is noted for check().
  FormField& last(const char* refinement);

  std::string title_;
  std::vector<FormField> fields_;
  /// The author's first mistake with the builder itself.
  std::string misuse_;
};

/// The form of a described struct's table; see `Form::of`.
Form form_of(const TypeInfo& type, std::string title);

template <class T>
Form Form::of(std::string title) {
  static_assert(is_described_struct<T>, "describe the answers with BOOST_DESCRIBE_STRUCT(T, (), (members...))");
  return form_of(type_info<T>(), std::move(title));
}

}  // namespace leanmcp::inline v0
