#include <leanmcp/protocol/form.hpp>
#include <leanmcp/json/pattern.hpp>

#include <algorithm>

namespace leanmcp::inline v0 {

std::string_view to_string(FieldType type) noexcept {
  switch (type) {
    case FieldType::text:
      return "text";
    case FieldType::textarea:
      return "textarea";
    case FieldType::number:
      return "number";
    case FieldType::integer:
      return "integer";
    case FieldType::boolean:
      return "boolean";
    case FieldType::select:
      return "select";
    case FieldType::multiselect:
      return "multiselect";
    case FieldType::date:
      return "date";
    case FieldType::datetime:
      return "datetime";
    case FieldType::email:
      return "email";
    case FieldType::url:
      return "url";
  }
  return "";
}

Form& Form::add(FieldType type, std::string name, std::string label) {
  FormField& field = fields_.emplace_back();
  field.type = type;
  field.name = std::move(name);
  field.label = std::move(label);
  return *this;
}

FormField& Form::last(const char* refinement) {
  if (fields_.empty()) {
    if (misuse_.empty()) misuse_ = std::string(refinement) + "() comes before any field";
    // Refines a field of its own, so that the chain goes on; check() never lets the form through.
    fields_.emplace_back();
  }
  return fields_.back();
}

Form& Form::option(std::string value, std::string label) & {
  last("option").options.push_back(FormOption{std::move(value), std::move(label)});
  return *this;
}

Form& Form::required(bool on) & {
  last("required").required = on;
  return *this;
}

Form& Form::ask_user(bool on) & {
  last("ask_user").ask_user = on;
  return *this;
}

Form& Form::or_on_page(bool on) & {
  FormField& field = last("or_on_page");
  field.on_page = on;
  if (on) field.ask_user = true;
  return *this;
}

Form& Form::description(std::string text) & {
  last("description").description = std::move(text);
  return *this;
}

Form& Form::help(std::string text) & {
  last("help").help = std::move(text);
  return *this;
}

Form& Form::placeholder(std::string text) & {
  last("placeholder").placeholder = std::move(text);
  return *this;
}

Form& Form::default_value(FormDefault value) & {
  last("default_value").default_value = std::move(value);
  return *this;
}

Form& Form::min(double least) & {
  last("min").min = least;
  return *this;
}

Form& Form::max(double most) & {
  last("max").max = most;
  return *this;
}

Form& Form::min_length(std::size_t least) & {
  last("min_length").min_length = least;
  return *this;
}

Form& Form::max_length(std::size_t most) & {
  last("max_length").max_length = most;
  return *this;
}

Form& Form::min_items(std::size_t least) & {
  last("min_items").min_items = least;
  return *this;
}

Form& Form::max_items(std::size_t most) & {
  last("max_items").max_items = most;
  return *this;
}

Form& Form::pattern(std::string expression, std::string error_text) & {
  FormField& field = last("pattern");
  field.compiled_pattern.reset();
  field.pattern_mistake.clear();
  auto compiled = detail::compile_pattern(expression);
  if (compiled) {
    field.compiled_pattern = std::move(compiled).value();
  } else {
    field.pattern_mistake = compiled.error().message();
  }
  field.pattern = std::move(expression);
  field.pattern_error = std::move(error_text);
  return *this;
}

Form& Form::validate(FormField::Validator rule) & {
  last("validate").validator = std::move(rule);
  return *this;
}

Form& Form::error_text(std::string text) & {
  last("error_text").error_text = std::move(text);
  return *this;
}

Form& Form::legacy_titles(bool on) & {
  last("legacy_titles").legacy_titles = on;
  return *this;
}

std::vector<std::string> Form::field_names() const {
  std::vector<std::string> names;
  names.reserve(fields_.size());
  for (const FormField& field : fields_) names.push_back(field.name);
  return names;
}

const FormField* Form::find_field(std::string_view name) const noexcept {
  const auto found = std::ranges::find(fields_, name, &FormField::name);
  return found == fields_.end() ? nullptr : &*found;
}

bool Form::is_ask_user(std::string_view name) const noexcept {
  const FormField* field = find_field(name);
  return field && field->ask_user;
}

bool Form::is_on_page(std::string_view name) const noexcept {
  const FormField* field = find_field(name);
  return field && field->on_page;
}

bool Form::is_required(std::string_view name) const noexcept {
  const FormField* field = find_field(name);
  return field && field->required;
}

}  // namespace leanmcp::inline v0
