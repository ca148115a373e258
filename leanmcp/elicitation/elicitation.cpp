#include <leanmcp/elicitation/elicitation.hpp>

#include <leanmcp/protocol/codes.hpp>
#include <leanmcp/protocol/message.hpp>
#include <leanmcp/server/ask.hpp>

#include <boost/json.hpp>

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <utility>

namespace leanmcp::inline v0 {

namespace {

/// A failure in the shape the entry's kind has for it.
Verdict failure(const Call& call, Error error) {
  ToolResult result = failure_result(error);
  if (call.entry().kind != EntryKind::tool) {
    result.failed = true;
    result.rpc_code = code::invalid_params;
    result.error = std::move(error);
  }
  return Verdict::answer(std::move(result));
}

Error refused(const Form& form, Action action, bool gave_up) {
  const std::string words = gave_up                     ? "The answers did not fit; nothing was done."
                            : action == Action::decline ? "The user declined; nothing was done."
                                                        : "The user cancelled; nothing was done.";
  std::string detail = R"({"type":"elicitation","action":")";
  detail += action == Action::decline ? "decline" : "cancel";
  detail += R"(","title":)";
  append_json_string(detail, form.title());
  detail += ",\"message\":";
  append_json_string(detail, words);
  detail += '}';
  Error error(words);
  return error.with_data(std::move(detail));
}

/// What is missing of one or more forms; the title is the first one's.
class Missing {
 public:
  void add(const Form& form, const std::vector<std::string>& names) {
    if (names.empty()) return;
    if (title_.empty()) title_ = form.title();
    for (json::value& field : form.describe_fields(names)) fields_.push_back(std::move(field));
  }
  bool empty() const { return fields_.empty(); }
  Error error() const {
    std::string detail = R"({"type":"elicitation","title":)";
    append_json_string(detail, title_);
    detail += ",\"fields\":" + json_text(json::value(fields_)) + "}";
    Error error("More is needed: " + title_);
    return error.with_data(std::move(detail));
  }

 private:
  std::string title_;
  json::array fields_;
};

Error wrong_arguments(const std::string& faults) { return Error("The arguments do not fit:" + faults); }

/// A step in view of the arguments known now.
struct Situation {
  Form form{""};
  std::vector<std::string> to_ask;
  /// Required, not there, and nowhere else to be had.
  std::vector<std::string> missing;
  std::string faults;
  bool needed = false;
};

/// Checks what was passed for the form; what is right is merged back as the form cleaned it.
std::string check_passed(Call& call, const Form& form) {
  std::string faults;
  for (const std::string& name : form.field_names()) {
    const json::value* const passed = call.arguments().if_contains(name);
    if (!passed) continue;
    auto checked = form.validate_field(name, *passed);
    if (!checked) {
      faults += "\n/" + name + " " + checked.error().message();
    } else {
      call.merge_argument(name, *checked);
    }
  }
  return faults;
}

class ElicitationHook final : public Hook {
 public:
  ElicitationHook(FormSteps steps, ElicitationOptions options)
      : steps_(std::move(steps)), options_(std::move(options)) {}
  Stage stage() const override { return Stage::elicit; }

  Verdict before(Call& call) override {
    // All of what was passed comes first: nobody is asked anything for a call that its arguments would fail.
    std::string faults;
    for (const FormSteps::Step& step : steps_.list()) {
      for (const std::string& name : step.form.field_names())
        if (step.form.is_ask_user(name) && call.arguments().contains(name))
          faults += "\n/" + name + " is for the user to answer and cannot be passed";
    }
    if (faults.empty())
      for (const FormSteps::Step& step : steps_.list()) faults += check_passed(call, step.form);
    if (!faults.empty()) return failure(call, wrong_arguments(faults));
    if (options_.asked_when && !options_.asked_when(call.arguments())) return Verdict::proceed();

    Missing missing;
    bool open = false;
    for (std::size_t i = 0; i < steps_.list().size(); ++i) {
      // Conditions may count on the answers before them; without those nobody can tell whether the step applies.
      if (open && (steps_.list()[i].condition || steps_.list()[i].adapt)) continue;
      const std::optional<Situation> now = look_at(call, steps_.list()[i]);
      if (!now) continue;
      if (!now->faults.empty()) return failure(call, wrong_arguments(now->faults));
      if (!now->needed) continue;
      if (call.can_ask_form()) return Verdict::later(ask(call, i));
      open = true;
      missing.add(now->form, now->missing);
    }
    if (missing.empty()) return Verdict::proceed();
    return failure(call, missing.error());
  }

 private:
  /// Nothing where the step does not apply.
  static std::optional<Situation> look_at(Call& call, const FormSteps::Step& step) {
    std::optional<Situation> none;
    if (step.condition && !step.condition(call.arguments())) return none;
    Situation now;
    now.form = step.form;
    if (step.adapt) {
      now.form = step.adapt(step.form, call.arguments());
      if (const auto checked = now.form.check(); !checked)
        throw std::logic_error("an adapted form: " + checked.error().message());
      for (const FormField& field : now.form.fields()) {
        const FormField* const declared = step.form.find_field(field.name);
        if (!declared) throw std::logic_error("an adapted form has a field that was not declared: " + field.name);
        if (declared->ask_user && !field.ask_user)
          throw std::logic_error("an adapted form gives away what only the user may answer: " + field.name);
      }
      now.faults = check_passed(call, now.form);
    }
    for (const std::string& name : now.form.field_names()) {
      if (call.arguments().contains(name)) continue;
      now.to_ask.push_back(name);
      if (!now.form.is_required(name)) continue;
      now.needed = true;
      if (!now.form.is_on_page(name)) now.missing.push_back(name);
    }
    return now;
  }

