#include <leanmcp/transport/in_memory.hpp>

#include <leanmcp/json/parse.hpp>
#include <leanmcp/json/write.hpp>
#include <leanmcp/server/engine.hpp>

#include <boost/json.hpp>

#include <stdexcept>

namespace leanmcp::inline v0 {

namespace {

constexpr int most_rounds = 10;
constexpr std::chrono::milliseconds patience = std::chrono::seconds(10);

/// Keeps the parsed message alive as long as the server works on it.
class MemorySink final : public RequestSink {
 public:
  MemorySink(std::shared_ptr<Executor> executor, json::value message, std::vector<std::string>& notifications,
             std::function<void(std::string)> question)
      : message(std::move(message)),
        executor_(std::move(executor)),
        notifications_(notifications),
        question_(std::move(question)) {}
  Executor& executor() noexcept override { return *executor_; }
  void notify(std::string text) override {
    if (!reply && !gone) notifications_.push_back(std::move(text));
  }
  void ask(std::string text) override {
    if (!reply && !gone) question_(std::move(text));
  }
  void respond(Reply r) override {
    if (!reply && !gone) reply = std::move(r);
  }
  void on_cancel(std::function<void()> cancelled) override { cancel = std::move(cancelled); }

  const json::value message;
  std::optional<Reply> reply;
  std::function<void()> cancel;
  bool gone = false;

 private:
  // Shared: a worker may still post to it when the client is gone.
  std::shared_ptr<Executor> executor_;
  std::vector<std::string>& notifications_;
  std::function<void(std::string)> question_;
};

}  // namespace

struct MemoryClient::State {
  class Stream final : public Session::Stream {
   public:
    explicit Stream(State& state) : state_(state) {}
    void send(std::string message) override { state_.notifications.push_back(std::move(message)); }
    void close() override {}

   private:
    State& state_;
  };

  State(Server& server, Version version) : server(server), engine(server.engine()), version(version) {
    session = std::make_shared<Session>("", engine->now());
  }
  ~State() {
    session->close();
    while (executor->run() != 0) continue;
  }

  std::shared_ptr<MemorySink> send(std::string_view method, std::string_view params) {
    json::object message;
    message["jsonrpc"] = "2.0";
    message["id"] = ++last_id;
    message["method"] = method;
    json::value parsed = parse_known(params);
    if (is_modern(version)) {
      json::object& object = parsed.as_object();
      json::value& meta = object["_meta"];
      if (!meta.is_object()) meta = json::object();
      meta.get_object()["io.modelcontextprotocol/protocolVersion"] = to_string(version);
      meta.get_object()["io.modelcontextprotocol/clientInfo"] = {{"name", "in-memory"}, {"version", "1"}};
      meta.get_object()["io.modelcontextprotocol/clientCapabilities"] = parse_known(capabilities);
    }
    message["params"] = std::move(parsed);
    const auto sink = std::make_shared<MemorySink>(executor, json::value(std::move(message)), notifications,
                                                   [this](std::string text) { answer_later(std::move(text)); });
    RequestInfo info;
    info.channel = Channel::memory;
    info.version = version;
    info.session = session;
    info.credentials.assumed_user = user;
    const Message classified = classify(sink->message);
    const auto* const request = std::get_if<RequestMessage>(&classified);
    if (is_modern(version)) {
      if (const auto error = read_modern_meta(request->params, info)) {
        leanmcp::Reply reply;
        reply.body = render_error(request->id, error->code, error->message, error->data);
        reply.http_status = error->http_status;
        sink->respond(std::move(reply));
        return sink;
      }
    } else {
      info.capabilities = session->client().capabilities;
      info.client = session->client().info;
      if (session->initialized()) info.version = session->client().version;
    }
    engine->request(sink, *request, std::move(info));
    return sink;
  }

  void wait_for(MemorySink& sink) {
    executor->run();
    while (!sink.reply && executor->wait(patience)) executor->run();
  }

  void answer_later(std::string text) {
    executor->post([this, text = std::move(text)] {
      const json::value message = parse_known(text);
      const json::object& object = message.get_object();
      const std::string id = json_text(object.at("id"));
      const std::string result =
          answerer ? answerer(std::string_view(object.at("method").get_string()), json_text(object.at("params")))
                   : std::string();
      if (!result.empty()) session->answer(id, result);
    });
  }

  static MemoryClient::Reply read(const MemorySink& sink) {
    MemoryClient::Reply out;
    if (!sink.reply) return out;
    out.http_status = sink.reply->http_status;
    out.headers = sink.reply->headers;
    const json::value message = parse_known(sink.reply->body);
    const json::object& object = message.get_object();
    if (const json::value* const result = object.if_contains("result")) out.result = json_text(*result);
    if (const json::value* const error = object.if_contains("error")) out.error = json_text(*error);
    return out;
  }

