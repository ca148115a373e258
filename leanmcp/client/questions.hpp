#pragma once

#include <leanmcp/base/task.hpp>
#include <leanmcp/client/error.hpp>
#include <leanmcp/client/types.hpp>

#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace leanmcp::inline v0 {

/// What a server wants to know from, or show to, the user (2026-07-28, Elicitation).
class ElicitQuestion {
 public:
  /// What the server calls itself and where it is: to be shown beside the question.
  std::string server;
  std::string message;
  /// Form mode: a flat JSON Schema object of the fields. Null in URL mode.
  JsonObject schema;
  /// URL mode: what the user should open. Never fetched by the client. Show it whole and its host apart, and open it
  /// only when the user agreed.
  std::string url;
  /// URL mode of 2025-11-25.
  std::string elicitation_id;
};

enum class ElicitAction { accept, decline, cancel };

/// The user's answer.
class ElicitAnswer {
 public:
  /// Form mode: the answers as the text of a JSON object. Fields that are absent get the default which the server
  /// named; the whole must then fit the schema, or the question counts as failed.
  static ElicitAnswer accept(std::string content_json = "{}") {
    return ElicitAnswer(ElicitAction::accept, std::move(content_json));
  }
  static ElicitAnswer decline() { return ElicitAnswer(ElicitAction::decline, {}); }
  static ElicitAnswer cancel() { return ElicitAnswer(ElicitAction::cancel, {}); }

  ElicitAction action() const noexcept { return action_; }
  const std::string& content() const noexcept { return content_; }

 private:
  ElicitAnswer(ElicitAction action, std::string content) : action_(action), content_(std::move(content)) {}
  ElicitAction action_;
  std::string content_;
};

/// Asks the user. May take as long as it needs: the time is not counted as the request's. Runs on the client's
/// executor; several questions may be open at once.
using ElicitHandler = std::function<Task<ElicitAnswer>(ElicitQuestion question)>;
/// Asks the client's model: gives the JSON text of a CreateMessageResult for the params of `sampling/createMessage`.
using SampleHandler = std::function<Task<ClientResult<std::string>>(JsonObject params)>;

namespace detail {

/// The content with the schema's defaults for what is absent (SEP-1034); an error when the text is no object or the
/// whole does not fit the schema.
ClientResult<json::object> complete_answers(const json::object& schema, std::string_view content_json);

}  // namespace detail

}  // namespace leanmcp::inline v0
