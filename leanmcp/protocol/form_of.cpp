#include <leanmcp/json/bind.hpp>
#include <leanmcp/protocol/form.hpp>

#include <boost/json.hpp>

namespace leanmcp::inline v0 {

namespace {

void add_options(Form& form, const TypeInfo& type) {
  for (std::size_t i = 0; i < type.count; ++i) form.option(type.enumerators[i].name);
}

void set_default(Form& form, const TypeInfo& type, const json::value& value) {
  switch (type.kind) {
    case TypeKind::boolean: form.default_value(value.get_bool()); return;
    case TypeKind::integer: form.default_value(value.to_number<std::int64_t>()); return;
    case TypeKind::number: form.default_value(value.to_number<double>()); return;
    case TypeKind::string:
    case TypeKind::enumeration: form.default_value(std::string(value.get_string())); return;
    default: return;
  }
}

}  // namespace

Form form_of(const TypeInfo& type, std::string title) {
  Form form(std::move(title));
  for (std::size_t i = 0; i < type.count; ++i) {
    const FieldInfo& field = type.fields[i];
    const TypeInfo* value = &field.type();
    const bool is_optional = value->kind == TypeKind::optional;
    if (is_optional) value = &value->inner();
    switch (value->kind) {
      case TypeKind::boolean: form.boolean(field.name); break;
      case TypeKind::integer: form.integer(field.name); break;
      case TypeKind::number: form.number(field.name); break;
      case TypeKind::date_time: form.datetime(field.name); break;
      case TypeKind::enumeration:
        form.select(field.name);
        add_options(form, *value);
        break;
      case TypeKind::array:
        // Only lists of choices have a form; for any other element `check()` finds a choice without options.
        form.multiselect(field.name);
        add_options(form, value->inner());
        break;
      case TypeKind::string: form.text(field.name); break;
      default: form.select(field.name); break;
    }
    const bool has = is_optional || has_default(type, field);
    form.required(!has);
    if (has && !is_optional) set_default(form, *value, to_json(*value, field.at(type.default_object())));
  }
  return form;
}

}  // namespace leanmcp::inline v0
