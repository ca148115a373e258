#include <leanmcp/client/session.hpp>

#include <leanmcp/json/parse.hpp>
#include <leanmcp/json/write.hpp>

#include <algorithm>

namespace leanmcp::inline v0::detail {

namespace {

ClientResult<std::string> unanswered(std::string why) { return ClientError(ClientCause::unanswered, std::move(why)); }

/// Methods whose results may ask for input (2026-07-28, Multi Round-Trip Requests, Supported Requests).
bool may_ask(std::string_view method) {
  return method == "tools/call" || method == "prompts/get" || method == "resources/read";
}

/// A server that asks for nothing but to come back is not hammered.
std::chrono::milliseconds round_delay(int round) { return std::chrono::milliseconds(25 << std::min(round, 6)); }

}  // namespace

void ClientSession::person_asked(bool begins) {
  persons_asked_ += begins ? 1 : -1;
  for (auto& [id, pending] : pending_) pause(id, pending, begins);
}

Task<ClientResult<std::string>> ClientSession::elicit(JsonObject params) {
  const std::string mode = text_or_empty(*params, "mode");
  const bool by_url = mode == "url";
  const ElicitHandler& handler = by_url ? options_.on_url_ : options_.on_form_;
  if (!handler || (!mode.empty() && mode != "url" && mode != "form"))
    co_return unanswered("nobody can be asked in this way");

  ElicitQuestion question;
  question.server = server_.title.empty() ? server_.name : server_.title;
  if (!address_.empty()) question.server += question.server.empty() ? address_ : " (" + address_ + ")";
  question.message = text_or_empty(*params, "message");
  if (by_url) {
    question.url = text_or_empty(*params, "url");
    question.elicitation_id = text_or_empty(*params, "elicitationId");
    if (question.url.empty()) co_return unanswered("a question without its URL");
  } else {
    const json::value* const schema = params->if_contains("requestedSchema");
    if (!schema || !schema->is_object()) co_return unanswered("a form without its schema");
    question.schema = JsonObject(params, &schema->get_object());
  }
  const JsonObject schema = question.schema;
  auto asking = handler(std::move(question));
  const ElicitAnswer answer = co_await std::move(asking);

  json::object out;
  out["action"] = answer.action() == ElicitAction::accept    ? "accept"
                  : answer.action() == ElicitAction::decline ? "decline"
                                                             : "cancel";
  if (answer.action() == ElicitAction::accept && schema) {
    auto content = complete_answers(*schema, answer.content());
    if (!content) co_return ClientResult<std::string>(std::move(content).error());
    out["content"] = std::move(*content);
  }
  ClientResult<std::string> text(json_text(out));
  co_return std::move(text);
}

Task<ClientResult<std::string>> ClientSession::ask(InputRequest question) {
  struct Asking {
    std::shared_ptr<ClientSession> session;
    explicit Asking(std::shared_ptr<ClientSession> asked) : session(std::move(asked)) { session->person_asked(true); }
    ~Asking() { session->person_asked(false); }
  };
  const Asking asking(shared_from_this());
  if (question.method == "elicitation/create") {
    auto eliciting = elicit(question.params);
    ClientResult<std::string> text = co_await std::move(eliciting);
    co_return std::move(text);
  }
  if (question.method == "sampling/createMessage" && options_.on_sample_) {
    auto sampling = options_.on_sample_(question.params);
    ClientResult<std::string> text = co_await std::move(sampling);
    if (text) {
      const auto parsed = parse_json(*text, ParseLimits());
      if (!parsed || !parsed->is_object()) co_return unanswered("the sample is no JSON object");
    }
    co_return std::move(text);
  }
  if (question.method == "roots/list" && options_.roots_) {
    json::array roots;
    for (const ClientRoot& root : *options_.roots_) {
      json::object entry;
      entry["uri"] = root.uri;
      if (!root.name.empty()) entry["name"] = root.name;
      roots.push_back(std::move(entry));
    }
    json::object out;
    out["roots"] = std::move(roots);
    ClientResult<std::string> text(json_text(out));
    co_return std::move(text);
  }
  co_return unanswered("the server asks for " + question.method + ", which nobody here answers");
}

Task<RequestOutcome> ClientSession::request_rounds(std::string method, json::object params, RequestSettings settings,
                                                   bool manual) {
  const auto self = shared_from_this();
  json::object round_params = params;
  for (int round = 0;; ++round) {
    auto trying = request(method, round_params, settings);
    RequestOutcome outcome = co_await std::move(trying);
    outcome.after_rounds = round > 0;
    if (outcome.error || !is_modern()) co_return std::move(outcome);
    auto read = read_result_type(outcome.result, may_ask(method));
    if (!read) {
      RequestOutcome odd = failed(std::move(read).error());
      co_return std::move(odd);
    }
    if (!read->has_value() || manual) co_return std::move(outcome);
    const InputRequired asked = std::move(**read);
    if (round >= options_.max_rounds_) {
      RequestOutcome endless = failed(ClientError(ClientCause::too_many_rounds, "the server keeps asking"));
      co_return std::move(endless);
    }
    std::vector<std::pair<std::string, std::string>> answers;
    for (const InputRequest& question : asked.requests) {
      auto asking = ask(question);
      ClientResult<std::string> text = co_await std::move(asking);
      if (!text) {
        RequestOutcome none = failed(std::move(text).error());
        co_return std::move(none);
      }
      answers.emplace_back(question.key, std::move(*text));
    }
    if (asked.requests.empty()) co_await sleep_for(round_delay(round));
    round_params = next_round(params, asked, answers);
  }
}

}  // namespace leanmcp::inline v0::detail
