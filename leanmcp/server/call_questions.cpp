// The parts of a call that read its arguments, and those that ask the client.

#include <leanmcp/json/write.hpp>
#include <leanmcp/server/call_state.hpp>

#include <leanmcp/base/encoding.hpp>
#include <leanmcp/base/task_group.hpp>
#include <leanmcp/base/worker_pool.hpp>
#include <leanmcp/crypto/digest.hpp>
#include <leanmcp/json/bind.hpp>
#include <leanmcp/json/parse.hpp>
#include <leanmcp/json/schema_validator.hpp>
#include <leanmcp/protocol/codes.hpp>
#include <leanmcp/protocol/header_value.hpp>

#include <charconv>
#include <cmath>

namespace leanmcp::inline v0 {

namespace {

constexpr std::size_t most_faults = 50;

/// Whether an answer has the shape of its method's result; what a form's fields say is checked by who asked.
bool answer_fits(std::string_view method, const json::value& value) {
  const json::object* const object = value.if_object();
  if (!object) return false;
  if (method == "elicitation/create") {
    const json::value* const action = object->if_contains("action");
    if (!action || !action->is_string()) return false;
    const json::value* const content = object->if_contains("content");
    if (content && !content->is_object() && !content->is_null()) return false;
    const auto& text = action->get_string();
    return text == "accept" || text == "decline" || text == "cancel";
  }
  if (method == "sampling/createMessage") return object->contains("content") && object->contains("role");
  if (method == "roots/list") {
    const json::value* const roots = object->if_contains("roots");
    return roots && roots->is_array();
  }
  return false;
}

bool is_url_question(const Question& question) { return question.params.starts_with(R"({"mode":"url")"); }

/// The capability a question needs and the client lacks, as a ClientCapabilities object; empty when all is there.
std::string lacking(const Question& question, const ClientCapabilities& has) {
  if (question.method == "elicitation/create") {
    if (is_url_question(question)) return has.elicitation_url ? "" : R"({"elicitation":{"url":{}}})";
    return has.elicitation_form ? "" : R"({"elicitation":{"form":{}}})";
  }
  if (question.method == "sampling/createMessage") {
    if (question.with_tools) return has.sampling_tools ? "" : R"({"sampling":{"tools":{}}})";
    return has.sampling ? "" : R"({"sampling":{}})";
  }
  return has.roots ? "" : R"({"roots":{}})";
}

bool same_value(const std::string& header, const json::value& body) {
  if (body.is_string()) return body.get_string() == header;
  if (body.is_bool()) return header == (body.get_bool() ? "true" : "false");
  if (!body.is_number()) return false;
  double number = 0;
  const auto [end, failed] = std::from_chars(header.data(), header.data() + header.size(), number);
  return failed == std::errc() && end == header.data() + header.size() && number == body.to_number<double>();
}

}  // namespace

std::optional<RpcError> CallState::check_header_params() const {
  if (!info_.headers || entry_.header_params.empty()) return std::nullopt;
  const auto mismatch = [](const std::string& header, std::string_view what) {
    return RpcError{code::header_mismatch, "Header mismatch: " + header + " " + std::string(what), {}, 400};
  };
  for (const HeaderParam& param : entry_.header_params) {
    const json::value* value = passed_arguments_;
    for (const std::string& step : param.path) {
      const json::object* const object = value ? value->if_object() : nullptr;
      value = object ? object->if_contains(step) : nullptr;
    }
    if (info_.headers->count(param.header) > 1) return mismatch(param.header, "is there more than once");
    const auto header = info_.headers->find(param.header);
    if (!value || value->is_null()) {
      if (header) return mismatch(param.header, "has no value in the body to match");
      continue;
    }
    if (!header) return mismatch(param.header, "is missing");
    const auto decoded = decode_header_value(*header);
    if (!decoded) return mismatch(param.header, "cannot be decoded");
    if (!same_value(*decoded, *value)) return mismatch(param.header, "does not match the body");
  }
  return std::nullopt;
}

std::optional<RpcError> CallState::bind_to_principal() {
  principal_bound_ = true;
  if (principal_ && info_.session && !engine_->bind_session(*info_.session, entry_, *principal_, info_)) {
    engine_->logger().warning("session used by another principal", {{"name", name_}});
    return RpcError{code::invalid_request, "Session not found", {}, 404};
  }
  if (!info_.modern() || !params_) return std::nullopt;
  const json::value* const state = params_->if_contains("requestState");
  if (state) {
    // One answer for every kind of bad state: whoever tries must not learn what was wrong.
    const RpcError refused{code::invalid_params, "The requestState is not valid; start the call again.", {}, 200};
    const auto opened = engine_->state_sealer().open(state->get_string(), "requestState");
    if (!opened) {
      engine_->logger().info("requestState refused", {{"name", name_}, {"reason", "cannot be opened"}});
      return refused;
    }
    auto restored = Rounds::restore(*opened, state_binding(), now(), Rounds::Limits());
    if (!restored) {
      engine_->logger().info("requestState refused", {{"name", name_}, {"reason", restored.error().detail()}, trace()});
      return refused;
    }
    rounds_ = std::move(*restored);
  }
  if (const json::value* const responses = params_->if_contains("inputResponses"))
    rounds().offer(responses->get_object());
  return std::nullopt;
}

Rounds& CallState::rounds() {
  if (!rounds_) rounds_.emplace(now());
  return *rounds_;
}

Rounds::Binding CallState::state_binding() const {
  Rounds::Binding binding;
  if (principal_) binding.principal_key = principal_->key();
  binding.method = method_;
  binding.name = name_;
  binding.arguments_digest = base64url_encode(sha256(canonical_json(*passed_arguments_)));
  binding.audience = engine_->options().audience;
  return binding;
}

void CallState::merge_argument(std::string_view name, const json::value& value) {
  if (arguments_ != &merged_) {
    merged_ = json::value(*arguments_, json::storage_ptr());
    arguments_ = &merged_;
  }
  merged_.get_object()[name] = value;
}

bool CallState::bind(const TypeInfo& type, void* object) {
  faults_.clear();
  // What is no tool gets its arguments as texts (Prompts, Getting a Prompt; RFC 6570).
  const bool texts = entry_.kind != EntryKind::tool;
  for (const BindFault& fault : texts ? bind_texts(type, object, *arguments_, entry_.fields)
                                      : bind_value(type, object, *arguments_, entry_.fields)) {
    if (faults_.size() == most_faults) break;
    faults_.push_back(fault.pointer + " " + fault.message);
  }
  return faults_.empty();
}

bool CallState::arguments_passed_fit() {
  if (entry_.raw_input) return raw_arguments_fit();
  faults_.clear();
  if (!entry_.handler.input) return true;
  for (const BindFault& fault :
       check_passed(*entry_.handler.input, *arguments_, entry_.fields, entry_.kind != EntryKind::tool)) {
    if (faults_.size() == most_faults) break;
    faults_.push_back(fault.pointer + " " + fault.message);
  }
  return faults_.empty();
}

bool CallState::raw_arguments_fit() {
  faults_.clear();
  for (const SchemaFault& fault : entry_.raw_input->validate(*arguments_)) {
    if (faults_.size() == most_faults) break;
    faults_.push_back((fault.instance_path.empty() ? "/" : fault.instance_path) + " " + fault.message);
  }
  return faults_.empty();
}

ResultBody CallState::argument_faults() {
  std::string text = "The arguments do not fit:";
  for (const std::string& fault : faults_) text.append("\n").append(fault);
  if (entry_.kind == EntryKind::tool) return ToolResult::failure(text);
  ResultBody body;
  body.failed = true;
  body.rpc_code = code::invalid_params;
  body.error = Error(text);
  return body;
}

std::string_view CallState::uri() const {
  return entry_.kind == EntryKind::resource || entry_.kind == EntryKind::resource_template ? std::string_view(name_)
                                                                                           : std::string_view();
}

ResourceResult CallState::resource_text(std::string_view text) const {
  return ResourceResult().text(name_, text, entry_.mime_type.empty() ? "text/plain" : entry_.mime_type);
}
ResourceResult CallState::resource_blob(std::string_view bytes) const {
  return ResourceResult().blob(name_, bytes, entry_.mime_type.empty() ? "application/octet-stream" : entry_.mime_type);
}

bool CallState::can_ask_form() const {
  return info_.capabilities.elicitation_form && (info_.modern() || info_.session);
}
bool CallState::can_ask_url() const {
  return info_.capabilities.elicitation_url && (info_.modern() || info_.session) &&
         info_.version >= Version::v2025_11_25;
}

Task<std::string> CallState::ask(Question question) {
  missing_capability_ = lacking(question, info_.capabilities);
  if (!missing_capability_.empty()) co_await Abandon();
  std::optional<std::string> known = rounds().answer(question, &answer_fits);
  if (known) co_return std::move(*known);
  // The modern era ends the run here; the answer comes with a new request.
  if (info_.modern()) co_await Abandon();

  HumanWaits::Seat seat = engine_->human_waits().take(waiter());
  if (!seat) throw CallFailure(Error("Too many questions wait for your answer already; answer those first."));
  const HumanPause pause(*this);
  OneShot<std::optional<std::string>> shot;
  struct Waiting {
    Session& session;
    std::uint64_t number;
    Executor& executor;
    Executor::TimerId timer;
    RequestSink& sink;
    ~Waiting() {
      executor.cancel_timer(timer);
      // Whoever still shows the question may take it away (2025-11-25, Lifecycle, Timeouts; Cancellation).
      if (session.forget_question(number))
        sink.notify(render_notification("notifications/cancelled", "{\"requestId\":" + std::to_string(number) +
                                                                       R"(,"reason":"No longer waited for"})"));
    }
  };
  const auto sink = sink_;
  std::function<void(std::string)> send_question = [sink](std::string text) { sink->ask(std::move(text)); };
  Session::Answered on_answer = [shot](std::optional<std::string> text) { shot.set(std::move(text)); };
  const std::uint64_t number =
      info_.session->ask(question.method, question.params, send_question, std::move(on_answer));
  std::function<void()> give_up = [shot] { shot.set(std::nullopt); };
  const Executor::TimerId timer = executor().start_timer(engine_->options().human_wait, std::move(give_up));
  std::optional<std::string> answer;
  {
    const Waiting waiting{*info_.session, number, executor(), timer, *sink};
    answer = co_await shot;
  }
  bool fits = false;
  if (answer) {
    const auto parsed = parse_json(*answer, ParseLimits());
    fits = parsed && answer_fits(question.method, *parsed);
  }
  if (!fits) {
    if (question.method != "elicitation/create")
      throw CallFailure(Error("The client did not answer the server's request."));
    answer = R"({"action":"cancel"})";
  }
  rounds().record(question, *answer);
  if (engine_->options().force_replay) {
    replay_ = true;
    co_await Abandon();
  }
  co_return std::move(*answer);
}

Task<std::exception_ptr> CallState::wait_for_worker(OneShot<std::exception_ptr> shot) {
  std::exception_ptr thrown = co_await shot;
  co_return std::move(thrown);
}

Task<void> CallState::on_worker(std::function<void()> work) {
  OneShot<std::exception_ptr> shot;
  const auto self = shared_from_this();
  std::function<void()> job = [self, shot, work = std::move(work)] {
    std::exception_ptr thrown;
    try {
      work();
    } catch (...) {
      thrown = std::current_exception();
    }
    shot.set(thrown);
  };
  const bool taken = engine_->workers().submit(std::move(job));
  if (!taken) throw CallFailure(Error("The server is busy; try again."));
  const std::exception_ptr thrown = co_await shield(wait_for_worker(shot));
  if (thrown) std::rethrow_exception(thrown);
}

std::string CallState::idempotency_key() {
  std::string all = rounds().id() + "\n" + name_ + "\n";
  if (principal_) all += principal_->key();
  return base64url_encode(sha256(all));
}

void CallState::progress(double done, std::optional<double> total, std::string_view message) {
  if (progress_token_.empty() || !std::isfinite(done)) return;
  // Each value must be more than the last (Progress, Progress Flow); one that is not tells nothing new.
  double last = last_progress_;
  do {
    if (done <= last) return;
  } while (!last_progress_.compare_exchange_weak(last, done));
  std::string params = "{\"progressToken\":" + progress_token_ + ",\"progress\":";
  append_json_number(params, done);
  if (total && std::isfinite(*total)) {
    params += ",\"total\":";
    append_json_number(params, *total);
  }
  if (!message.empty() && info_.version >= Version::v2025_03_26) {
    params += ",\"message\":";
    append_json_string(params, message);
  }
  params += '}';
  notify(render_notification("notifications/progress", params));
}

void CallState::log(int level, std::string data_json, std::string_view logger_name) {
  int least = info_.log_level;
  if (!info_.modern()) {
    least = info_.session ? info_.session->log_level() : -1;
    if (least < 0) least = static_cast<int>(McpLevel::info);
  }
  if (least < 0 || level < least) return;
  std::string params = "{\"level\":";
  append_json_string(params, log_level_name(level));
  if (!logger_name.empty()) {
    params += ",\"logger\":";
    append_json_string(params, logger_name);
  }
  params.append(",\"data\":").append(data_json).append("}");
  notify(render_notification("notifications/message", params));
}

void CallState::notify(std::string message) {
  if (executor().in_this_thread()) {
    if (!answered_) sink_->notify(std::move(message));
    return;
  }
  executor().post([self = shared_from_this(), message = std::move(message)]() mutable {
    if (!self->answered_) self->sink_->notify(std::move(message));
  });
}

}  // namespace leanmcp::inline v0
