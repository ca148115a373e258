#pragma once

#include <leanmcp/protocol/form.hpp>
#include <leanmcp/server/call.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace leanmcp::inline v0 {

/// What came back from a form: the action, and the cleaned content when it was accepted.
struct FormReply {
  Action action = Action::cancel;
  std::shared_ptr<const json::object> content;
  /// The answers never fitted; `action` is cancel.
  bool gave_up = false;
};

/// Asks the user to fill (these fields of) the form until the answers fit or `attempts` did not; then the answer counts
/// as cancelled. `check` may refuse what the form itself accepts: it gives the reason, or an empty text.
Task<FormReply> ask_form(Call& call, std::string key, Form form, std::vector<std::string> fields,
                         std::function<std::string(const json::object&)> check, int attempts = 3);

/// The `elicitationId` of 2025-11-25: unguessable, and the same whenever the same question of the call is put.
std::string url_question_id(Call& call, const std::string& key);

}  // namespace leanmcp::inline v0
