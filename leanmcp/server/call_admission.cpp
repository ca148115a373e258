// Who may use an entry, decided without calling it, and how the answer no is told.

#include <leanmcp/protocol/codes.hpp>
#include <leanmcp/server/call_state.hpp>

#include <algorithm>

namespace leanmcp::inline v0 {

void CallState::admit(bool with_arguments, Admitted admitted) {
  admitted_ = std::move(admitted);
  admits_arguments_ = with_arguments;
  if (params_) {
    if (const json::value* const meta = params_->if_contains("_meta")) meta_ = meta->if_object();
  }
  if (run_hooks()) return this->admitted();
  if (waiting_) spawn_drive(std::move(waiting_));
}

bool CallState::concerns_admission(Stage stage) const {
  return stage == Stage::authenticate || stage == Stage::authorize ||
         (admits_arguments_ && stage == Stage::authorize_arguments);
}

void CallState::admitted() {
  if (std::exchange(answered_, true)) return;
  hook_ = 0;
  std::exchange(admitted_, nullptr)(nullptr, principal());
}

void CallState::deny(const Denial& denial) {
  if (admitted_) {
    if (std::exchange(answered_, true)) return;
    hook_ = 0;
    return std::exchange(admitted_, nullptr)(&denial, nullptr);
  }
  if (entry_.hidden && !std::exchange(known_of_, true)) return conceal(denial);
  engine_->logger().info("denied", {{"name", name_}, {"code", denial.word}, {"reason", denial.reason}, trace()});
  run_after_hooks(false, {});
  const std::string data = denial.data_json();
  if (denial.as_tool_result && entry_.kind == EntryKind::tool) {
    Error error(denial.message);
    send(failure_result(error.with_data(data)));
    return;
  }
  Reply reply;
  reply.body = render_error(id_, denial.rpc_code, denial.message, data);
  reply.http_status = denial.http_status;
  reply.headers = denial.headers;
  respond(std::move(reply));
}

void CallState::conceal(const Denial& denial) {
  // Whoever sees it in a list hears why it is refused now; to others there is no such thing.
  const auto self = shared_from_this();
  RequestMessage message;
  message.id = id_;
  message.method = method_;
  message.params = params_;
  info_.headers = nullptr;
  engine_->admit(sink_, message, info_, std::shared_ptr<const Entry>(self, &entry_), {}, false,
                 [self, message, denial](const Denial* unseen, const Principal*) {
                   if (!unseen) return self->deny(denial);
                   if (std::exchange(self->answered_, true)) return;
                   self->engine_->logger().info(
                       "denied",
                       {{"name", self->name_}, {"code", denial.word}, {"reason", denial.reason}, self->trace()});
                   self->leave();
                   self->run_after_hooks(false, {});
                   self->engine_->absent(self->sink_, message, self->info_, self->entry_.kind);
                 });
}

Task<Result<std::shared_ptr<const AuthUser>, Denial>> CallState::load_user() {
  using Out = Result<std::shared_ptr<const AuthUser>, Denial>;
  if (!user_ && !user_loader_) {
    Denial none;
    none.rpc_code = code::unauthenticated;
    none.http_status = 401;
    none.word = "MISSING_TOKEN";
    none.message = "There is no user profile for this caller.";
    none.as_tool_result = true;
    Out out = std::move(none);
    co_return std::move(out);
  }
  if (!user_) {
    auto loading = user_loader_();
    auto loaded = co_await std::move(loading);
    if (!loaded) {
      Out out = loaded.error();
      co_return std::move(out);
    }
    user_ = *loaded;
  }
  Out out = user_;
  co_return std::move(out);
}

bool Engine::bind_session(Session& session, const Entry& entry, const Principal& principal, const RequestInfo& info) {
  if (principal.key().empty()) return true;
  session.note_token(principal.key(), principal.expires_at());
  // One stdio client is one process: whoever it speaks for, nobody else can reach its session.
  if (info.channel != Channel::http) return true;
  const bool free = session.principal_key().empty();
  return session.bind(principal.key(), free ? gate_of(entry) : nullptr, info.credentials.authorization_headers == 1);
}

void Engine::admit(std::shared_ptr<RequestSink> sink, const RequestMessage& message, const RequestInfo& info,
                   std::shared_ptr<const Entry> entry, UriVariables variables, bool with_arguments,
                   std::function<void(const Denial*, const Principal*)> admitted) {
  if (std::none_of(entry->hooks.begin(), entry->hooks.end(),
                   [](const auto& hook) { return hook->stage() == Stage::authenticate; }))
    return admitted(nullptr, nullptr);
  const Entry& used = *entry;
  std::string name = used.kind == EntryKind::resource_template ? used.uri : used.name;
  const auto call = std::make_shared<CallState>(shared_from_this(), registry(), used, std::move(sink),
                                                RequestInfo(info), message, std::move(name), std::move(variables));
  // A gate belongs to no registry, and one entry may outlive the registry it was found in.
  call->keep(std::move(entry));
  call->admit(with_arguments, std::move(admitted));
}

namespace {

/// Asks for one entry after the other, however many answer at once: no recursion.
struct Admissions : std::enable_shared_from_this<Admissions> {
  std::shared_ptr<Engine> engine;
  std::shared_ptr<RequestSink> sink;
  RequestMessage message;
  RequestInfo info;
  std::vector<Engine::Candidate> candidates;
  bool stop_at_denial = true;
  std::function<void(const Denial*, const std::vector<bool>&, long long)> done;
  std::vector<bool> allowed;
  long long until = 0;
  std::size_t next = 0;
  bool running = false;
  bool answered = false;

  void take(const Denial* denial, const Principal* who) {
    if (denial && stop_at_denial) {
      next = candidates.size();
      return std::exchange(done, nullptr)(denial, allowed, 0);
    }
    allowed.push_back(!denial);
    ++next;
    if (who && who->expires_at() != 0) until = until == 0 ? who->expires_at() : std::min(until, who->expires_at());
    answered = true;
    if (!running) run();
  }

  void run() {
    running = true;
    while (done && next < candidates.size()) {
      answered = false;
      Engine::Candidate& candidate = candidates[next];
      engine->admit(
          sink, message, info, candidate.entry, std::move(candidate.variables), candidate.with_arguments,
          [self = shared_from_this()](const Denial* denial, const Principal* who) { self->take(denial, who); });
      if (!answered) break;
    }
    running = false;
    if (done && next == candidates.size()) std::exchange(done, nullptr)(nullptr, allowed, until);
  }
};

}  // namespace

void Engine::admit_all(std::shared_ptr<RequestSink> sink, const RequestMessage& message, RequestInfo info,
                       std::vector<Candidate> candidates, bool stop_at_denial,
                       std::function<void(const Denial*, const std::vector<bool>&, long long)> done) {
  const auto all = std::make_shared<Admissions>();
  if (!info.verified) info.verified = std::make_shared<VerifiedCaller>();
  all->engine = shared_from_this();
  all->sink = std::move(sink);
  all->message = message;
  all->info = std::move(info);
  all->candidates = std::move(candidates);
  all->stop_at_denial = stop_at_denial;
  all->done = std::move(done);
  all->run();
}

Reply denial_reply(std::string_view id, const Denial& denial) {
  Reply reply;
  reply.body = render_error(id, denial.rpc_code, denial.message, denial.data_json());
  reply.http_status = denial.http_status;
  reply.headers = denial.headers;
  return reply;
}

}  // namespace leanmcp::inline v0