  Server& server;
  std::shared_ptr<Engine> engine;
  Version version;
  std::shared_ptr<ManualExecutor> executor = std::make_shared<ManualExecutor>();
  std::vector<std::string> notifications;
  std::shared_ptr<Session> session;
  std::shared_ptr<const AuthUser> user;
  std::string capabilities = R"({"elicitation":{"form":{},"url":{}},"sampling":{},"roots":{}})";
  Answerer answerer;
  std::int64_t last_id = 0;
  std::shared_ptr<MemorySink> started;
};

MemoryClient::MemoryClient(Server& server, Version version) : state_(std::make_unique<State>(server, version)) {
  state_->session->set_stream(std::make_shared<State::Stream>(*state_));
}
MemoryClient::~MemoryClient() = default;
MemoryClient::MemoryClient(MemoryClient&&) noexcept = default;

MemoryClient& MemoryClient::as_user(AuthUser user) {
  state_->user = std::make_shared<const AuthUser>(std::move(user));
  return *this;
}
MemoryClient& MemoryClient::as_user(Principal principal) {
  AuthUser user;
  user.sub = principal.subject();
  user.user_id = principal.id();
  user.principal = std::move(principal);
  return as_user(std::move(user));
}
MemoryClient& MemoryClient::as_nobody() {
  state_->user.reset();
  return *this;
}
MemoryClient& MemoryClient::capabilities(std::string json_object) {
  state_->capabilities = std::move(json_object);
  return *this;
}
MemoryClient& MemoryClient::on_question(Answerer answerer) {
  state_->answerer = std::move(answerer);
  return *this;
}

MemoryClient::Reply MemoryClient::request_once(std::string_view method, std::string_view params) {
  if (!is_modern(state_->version) && !state_->session->initialized() && method != "initialize") {
    json::object hello;
    hello["protocolVersion"] = to_string(state_->version);
    hello["capabilities"] = parse_known(state_->capabilities);
    hello["clientInfo"] = {{"name", "in-memory"}, {"version", "1"}};
    state_->wait_for(*state_->send("initialize", json_text(hello)));
  }
  const auto sink = state_->send(method, params);
  state_->wait_for(*sink);
  return State::read(*sink);
}

MemoryClient::Reply MemoryClient::request(std::string_view method, std::string_view params) {
  json::object round = parse_known(params).as_object();
  Reply reply = request_once(method, params);
  for (int i = 0; i < most_rounds && reply.ok(); ++i) {
    const json::value parsed = parse_known(reply.result);
    const json::object& result = parsed.get_object();
    const json::value* const type = result.if_contains("resultType");
    if (!type || *type != "input_required") return reply;
    json::object responses;
    if (const json::value* const questions = result.if_contains("inputRequests")) {
      for (const auto& [key, question] : questions->get_object()) {
        if (!state_->answerer) return reply;
        const std::string answer = state_->answerer(std::string_view(question.get_object().at("method").get_string()),
                                                    json_text(question.get_object().at("params")));
        if (!answer.empty()) responses[key] = parse_known(answer);
      }
    }
    round["inputResponses"] = std::move(responses);
    if (const json::value* const state = result.if_contains("requestState")) round["requestState"] = *state;
    reply = request_once(method, json_text(round));
  }
  return reply;
}

MemoryClient::Reply MemoryClient::call(std::string_view tool, std::string_view arguments) {
  json::object params;
  params["name"] = tool;
  params["arguments"] = parse_known(arguments);
  return request("tools/call", json_text(params));
}

std::string MemoryClient::call_text(std::string_view tool, std::string_view arguments) {
  const Reply reply = call(tool, arguments);
  if (!reply.ok()) return reply.error;
  std::string text;
  const json::value parsed = parse_known(reply.result);
  const json::value* const content = parsed.get_object().if_contains("content");
  if (!content) return reply.result;
  for (const json::value& block : content->get_array()) {
    const json::value* const piece = block.get_object().if_contains("text");
    if (!piece) continue;
    if (!text.empty()) text += '\n';
    text += std::string_view(piece->get_string());
  }
  return text;
}

void MemoryClient::start(std::string_view method, std::string_view params) {
  state_->started = state_->send(method, params);
  state_->executor->run();
}

void MemoryClient::cancel() {
  if (!state_->started) return;
  const auto cancel = std::move(state_->started->cancel);
  if (cancel) cancel();
  state_->started->gone = true;
  state_->executor->run();
}

const std::vector<std::string>& MemoryClient::notifications() const { return state_->notifications; }
ManualExecutor& MemoryClient::executor() { return *state_->executor; }

MemoryClient connect_in_memory(Server& server, Version version) {
  const auto built = server.build();
  if (!built) throw std::invalid_argument(built.error().message());
  return MemoryClient(server, version);
}

}  // namespace leanmcp::inline v0
