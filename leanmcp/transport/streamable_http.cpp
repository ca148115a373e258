#include <leanmcp/transport/streamable_http.hpp>

#include <leanmcp/protocol/codes.hpp>
#include <leanmcp/protocol/header_value.hpp>
#include <leanmcp/transport/batch_sink.hpp>
#include <leanmcp/transport/http_sink.hpp>
#include <leanmcp/transport/session_owner.hpp>

#include <algorithm>

namespace leanmcp::inline v0 {

namespace {

constexpr std::string_view session_header = "Mcp-Session-Id";

/// Dates order as text; anything later than the last legacy revision is of the modern era.
bool looks_modern(std::string_view version) { return version > to_string(newest_legacy_version); }

/// Media type without parameters, lower case not needed: clients write it as the specification does.
bool is_json(std::string_view content_type) {
  const auto end = content_type.find_first_of("; \t");
  const std::string_view type = content_type.substr(0, end);
  return std::equal(type.begin(), type.end(), std::string_view("application/json").begin(),
                    std::string_view("application/json").end(),
                    [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; });
}

/// A listening request holds on to its connection's memory for as long as it listens.
constexpr std::size_t most_listen_bytes = 128 * 1024;

/// Whether one of the media ranges takes the type (RFC 9110, section 12.5.1); weights are not looked at.
bool accepts(std::string_view accept, std::string_view type) {
  if (accept.empty() || accept.find(type) != std::string_view::npos) return true;
  const std::string_view family = type.substr(0, type.find('/') + 1);
  while (!accept.empty()) {
    const std::size_t end = std::min(accept.find(','), accept.size());
    std::string range(accept.substr(0, end));
    accept.remove_prefix(std::min(end + 1, accept.size()));
    range.resize(std::min(range.find(';'), range.size()));
    std::erase_if(range, [](char c) { return c == ' ' || c == '\t'; });
    for (char& c : range)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    if (range == type || range == "*/*" || range == std::string(family) + "*") return true;
  }
  return false;
}

std::optional<std::string> header_twice(const HttpRequest& request) {
  constexpr std::pair<KnownHeader, const char*> standard[] = {{KnownHeader::mcp_protocol_version, "MCP-Protocol-Version"},
                                                              {KnownHeader::mcp_method, "Mcp-Method"},
                                                              {KnownHeader::mcp_name, "Mcp-Name"}};
  for (const auto& [header, name] : standard)
    if (request.header_count(header) > 1) return std::string(name) + " is there more than once";
  return std::nullopt;
}

/// What headers a notification needs is not defined (2026-07-28, Streamable HTTP, Sending Messages, note); those that
/// are there must not contradict its body.
std::optional<std::string> header_mismatch(const HttpRequest& request, const NotificationMessage& message,
                                           std::optional<std::string_view> body_version) {
  if (auto twice = header_twice(request)) return twice;
  const std::string_view version = request.header(KnownHeader::mcp_protocol_version);
  if (!version.empty() && body_version && version != *body_version)
    return "MCP-Protocol-Version does not match the body";
  const std::string_view method = request.header(KnownHeader::mcp_method);
  if (!method.empty() && method != message.method) return "Mcp-Method does not match the body";
  return std::nullopt;
}

/// 2026-07-28, Streamable HTTP, Server Validation: the standard headers repeat the body, or the request is refused.
std::optional<std::string> header_mismatch(const HttpRequest& request, const RequestMessage& message,
                                           std::optional<std::string_view> body_version) {
  if (auto twice = header_twice(request)) return twice;
  const std::string_view version = request.header(KnownHeader::mcp_protocol_version);
  if (version.empty()) return "MCP-Protocol-Version is missing";
  if (body_version && !body_version->empty() && version != *body_version)
    return "MCP-Protocol-Version does not match the body";
  const std::string_view method = request.header(KnownHeader::mcp_method);
  if (method.empty()) return "Mcp-Method is missing";
  if (method != message.method) return "Mcp-Method does not match the body";
  const bool by_name = message.method == "tools/call" || message.method == "prompts/get";
  if (!by_name && message.method != "resources/read") return std::nullopt;
  if (request.header_count(KnownHeader::mcp_name) == 0) return "Mcp-Name is missing";
  const json::value* const name = message.params ? message.params->if_contains(by_name ? "name" : "uri") : nullptr;
  const std::string_view expected =
      name && name->is_string() ? std::string_view(name->get_string()) : std::string_view();
  const auto matches = header_value_is(request.header(KnownHeader::mcp_name), expected);
  if (!matches) return "Mcp-Name cannot be decoded";
  if (!*matches) return "Mcp-Name does not match the body";
  return std::nullopt;
}

Credentials credentials_of(const HttpRequest& request) {
  Credentials credentials;
  credentials.authorization_headers = request.header_count(KnownHeader::authorization);
  if (credentials.authorization_headers != 0)
    credentials.authorization_header = request.header(KnownHeader::authorization);
  credentials.dpop_proofs = request.header_count(KnownHeader::dpop);
  if (credentials.dpop_proofs != 0) credentials.dpop_proof = request.header(KnownHeader::dpop);
  credentials.http_method = request.method();
  credentials.http_target = request.target();
  return credentials;
}

std::shared_ptr<StreamStore> streams_of(const std::shared_ptr<Session>& session) {
  return std::static_pointer_cast<StreamStore>(session->attachment());
}

void refuse(HttpExchange& exchange, int status, int code, std::string_view text, std::string_view id = {}) {
  exchange.respond(status, "application/json", render_error(id, code, text), {});
}

}  // namespace

StreamableHttp::StreamableHttp(std::shared_ptr<Engine> engine, StreamableHttpOptions options)
    : engine_(std::move(engine)),
      options_(options),
      sessions_(options.session_limits),
      stream_budget_(std::make_shared<StreamBudget>(options.most_kept_bytes)) {}

StreamableHttp::~StreamableHttp() = default;

void StreamableHttp::handle(HttpExchange exchange) {
  const std::string_view method = exchange.request().method();
  if (method == "POST") return post(std::move(exchange));
  if (method == "GET") return get(std::move(exchange));
  if (method == "DELETE") return remove(std::move(exchange));
  exchange.respond(405, "", "", {{"Allow", "POST, GET, DELETE"}});
}

void StreamableHttp::post(HttpExchange exchange) {
  const HttpRequest& request = exchange.request();
  if (!is_json(request.header(KnownHeader::content_type)))
    return refuse(exchange, 415, code::invalid_request, "Content-Type must be application/json");
  const std::string_view accept = request.header(KnownHeader::accept);
  if (!accepts(accept, "application/json") && !accepts(accept, "text/event-stream"))
    return refuse(exchange, 406, code::invalid_request, "Accept must list application/json and text/event-stream");
  auto sink = std::allocate_shared<HttpSink>(detail::FrameAllocator<HttpSink>(), exchange, options_.keep_alive_every);
  if (!sink->parse(request.body())) return refuse(exchange, 400, code::parse_error, "Parse error");

  const json::object* const object = sink->message().if_object();
  const json::value* const params = object ? object->if_contains("params") : nullptr;
  const auto named = modern_version_of(params ? params->if_object() : nullptr);
  if (named || looks_modern(request.header(KnownHeader::mcp_protocol_version)))
    return modern(exchange, std::move(sink), named);
  legacy(std::move(exchange), std::move(sink));
}

void StreamableHttp::modern(const HttpExchange& exchange, std::shared_ptr<HttpSink> sink,
                            std::optional<std::string_view> body_version) {
  const HttpRequest& request = exchange.request();
  const Message message = classify(sink->message());
  if (const auto* const note = std::get_if<NotificationMessage>(&message)) {
    if (const auto what = header_mismatch(request, *note, body_version))
      return sink->respond_error({}, code::header_mismatch, "Header mismatch: " + *what, 400);
    const std::string_view named = body_version.value_or(request.header(KnownHeader::mcp_protocol_version));
    const auto version = parse_version(named);
    if (version && is_modern(*version)) return sink->accept();
    const RpcError error = unsupported_version(named);
    return sink->respond_error({}, error.code, error.message, error.http_status, error.data);
  }
  const auto* const call = std::get_if<RequestMessage>(&message);
  if (!call) {
    const auto* const invalid = std::get_if<InvalidMessage>(&message);
    return sink->respond_error(invalid ? invalid->id : std::string(), code::invalid_request,
                               "Invalid request: " + (invalid ? invalid->reason : "a response answers nothing here"),
                               400);
  }
  if (call->method == "subscriptions/listen" && request.body().size() > most_listen_bytes)
    return sink->respond_error(call->id, code::invalid_params, "Invalid params: too much to listen to", 413);
  RequestInfo info;
  info.channel = Channel::http;
  info.traceparent = std::string(request.header(KnownHeader::traceparent).substr(0, 128));
  if (const auto what = header_mismatch(request, *call, body_version))
    return sink->respond_error(call->id, code::header_mismatch, "Header mismatch: " + *what, 400);
  if (const auto error = read_modern_meta(call->params, info))
    return sink->respond_error(call->id, error->code, error->message, error->http_status, error->data);
  info.credentials = credentials_of(request);
  info.peer = request.peer();
  const ExchangeHeaders headers(request);
  info.headers = &headers;
  engine_->request(sink, *call, std::move(info));
}

std::shared_ptr<Session> StreamableHttp::session_of(HttpExchange& exchange, std::string_view id, bool& answered) {
  const HttpRequest& request = exchange.request();
  answered = true;
  const std::string_view version = request.header(KnownHeader::mcp_protocol_version);
  if (!version.empty()) {
    const auto parsed = parse_version(version);
    if (!parsed || is_modern(*parsed)) {
      const RpcError error = unsupported_version(version);
      exchange.respond(400, "application/json", render_error(id, error.code, error.message, error.data), {});
      return nullptr;
    }
  }
  if (request.header_count(KnownHeader::mcp_session_id) != 1) {
    refuse(exchange, 400, code::invalid_request, "Mcp-Session-Id is needed; begin with initialize", id);
    return nullptr;
  }
  auto session = sessions_.find(request.header(KnownHeader::mcp_session_id), engine_->now());
  if (!session) {
    refuse(exchange, 404, code::invalid_request, "Session not found", id);
    return nullptr;
  }
  answered = false;
  return session;
}

void StreamableHttp::legacy(HttpExchange exchange, std::shared_ptr<HttpSink> sink) {
  const Message message = classify(sink->message());
  const auto* const request = std::get_if<RequestMessage>(&message);
  if (request && request->method == "initialize") return initialize(std::move(exchange), sink);
  if (const auto* const invalid = std::get_if<InvalidMessage>(&message); invalid && !sink->message().is_array())
    return sink->respond_error(invalid->id, code::invalid_request, "Invalid request: " + invalid->reason, 400);

  bool answered = false;
  const auto session = session_of(exchange, request ? std::string_view(request->id) : std::string_view(), answered);
  if (answered) return;
  if (sink->message().is_array()) return batch(std::move(exchange), std::move(sink), session);
  RequestInfo info = session_info(exchange, session);
  info.traceparent = std::string(exchange.request().header(KnownHeader::traceparent).substr(0, 128));
  RequestMessage asking;
  if (request) {
    asking = *request;
  } else if (const auto* const note = std::get_if<NotificationMessage>(&message)) {
    asking.params = note->params;
  }
  // The message's views point into the sink, which goes on with them.
  const bool open = !session->bound_by_header();
  admit_owner(engine_, exchange, asking, info, open, [this, sink, info, message] {
    const auto& session = info.session;
    sink->set_session(session, streams_of(session), info.version >= Version::v2025_11_25);
    if (const auto* const request = std::get_if<RequestMessage>(&message))
      return engine_->request(sink, *request, info);
    if (const auto* const note = std::get_if<NotificationMessage>(&message)) {
      engine_->notification(*note, info);
    } else if (const auto* const response = std::get_if<ResponseMessage>(&message)) {
      engine_->response(*response, *session);
    }
    sink->accept();
  });
}

RequestInfo StreamableHttp::session_info(const HttpExchange& exchange, const std::shared_ptr<Session>& session) const {
  RequestInfo info;
  info.channel = Channel::http;
  const Session::Client client = session->client();
  info.version = client.version;
  info.capabilities = client.capabilities;
  info.client = client.info;
  info.session = session;
  info.credentials = credentials_of(exchange.request());
  info.peer = exchange.request().peer();
  info.verified = std::make_shared<VerifiedCaller>();
  return info;
}

void StreamableHttp::batch(HttpExchange exchange, std::shared_ptr<HttpSink> sink,
                           const std::shared_ptr<Session>& session) {
  const json::array& items = sink->message().get_array();
  const Session::Client client = session->client();
  // Batches came with 2025-03-26 and left with 2025-06-18.
  if (client.version != Version::v2025_03_26 || items.empty() || items.size() > options_.most_batch)
    return sink->respond_error({}, code::invalid_request, "Invalid request: no batch of 1 to 100 messages here", 400);
  const RequestInfo info = session_info(exchange, session);
  admit_owner(engine_, exchange, RequestMessage(), info, !session->bound_by_header(),
              [this, sink, info] { run_batch(sink, info); });
}

void StreamableHttp::run_batch(const std::shared_ptr<HttpSink>& sink, const RequestInfo& info) {
  const json::array& items = sink->message().get_array();
  const auto& session = info.session;
  sink->set_session(session, streams_of(session), false);
  const auto shared = std::make_shared<BatchSink::Shared>();
  shared->sink = sink;
  std::vector<std::string> invalid;
  std::vector<const json::value*> requests;
  for (const json::value& item : items) {
    const Message message = classify(item);
    if (const auto* const bad = std::get_if<InvalidMessage>(&message)) {
      invalid.push_back(render_error(bad->id, code::invalid_request, "Invalid request: " + bad->reason));
    } else if (const auto* const note = std::get_if<NotificationMessage>(&message)) {
      engine_->notification(*note, info);
    } else if (const auto* const response = std::get_if<ResponseMessage>(&message)) {
      engine_->response(*response, *session);
    } else if (const auto& request = std::get<RequestMessage>(message); request.method == "initialize") {
      // 2025-03-26, Lifecycle, Initialization: it is no part of a batch.
      invalid.push_back(render_error(request.id, code::invalid_request, "Invalid request: initialize stands alone"));
    } else {
      requests.push_back(&item);
    }
  }
  for (const std::string& error : invalid) shared->answers += (shared->answers.empty() ? "" : ",") + error;
  shared->left = requests.size();
  if (requests.empty()) {
    if (invalid.empty()) return sink->accept();
    Reply reply;
    reply.body = "[" + shared->answers + "]";
    reply.http_status = 400;
    return sink->respond(std::move(reply));
  }
  for (const json::value* const item : requests) {
    const Message message = classify(*item);
    engine_->request(std::make_shared<BatchSink>(shared), std::get<RequestMessage>(message), info);
  }
}

void StreamableHttp::initialize(HttpExchange exchange, const std::shared_ptr<HttpSink>& sink) {
  const Message message = classify(sink->message());
  const auto& request = std::get<RequestMessage>(message);
  const auto created = sessions_.create(std::string(exchange.request().peer()), engine_->now());
  if (!created) {
    sink->add_header("Retry-After", "60");
    return sink->respond_error(request.id, code::unavailable, "Too many sessions; try again later.", 503,
                               R"({"code":"TOO_MANY_SESSIONS","action":"retry"})");
  }
  const std::shared_ptr<Session> session = *created;
  session->attach(std::make_shared<StreamStore>(stream_budget_));
  sink->before_respond([this, session](HttpSink& answer) {
    if (session->initialized()) {
      answer.add_header(std::string(session_header), session->id());
    } else {
      sessions_.remove(session->id());
    }
  });
  RequestInfo info;
  info.channel = Channel::http;
  info.version = newest_legacy_version;
  info.session = session;
  info.peer = exchange.request().peer();
  engine_->request(sink, request, std::move(info));
}

void StreamableHttp::get(HttpExchange exchange) {
  const HttpRequest& request = exchange.request();
  if (looks_modern(request.header(KnownHeader::mcp_protocol_version)))
    return exchange.respond(405, "", "", {{"Allow", "POST"}});
  if (!accepts(request.header(KnownHeader::accept), "text/event-stream"))
    return refuse(exchange, 406, code::invalid_request, "Accept must list text/event-stream");
  bool answered = false;
  const auto session = session_of(exchange, {}, answered);
  if (answered) return;
  std::optional<std::string> last;
  if (request.header_count(KnownHeader::last_event_id) != 0)
    last = std::string(request.header(KnownHeader::last_event_id));
  admit_owner(engine_, exchange, RequestMessage(), session_info(exchange, session), false,
              [session, exchange, last]() mutable {
                const auto streams = streams_of(session);
                if (last) {
                  const auto found = streams->find(*last);
                  // Not 404: that says the session is gone (2025-11-25, Transports, Session Management, 3).
                  if (!found) return refuse(exchange, 400, code::invalid_request, "That stream is gone");
                  return found->first->attach(std::move(exchange), found->second, {});
                }
                const auto stream = streams->create(session->client().version >= Version::v2025_11_25);
                session->set_stream(stream);
                stream->attach(std::move(exchange), 0, {});
              });
}

void StreamableHttp::remove(HttpExchange exchange) {
  if (looks_modern(exchange.request().header(KnownHeader::mcp_protocol_version)))
    return exchange.respond(405, "", "", {{"Allow", "POST"}});
  bool answered = false;
  const auto session = session_of(exchange, {}, answered);
  if (answered) return;
  admit_owner(engine_, exchange, RequestMessage(), session_info(exchange, session), false,
              [this, session, exchange]() mutable {
                sessions_.remove(session->id());
                if (const auto streams = streams_of(session)) streams->close_all();
                exchange.respond(200, "", "", {});
              });
}

void StreamableHttp::sweep() { sessions_.sweep(engine_->now()); }
std::size_t StreamableHttp::sessions() const { return sessions_.size(); }

void StreamableHttp::shutdown() {
  engine_->shutdown();
  sessions_.each([](const std::shared_ptr<Session>& session) {
    session->set_stream(nullptr);
    session->end_questions();
  });
}

void StreamableHttp::close() {
  sessions_.each([](const std::shared_ptr<Session>& session) {
    if (const auto streams = streams_of(session)) streams->close_all();
  });
  sessions_.close_all();
}

}  // namespace leanmcp::inline v0
