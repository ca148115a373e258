#include <leanmcp/client/session.hpp>

#include <leanmcp/json/parse.hpp>
#include <leanmcp/json/write.hpp>
#include <leanmcp/protocol/codes.hpp>

#include <algorithm>

namespace leanmcp::inline v0::detail {

namespace {

/// A server's own words are kept, but not a book of them.
constexpr std::size_t most_message_bytes = 4 * 1024;

std::string cut(const std::string& text) {
  if (text.size() <= most_message_bytes) return text;
  std::size_t end = most_message_bytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return text.substr(0, end);
}

/// `cause` stays what the transport said when that says more than that there was an error.
void add_rpc_error(RequestOutcome& outcome, const json::object& error, ClientCause cause, int status) {
  const json::value* const number = error.if_contains("code");
  const json::value* const data = error.if_contains("data");
  const std::int64_t wide = number && number->is_int64() ? number->get_int64() : 0;
  const int code = wide > -1'000'000'000 && wide < 1'000'000'000 ? static_cast<int>(wide) : 0;
  ClientError made(cause, cut(text_or_empty(error, "message")));
  made.with_code(code).with_status(status);
  if (data) made.with_data(json_text(*data));
  outcome.error = std::move(made);
}

/// An id as the peer repeats it in another place than `id`.
std::string id_text(const json::value* value) {
  return value && (value->is_int64() || value->is_string()) ? json_text(*value) : std::string();
}

}  // namespace

bool ClientSession::on_message(const std::string& id, std::string_view text) {
  if (state_ == State::closed) return false;
  ParseLimits limits;
  limits.bytes = options_.limits_.message_bytes;
  limits.depth = options_.limits_.json_depth;
  auto parsed = parse_json(text, limits);
  if (!parsed) {
    if (id.empty()) {
      options_.logger_.warning("the server sent something that is no message");
      return false;
    }
    const bool large = parsed.error() != ParseFault::invalid;
    settle(id, failed(ClientError(large ? ClientCause::too_large : ClientCause::malformed,
                                  large ? "a message is too large or too deep" : "what came is no JSON")));
    return true;
  }
  const auto document = std::make_shared<const json::value>(std::move(*parsed));
  // Batches are of 2025-03-26 alone (2025-03-26, Overview, Batching).
  if (document->is_array() && version_ == Version::v2025_03_26) {
    bool answered = false;
    for (const json::value& item : document->get_array())
      answered = take_message(id, document, item, text.size()) || answered;
    return answered;
  }
  return take_message(id, document, *document, text.size());
}

bool ClientSession::take_message(const std::string& stream, std::shared_ptr<const json::value> document,
                                 const json::value& value, std::size_t bytes) {
  const auto found = stream.empty() ? pending_.end() : pending_.find(stream);
  if (found != pending_.end() && ++found->second.messages > options_.limits_.stream_messages) {
    settle(stream, failed(ClientError(ClientCause::too_large, "too many messages before the answer")));
    return true;
  }
  const Message message = classify(value);
  if (const auto* const response = std::get_if<ResponseMessage>(&message))
    return take_response(stream, std::move(document), *response, bytes);
  if (const auto* const note = std::get_if<NotificationMessage>(&message)) {
    take_notification(stream, std::move(document), *note);
  } else if (const auto* const request = std::get_if<RequestMessage>(&message)) {
    take_request(stream, std::move(document), *request);
  } else if (!stream.empty()) {
    // An error whose id the server could not read belongs to whom it is sent.
    const json::value* const error = value.is_object() ? value.get_object().if_contains("error") : nullptr;
    RequestOutcome outcome = failed(ClientError(ClientCause::malformed, "what came is no JSON-RPC message"));
    if (error && error->is_object()) {
      outcome.rpc_error = JsonObject(document, &error->get_object());
      add_rpc_error(outcome, error->get_object(), ClientCause::rpc, 0);
    }
    settle(stream, std::move(outcome));
    return true;
  } else {
    options_.logger_.warning("the server sent something that is no message");
  }
  return false;
}

bool ClientSession::take_response(const std::string& stream, std::shared_ptr<const json::value> document,
                                  const ResponseMessage& response, std::size_t bytes) {
  const bool misplaced = !stream.empty() && response.id != stream;
  if (misplaced || !pending_.contains(response.id)) {
    options_.logger_.debug("an answer to no request in flight", {{"id", std::string_view(response.id).substr(0, 64)}});
    return false;
  }
  RequestOutcome outcome;
  outcome.bytes = bytes;
  if (response.error) {
    outcome.rpc_error = JsonObject(document, response.error);
    add_rpc_error(outcome, *response.error, ClientCause::rpc, 0);
  } else if (response.result->is_object()) {
    outcome.result = JsonObject(document, &response.result->get_object());
    outcome.value = JsonValue(document, response.result);
  } else {
    outcome = failed(ClientError(ClientCause::unexpected_result, "the result is no object"));
  }
  settle(response.id, std::move(outcome));
  return true;
}

void ClientSession::on_failed(const std::string& id, RequestFailure failure) {
  if (id.empty()) {
    options_.logger_.debug("a notification or answer was not taken", {{"cause", to_string(failure.error.cause())}});
    return;
  }
  RequestOutcome outcome;
  outcome.session_lost = failure.session_lost;
  outcome.accepted = failure.accepted;
  auto parsed = parse_json(failure.body, ParseLimits());
  const json::object* const body = parsed ? parsed->if_object() : nullptr;
  const json::value* const error = body ? body->if_contains("error") : nullptr;
  if (error && error->is_object()) {
    const auto kept = std::make_shared<const json::object>(error->get_object());
    const bool plain = failure.error.cause() == ClientCause::http_status;
    outcome.rpc_error = kept;
    add_rpc_error(outcome, *kept, plain ? ClientCause::rpc : failure.error.cause(), failure.error.http_status());
  } else {
    outcome.error = std::move(failure.error);
  }
  settle(id, std::move(outcome));
}

void ClientSession::on_lost(ClientError error) {
  if (state_ == State::closed) return;
  if (state_ == State::open) state_ = State::lost;
  forget_questions();
  // What was in flight may have been done: it is not sent again by itself.
  fail_all(error, false);
}

void ClientSession::take_progress(const json::object& params) {
  const auto found = pending_.find(id_text(params.if_contains("progressToken")));
  if (found == pending_.end() || !found->second.settings.on_progress) return;
  const auto number = [&params](const char* name) -> std::optional<double> {
    const json::value* const value = params.if_contains(name);
    if (!value || !value->is_number()) return std::nullopt;
    return value->to_number<double>();
  };
  const auto done = number("progress");
  if (!done || (found->second.progress && *done <= *found->second.progress)) return;
  found->second.progress = done;
  disarm(found->second);
  found->second.quiet_left = found->second.quiet;
  arm(found->first, found->second);
  Progress progress;
  progress.done = *done;
  progress.total = number("total");
  progress.message = cut(text_or_empty(params, "message"));
  const auto handler = found->second.settings.on_progress;
  handler(progress);
}

void ClientSession::take_notification(const std::string& stream, std::shared_ptr<const json::value> document,
                                      const NotificationMessage& message) {
  const auto self = shared_from_this();
  ClientNotification note;
  note.method = message.method;
  note.params =
      message.params ? JsonObject(std::move(document), message.params) : std::make_shared<const json::object>();
  if (note.method == "notifications/progress") return take_progress(*note.params);
  if (note.method == "notifications/message") {
    if (options_.on_log_) options_.on_log_(note.params);
    return;
  }
  // Of a subscription: by its own stream on HTTP, by the id it carries on stdio.
  std::string owner = stream;
  if (owner.empty()) {
    const json::value* const meta = note.params->if_contains("_meta");
    if (meta && meta->is_object())
      owner = id_text(meta->get_object().if_contains("io.modelcontextprotocol/subscriptionId"));
  }
  if (note.method == "notifications/cancelled") {
    const std::string cancelled = id_text(note.params->if_contains("requestId"));
    if (is_modern()) {
      owner = cancelled;
    } else {
      question_cancelled(cancelled);
    }
  }
  const auto found = pending_.find(owner);
  if (found != pending_.end() && found->second.settings.on_notification) {
    if (note.method == "notifications/cancelled") {
      settle(owner, failed(ClientError(ClientCause::closed, "the server ended the subscription")));
      return;
    }
    const auto handler = found->second.settings.on_notification;
    handler(note);
  }
  if (observer_) observer_(note);
  if (options_.on_notification_) options_.on_notification_(note);
}

void ClientSession::answer(std::string message) {
  Outgoing out;
  out.body = std::move(message);
  if (transport_->is_http() && !version_text_.empty()) out.headers.emplace_back("MCP-Protocol-Version", version_text_);
  transport_->send(std::move(out));
}

void ClientSession::take_request(const std::string& stream, std::shared_ptr<const json::value> document,
                                 const RequestMessage& message) {
  // On a modern channel a client never answers (2026-07-28, Transports, Messages).
  if (is_modern() && state_ == State::open) {
    options_.logger_.warning("the server sent a request, which its revision does not allow");
    return;
  }
  if (message.method == "ping") return answer(render_result(message.id, "{}"));
  const bool known = (message.method == "elicitation/create" && (options_.on_form_ || options_.on_url_)) ||
                     (message.method == "sampling/createMessage" && options_.on_sample_) ||
                     (message.method == "roots/list" && options_.roots_);
  if (!known) return answer(render_error(message.id, code::method_not_found, "The client does not offer this"));
  const auto asker = pending_.find(stream);
  if (asker != pending_.end() && asker->second.generation != generation_) {
    // The answer would go to the present session, which may have a question under the same id.
    options_.logger_.warning("a call of a session that is lost asks a question");
    return;
  }
  if (questions_.contains(message.id)) {
    options_.logger_.warning("the server sent a second request under the id of an open one");
    return;
  }
  if (questions_.size() >= options_.limits_.open_questions)
    return answer(render_error(message.id, code::internal_error, "Too many questions at once"));
  InputRequest question(
      std::string(), std::string(message.method),
      message.params ? JsonObject(std::move(document), message.params) : std::make_shared<const json::object>());
  const std::uint64_t ticket = ++last_question_;
  questions_[message.id] = OpenQuestion{ticket, 0, stream};
  const std::uint64_t run =
      runs_.add(executor_, answer_question(message.id, ticket, std::move(question)),
                [this](std::exception_ptr) { options_.logger_.error("a handler of the server's questions threw"); });
  // It may have been answered in the call.
  if (is_open(message.id, ticket)) {
    questions_[message.id].run = run;
  } else {
    // Or the handler may have begun a new session, which has no such question.
    runs_.cancel(run);
  }
}

bool ClientSession::is_open(const std::string& id, std::uint64_t ticket) const {
  const auto found = questions_.find(id);
  return found != questions_.end() && found->second.ticket == ticket;
}

Task<void> ClientSession::answer_question(std::string id, std::uint64_t ticket, InputRequest question) {
  struct Open {
    ClientSession& session;
    const std::string& id;
    std::uint64_t ticket;
    ~Open() {
      if (session.is_open(id, ticket)) session.questions_.erase(id);
    }
  };
  const Open open{*this, id, ticket};
  auto asking = ask(std::move(question));
  const ClientResult<std::string> text = co_await std::move(asking);
  if (state_ == State::closed || !transport_ || !is_open(id, ticket)) co_return;
  if (text) {
    answer(render_result(id, *text));
  } else {
    answer(render_error(id, code::invalid_params, "The client could not answer"));
  }
}

/// Nobody waits for the answer any more, and none is sent (2025-11-25, Cancellation, Behavior Requirements).
void ClientSession::question_cancelled(const std::string& id) {
  const auto found = questions_.find(id);
  if (found == questions_.end()) return;
  const std::uint64_t run = found->second.run;
  questions_.erase(found);
  runs_.cancel(run);
}

void ClientSession::forget_questions(const std::optional<std::string>& stream) {
  std::erase_if(questions_, [this, &stream](const auto& entry) {
    if (stream && entry.second.stream != *stream) return false;
    // Later: it may be a question's own handler that calls.
    executor_.post([self = shared_from_this(), run = entry.second.run] { self->runs_.cancel(run); });
    return true;
  });
}

}  // namespace leanmcp::inline v0::detail
