#include <leanmcp/transport/session_owner.hpp>

#include <leanmcp/protocol/codes.hpp>

namespace leanmcp::inline v0 {

namespace {

/// Answers on a bare exchange: what an admission needs of a sink.
class AdmissionSink final : public RequestSink {
 public:
  explicit AdmissionSink(HttpExchange exchange) : exchange_(std::move(exchange)) {}
  Executor& executor() noexcept override { return exchange_.executor(); }
  void notify(std::string) override {}
  void ask(std::string) override {}
  void respond(Reply reply) override {
    exchange_.respond(reply.http_status, "application/json", reply.body, reply.headers);
  }
  void on_cancel(std::function<void()>) override {}

 private:
  HttpExchange exchange_;
};

void unknown_session(const std::shared_ptr<RequestSink>& sink, const std::string& id) {
  Reply reply;
  reply.body = render_error(id, code::invalid_request, "Session not found");
  reply.http_status = 404;
  sink->respond(std::move(reply));
}

}  // namespace

void admit_owner(const std::shared_ptr<Engine>& engine, const HttpExchange& exchange, const RequestMessage& message,
                 const RequestInfo& info, bool without_token, std::function<void()> next) {
  const std::shared_ptr<const Entry> owned = info.session->gate();
  std::shared_ptr<const Entry> gate = owned;
  if (!gate && info.credentials.authorization_headers == 1) {
    // With several providers it stays open whose token this is until something protected asks.
    const auto registry = engine->registry();
    if (registry->gates().size() == 1) gate = registry->gates().front();
  }
  if (!gate) return next();
  const auto sink = std::make_shared<AdmissionSink>(exchange);
  const auto decided = [engine, sink, gate, info, id = message.id, bound = owned != nullptr, without_token,
                        next = std::move(next)](const Denial* denial, const Principal* who) {
    if (!denial && who) {
      if (!engine->bind_session(*info.session, *gate, *who, info)) return unknown_session(sink, id);
      return next();
    }
    // Nobody's session: what needs a token asks for it.
    if (!bound) return next();
    if (denial && denial->word != "MISSING_TOKEN") return sink->respond(denial_reply(id, *denial));
    if (without_token) return next();
    unknown_session(sink, id);
  };
  engine->admit(sink, message, info, gate, {}, false, decided);
}

}  // namespace leanmcp::inline v0
