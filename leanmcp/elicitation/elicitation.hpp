#pragma once

#include <leanmcp/protocol/form.hpp>
#include <leanmcp/server/entry.hpp>

#include <functional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace leanmcp::inline v0 {

/// Several forms, one after the other; each step sees the answers before it.
///
///     FormSteps()
///         .step(Form("Where do you live?").select("country").option("de").option("fr").required())
///         .step(Form("Your city").text("city").required())
///             .adapt([](Form form, const json::object& known) { … })
///         .step(Form("Anything else?").textarea("note").required())
///             .when([](const json::object& known) { return known.contains("city"); })
///
/// `when` and `adapt` refine the step begun last. Both see the arguments with all answers so far, those of required
/// fields in the steps before among them; they run on the call's executor in every round and must give the same for the
/// same arguments. Where nobody can be asked, they are not called once something before them is missing.
class FormSteps {
 public:
  using Condition = std::function<bool(const json::object& known)>;
  using Adapt = std::function<Form(Form form, const json::object& known)>;

  FormSteps() = default;
  /// The form names all fields the step may have: they are in the tool's input schema.
  FormSteps& step(Form form) & {
    steps_.push_back(Step(std::move(form)));
    return *this;
  }
  FormSteps& when(Condition condition) &;
  /// Changes texts, options and rules in view of what is known, or leaves fields out; it cannot add fields.
  FormSteps& adapt(Adapt change) &;
  FormSteps&& step(Form form) && { return std::move(step(std::move(form))); }
  FormSteps&& when(Condition condition) && { return std::move(when(std::move(condition))); }
  FormSteps&& adapt(Adapt change) && { return std::move(adapt(std::move(change))); }

  struct Step {
    explicit Step(Form form) : form(std::move(form)) {}
    Form form;
    Condition condition;
    Adapt adapt;
  };
  const std::vector<Step>& list() const noexcept { return steps_; }
  /// What is wrong with the steps as they are declared; empty when nothing is.
  std::string problem() const;

 private:
  std::vector<Step> steps_;
  bool misused_ = false;
};
static_assert(!std::is_aggregate_v<FormSteps> && !std::is_aggregate_v<FormSteps::Step>);

/// How a declared form behaves beyond its fields.
class ElicitationOptions {
 public:
  ElicitationOptions() = default;
  /// Names the question within the call; needed when an entry has several of these decorators.
  ElicitationOptions& key(std::string name) {
    key_name = std::move(name);
    return *this;
  }
  /// Asks only when this says so, from the arguments known by then.
  ElicitationOptions& when(std::function<bool(const json::object& arguments)> condition) {
    asked_when = std::move(condition);
    return *this;
  }
  /// The outcome when the user declines or cancels, instead of the standard one. For tools.
  ElicitationOptions& otherwise(std::function<ToolResult(Action)> outcome) {
    when_refused = std::move(outcome);
    return *this;
  }
  /// How often a form is put before answers that do not fit count as cancelled.
  ElicitationOptions& attempts(int most) {
    most_attempts = most;
    return *this;
  }
  std::string key_name = "form";
  std::function<bool(const json::object&)> asked_when;
  std::function<ToolResult(Action)> when_refused;
  int most_attempts = 3;
};

/// Asks the user for what the caller did not pass, before the function of a tool, prompt, resource or resource template
/// runs. The fields are members of the function's input struct and become optional arguments; those marked `ask_user()`
/// are no arguments at all. Answers are merged into the arguments. Of several forms on one entry each is asked after
/// the one before it and sees its answers. Members that may stay unasked need a default or must be optional.
///
/// What was passed is checked against the same rules before anything is asked. Answers that do not fit are asked for
/// again with the reason, three times at most. If the user declines or cancels, a tool gives an `isError` result with
/// `{"type":"elicitation","action":"decline"|"cancel",…}`; prompts and resources give the error -32602 with the same
/// data.
///
/// A client that cannot be asked gets a result that says which fields are missing (`{"type":"elicitation","title":…,
/// "fields":[…]}`), so that an agent can pass them. Fields marked `or_on_page()` stay absent then.
///
/// Refused when the server is built: a form whose `check()` fails (fields that ask for secrets among others: use URL
/// mode), a field that is no member of the input or stands in two steps.
Decorator elicitation(Form form);
Decorator elicitation(Form form, ElicitationOptions options);
Decorator elicitation(FormSteps steps);
Decorator elicitation(FormSteps steps, ElicitationOptions options);

}  // namespace leanmcp::inline v0