  std::string key(std::size_t step) const {
    return steps_.list().size() == 1 ? options_.key_name : options_.key_name + "." + std::to_string(step + 1);
  }

  Task<Verdict> ask(Call& call, std::size_t first) const {
    for (std::size_t i = first; i < steps_.list().size(); ++i) {
      std::optional<Situation> now = look_at(call, steps_.list()[i]);
      if (now && !now->faults.empty()) {
        Verdict wrong = failure(call, wrong_arguments(now->faults));
        co_return std::move(wrong);
      }
      if (!now || !now->needed) continue;
      std::function<std::string(const json::object&)> no_check;
      Task<FormReply> asking =
          ask_form(call, key(i), now->form, std::move(now->to_ask), std::move(no_check), options_.most_attempts);
      const FormReply reply = co_await std::move(asking);
      if (reply.action != Action::accept) {
        Verdict verdict = options_.when_refused ? Verdict::answer(options_.when_refused(reply.action))
                                                : failure(call, refused(now->form, reply.action, reply.gave_up));
        co_return std::move(verdict);
      }
      for (const auto& [name, value] : *reply.content) call.merge_argument(name, value);
    }
    Verdict verdict = Verdict::proceed();
    co_return std::move(verdict);
  }

  const FormSteps steps_;
  const ElicitationOptions options_;
};

/// The form's fields in the input schema: optional, with the form's own rules; none of those only the user may answer.
/// The first field that the input does not have is told.
std::string edit_schema(const Form& form, bool adapted, json::object& schema) {
  json::value& properties = schema["properties"];
  if (!properties.is_object()) properties = json::object();
  json::array required;
  if (const json::value* const old = schema.if_contains("required"); old && old->is_array())
    for (const json::value& name : old->get_array())
      if (!name.is_string() || !form.has_field(std::string_view(name.get_string()))) required.push_back(name);
  for (const std::string& name : form.field_names()) {
    json::value* const property = properties.get_object().if_contains(name);
    if (!property) return name;
    if (form.is_ask_user(name)) {
      properties.get_object().erase(name);
      continue;
    }
    if (!property->is_object()) *property = json::object();
    for (const auto& [key, value] : form.property_schema(name)) {
      // The options of an adapted form are those of one situation.
      if (adapted && (key == "enum" || key == "oneOf" || key == "items")) continue;
      property->get_object()[key] = value;
    }
  }
  schema["required"] = std::move(required);
  return {};
}

}  // namespace

FormSteps& FormSteps::when(Condition condition) & {
  if (steps_.empty()) return misused_ = true, *this;
  steps_.back().condition = std::move(condition);
  return *this;
}

FormSteps& FormSteps::adapt(Adapt change) & {
  if (steps_.empty()) return misused_ = true, *this;
  steps_.back().adapt = std::move(change);
  return *this;
}

std::string FormSteps::problem() const {
  if (misused_) return "its steps: when() and adapt() come after the step they are for";
  if (steps_.empty()) return "its form has no steps";
  std::set<std::string> names;
  for (const Step& step : steps_) {
    const auto checked = step.form.check();
    if (!checked) return "its form '" + step.form.title() + "': " + checked.error().message();
    for (std::string& name : step.form.field_names())
      if (!names.insert(name).second) return "its form asks for '" + name + "' in two steps";
  }
  return {};
}

Decorator elicitation(Form form) { return elicitation(std::move(form), ElicitationOptions()); }

Decorator elicitation(Form form, ElicitationOptions options) {
  return elicitation(FormSteps().step(std::move(form)), std::move(options));
}

Decorator elicitation(FormSteps steps) { return elicitation(std::move(steps), ElicitationOptions()); }

Decorator elicitation(FormSteps steps, ElicitationOptions options) {
  const std::string problem = steps.problem();
  return Decorator([steps = std::move(steps), options = std::move(options), problem](EntryDraft& draft) {
    if (!problem.empty()) return draft.fail(problem);
    if (options.when_refused && draft.entry.kind != EntryKind::tool)
      return draft.fail("elicitation: otherwise() gives a tool's result; prompts and resources answer with an error");
    draft.entry.hooks.push_back(std::make_shared<ElicitationHook>(steps, options));
    draft.schema_edits.push_back([steps](json::object& schema) -> Result<void> {
      for (const FormSteps::Step& step : steps.list()) {
        const std::string unknown = edit_schema(step.form, static_cast<bool>(step.adapt), schema);
        if (!unknown.empty()) return Error("its form asks for '" + unknown + "', which is no field of the input");
      }
      return {};
    });
  });
}

}  // namespace leanmcp::inline v0
