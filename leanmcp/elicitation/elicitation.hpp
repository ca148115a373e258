#pragma once

#include <leanmcp/protocol/form.hpp>
#include <leanmcp/server/entry.hpp>

#include <functional>
#include <string>

namespace leanmcp::inline v0 {

/// How a declared form behaves beyond its fields.
class ElicitationOptions {
 public:
  ElicitationOptions() = default;
  /// Names the question within the call; needed when an entry has several forms.
  ElicitationOptions& key(std::string name) {
    key_name = std::move(name);
    return *this;
  }
  /// Asks only when this says so, from the arguments known by then.
  ElicitationOptions& when(std::function<bool(const json::object& arguments)> condition) {
    asked_when = std::move(condition);
    return *this;
  }
  /// The outcome when the user declines or cancels, instead of the standard one.
  ElicitationOptions& otherwise(std::function<ToolResult(Action)> outcome) {
    when_refused = std::move(outcome);
    return *this;
  }
  std::string key_name = "form";
  std::function<bool(const json::object&)> asked_when;
  std::function<ToolResult(Action)> when_refused;
};

/// Asks the user for what the caller did not pass, before the function runs. The fields are members of the function's
/// input struct and become optional arguments; those marked `ask_user()` are no arguments at all. Answers are merged
/// into the arguments. Of several forms on one entry each is asked after the one before it and sees its answers.
///
/// A client that cannot be asked gets a result that says which fields are missing (`{"type":"elicitation","title":…,
/// "fields":[…]}`), so that an agent can pass them. Fields marked `or_on_page()` stay absent then.
///
/// Refused when the server is built: a form whose `check()` fails, a field that is no member of the input.
Decorator elicitation(Form form);
Decorator elicitation(Form form, ElicitationOptions options);

}  // namespace leanmcp::inline v0
