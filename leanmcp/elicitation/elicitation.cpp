#include <leanmcp/elicitation/elicitation.hpp>

#include <leanmcp/protocol/message.hpp>
#include <leanmcp/server/ask.hpp>

#include <boost/json.hpp>

#include <memory>
#include <utility>

namespace leanmcp::inline v0 {

namespace {

ToolResult refused(const Form& form, Action action) {
  const char* const word = action == Action::decline ? "decline" : "cancel";
  std::string detail = R"({"type":"elicitation","action":")" + std::string(word) + R"(","title":)";
  append_json_string(detail, form.title());
  detail += action == Action::decline ? R"(,"message":"The user declined; nothing was done."})"
                                      : R"(,"message":"The user cancelled; nothing was done."})";
  Error error(action == Action::decline ? "The user declined; nothing was done."
                                        : "The user cancelled; nothing was done.");
  return failure_result(error.with_data(std::move(detail)));
}

ToolResult cannot_ask(const Form& form, const std::vector<std::string>& missing) {
  std::string detail = R"({"type":"elicitation","title":)";
  append_json_string(detail, form.title());
  detail += ",\"fields\":" + json_text(json::value(form.describe_fields(missing))) + "}";
  Error error("More is needed: " + form.title());
  return failure_result(error.with_data(std::move(detail)));
}

ToolResult wrong_arguments(const std::string& faults) {
  return ToolResult::failure("The arguments do not fit:" + faults);
}

class ElicitationHook final : public Hook {
 public:
  ElicitationHook(Form form, ElicitationOptions options) : form_(std::move(form)), options_(std::move(options)) {}
  Stage stage() const override { return Stage::elicit; }

  Verdict before(Call& call) override {
    std::vector<std::string> missing;
    std::vector<std::string> to_ask;
    std::string faults;
    bool needed = false;
    for (const std::string& name : form_.field_names()) {
      const json::value* const passed = call.arguments().if_contains(name);
      if (!passed) {
        to_ask.push_back(name);
        if (form_.is_required(name)) {
          needed = true;
          if (!form_.is_on_page(name)) missing.push_back(name);
        }
        continue;
      }
      if (form_.is_ask_user(name)) {
        faults += "\n/" + name + " is for the user to answer and cannot be passed";
        continue;
      }
      auto checked = form_.validate_field(name, *passed);
      if (!checked) {
        faults += "\n/" + name + " " + checked.error().message();
      } else {
        call.merge_argument(name, *checked);
      }
    }
    if (!faults.empty()) return Verdict::answer(wrong_arguments(faults));
    if (!needed || (options_.asked_when && !options_.asked_when(call.arguments()))) return Verdict::proceed();
    if (call.can_ask_form()) return Verdict::later(ask(call, std::move(to_ask)));
    if (missing.empty()) return Verdict::proceed();
    return Verdict::answer(cannot_ask(form_, missing));
  }

 private:
  Task<Verdict> ask(Call& call, std::vector<std::string> fields) const {
    std::function<std::string(const json::object&)> no_check;
    Task<FormReply> asking = ask_form(call, options_.key_name, form_, std::move(fields), std::move(no_check));
    const FormReply reply = co_await std::move(asking);
    Verdict verdict = Verdict::proceed();
    if (reply.action == Action::accept) {
      for (const auto& [name, value] : *reply.content) call.merge_argument(name, value);
    } else {
      verdict =
          Verdict::answer(options_.when_refused ? options_.when_refused(reply.action) : refused(form_, reply.action));
    }
    co_return std::move(verdict);
  }

  const Form form_;
  const ElicitationOptions options_;
};

/// The form's fields in the input schema: optional, with the form's own rules; none of those only the user may answer.
/// The first field that the input does not have is told.
std::string edit_schema(const Form& form, json::object& schema) {
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
    for (const auto& [key, value] : form.property_schema(name)) property->get_object()[key] = value;
  }
  schema["required"] = std::move(required);
  return {};
}

}  // namespace

Decorator elicitation(Form form) { return elicitation(std::move(form), ElicitationOptions()); }

Decorator elicitation(Form form, ElicitationOptions options) {
  const auto checked = form.check();
  const std::string problem = checked ? std::string() : checked.error().message();
  return Decorator([form = std::move(form), options = std::move(options), problem](EntryDraft& draft) {
    if (!problem.empty()) return draft.fail("its form '" + form.title() + "': " + problem);
    if (draft.entry.kind != EntryKind::tool && draft.entry.kind != EntryKind::prompt)
      return draft.fail("elicitation(form) is for tools and prompts; a resource can ask in its function");
    draft.entry.hooks.push_back(std::make_shared<ElicitationHook>(form, options));
    draft.schema_edits.push_back([form](json::object& schema) -> Result<void> {
      const std::string unknown = edit_schema(form, schema);
      if (!unknown.empty()) return Error("its form asks for '" + unknown + "', which is no field of the input");
      return {};
    });
  });
}

}  // namespace leanmcp::inline v0
