#include <leanmcp/server/engine.hpp>

#include <leanmcp/base/encoding.hpp>
#include <leanmcp/base/worker_pool.hpp>
#include <leanmcp/protocol/codes.hpp>
#include <leanmcp/server/call_state.hpp>
#include <leanmcp/server/engine_reply.hpp>

#include <algorithm>
#include <array>

namespace leanmcp::inline v0 {

namespace {

constexpr std::string_view version_key = "io.modelcontextprotocol/protocolVersion";
constexpr std::string_view info_key = "io.modelcontextprotocol/clientInfo";
constexpr std::string_view capabilities_key = "io.modelcontextprotocol/clientCapabilities";
constexpr std::string_view level_key = "io.modelcontextprotocol/logLevel";

constexpr std::array<std::string_view, 8> levels = {"debug", "info",     "notice", "warning",
                                                    "error", "critical", "alert",  "emergency"};

RpcError method_not_found(std::string_view method, bool modern) {
  return RpcError{
      code::method_not_found, "Method not found: " + std::string(method.substr(0, 100)), {}, modern ? 404 : 200};
}

}  // namespace

using detail::respond;
using detail::text_of;

int log_level_of(std::string_view name) {
  const auto found = std::find(levels.begin(), levels.end(), name);
  return found == levels.end() ? -1 : static_cast<int>(found - levels.begin());
}
std::string_view log_level_name(int level) { return levels.at(static_cast<std::size_t>(level)); }

int http_status_of(int rpc_code) {
  switch (rpc_code) {
    case code::parse_error:
    case code::invalid_request:
    case code::header_mismatch:
    case code::missing_client_capability:
    case code::unsupported_version:
      return 400;
    case code::method_not_found:
      return 404;
    default:
      return 200;
  }
}

RpcError unsupported_version(std::string_view requested) {
  std::string data = "{\"supported\":[";
  for (const Version version : supported_versions) {
    if (data.back() != '[') data += ',';
    append_json_string(data, to_string(version));
  }
  data += "],\"requested\":";
  append_json_string(data, requested.substr(0, 64));
  data += '}';
  return RpcError{code::unsupported_version, "Unsupported protocol version", std::move(data), 400};
}

std::optional<std::string_view> modern_version_of(const json::object* params) {
  const json::value* const meta = params ? params->if_contains("_meta") : nullptr;
  const json::value* const version = meta && meta->is_object() ? meta->get_object().if_contains(version_key) : nullptr;
  if (!version) return std::nullopt;
  // A version that is no text still makes a modern request, though an incomplete one.
  if (!version->is_string()) return std::string_view();
  return std::string_view(version->get_string());
}

std::optional<RpcError> read_modern_meta(const json::object* params, RequestInfo& info) {
  const auto incomplete = [](std::string what) {
    return RpcError{code::invalid_params, "Invalid params: " + std::move(what), {}, 400};
  };
  const json::value* const meta_value = params ? params->if_contains("_meta") : nullptr;
  const json::object* const meta = meta_value ? meta_value->if_object() : nullptr;
  if (!meta) return incomplete("_meta is missing");
  const json::value* version = nullptr;
  const json::value* capabilities = nullptr;
  const json::value* client = nullptr;
  const json::value* level = nullptr;
  std::string_view trace;
  // One pass instead of a search for each; whatever else is in there is not ours.
  for (const auto& [key, value] : *meta) {
    const std::string_view name = key;
    if (name == version_key)
      version = &value;
    else if (name == capabilities_key)
      capabilities = &value;
    else if (name == info_key)
      client = &value;
    else if (name == level_key)
      level = &value;
    else if (name == "traceparent" && value.is_string())
      trace = value.get_string();
  }
  if (!version || !version->is_string()) return incomplete("_meta." + std::string(version_key) + " is missing");
  const auto parsed = parse_version(version->get_string());
  if (!parsed || !is_modern(*parsed)) return unsupported_version(version->get_string());
  if (!capabilities || !capabilities->is_object())
    return incomplete("_meta." + std::string(capabilities_key) + " is missing");
  info.version = *parsed;
  info.capabilities = parse_capabilities(capabilities->get_object());
  if (client) {
    if (!client->is_object()) return incomplete("_meta." + std::string(info_key) + " must be an object");
    info.client = parse_client_info(client->get_object());
  }
  if (level) {
    info.log_level = level->is_string() ? log_level_of(level->get_string()) : -1;
    if (info.log_level < 0) return RpcError{code::invalid_params, "Invalid params: unknown log level", {}, 400};
  }
  if (info.traceparent.empty()) info.traceparent = trace.substr(0, 128);
  return std::nullopt;
}

void append_result_end(std::string& out, const Engine& engine, Version version, std::string_view meta) {
  const auto separate = [&] {
    if (out.back() != '{') out += ',';
  };
  if (is_modern(version)) {
    separate();
    out.append(R"("resultType":"complete","_meta":{)").append(engine.server_info_meta());
    if (!meta.empty()) out.append(",").append(meta);
    out += '}';
  } else if (!meta.empty()) {
    separate();
    out.append("\"_meta\":{").append(meta).append("}");
  }
  out += '}';
}

std::string finish_result(const Engine& engine, Version version, std::string members, std::string_view meta) {
  std::string out = "{";
  out.reserve(members.size() + meta.size() + engine.server_info_meta().size() + 64);
  out += members;
  append_result_end(out, engine, version, meta);
  return out;
}

Engine::Engine(std::string name, std::string version, const ServerOptions::Data& options)
    : name_(std::move(name)),
      options_(options),
      registry_(std::make_shared<Registry>()),
      human_waits_(options.human_waits_per_caller) {
  implementation_ = "{\"name\":";
  append_json_string(implementation_, name_);
  implementation_ += ",\"version\":";
  append_json_string(implementation_, version);
  if (!options_.title.empty()) {
    implementation_ += ",\"title\":";
    append_json_string(implementation_, options_.title);
  }
  if (!options_.website.empty()) {
    implementation_ += ",\"websiteUrl\":";
    append_json_string(implementation_, options_.website);
  }
  if (!options_.icons.empty()) implementation_.append(",\"icons\":").append(options_.icons);
  implementation_ += '}';
  info_meta_ = "\"io.modelcontextprotocol/serverInfo\":" + implementation_;
  if (options_.audience.empty()) options_.audience = name_;
  if (!options_.keys) {
    options_.keys = KeyRing::random();
    warns_of_keys_ = true;
  }
  sealer_ = std::make_unique<Sealer>(options_.keys->sealer("leanmcp requestState"));
  workers_ = std::make_unique<WorkerPool>(options_.workers, options_.worker_queue);
}

Engine::~Engine() = default;

void Engine::stop_workers() { workers_->stop(); }

bool Engine::begin_call() noexcept {
  if (++calls_ <= options_.calls) return true;
  --calls_;
  return false;
}

void Engine::publish(std::shared_ptr<const Registry> registry) {
  const auto before = std::atomic_exchange(&registry_, registry);
  const auto differs = [&](EntryKind kind) {
    const auto& a = before->list(kind, newest_version);
    const auto& b = registry->list(kind, newest_version);
    return !std::equal(a.begin(), a.end(), b.begin(), b.end(),
                       [](const Registry::Item& x, const Registry::Item& y) { return x.json == y.json; });
  };
  if (differs(EntryKind::tool)) subscriptions_.list_changed(Subscriptions::Change::tools);
  if (differs(EntryKind::prompt)) subscriptions_.list_changed(Subscriptions::Change::prompts);
  if (differs(EntryKind::resource) || differs(EntryKind::resource_template))
    subscriptions_.list_changed(Subscriptions::Change::resources);
  subscriptions_.end_outdated([&](const std::string& uri) { return registry->gate_before(uri); },
                              [this](std::string_view id) { return render_result(id, listening_over(id)); });
}

void Engine::expect_questions() {
  if (!warns_of_keys_.exchange(false)) return;
  options_.logger.warning(
      "no state keys configured: questions in the middle of a call can be answered to this process only");
}

void Engine::resource_updated(std::string_view uri) {
  subscriptions_.resource_updated(uri, now(), registry()->gate_before(uri));
}

void Engine::shutdown() {
  subscriptions_.close_all([this](std::string_view id) { return render_result(id, listening_over(id)); });
}

void Engine::request(std::shared_ptr<RequestSink> sink, const RequestMessage& message, RequestInfo info) {
  const std::string_view method = message.method;
  if (method == "tools/call" || method == "prompts/get" || method == "resources/read")
    return call(std::move(sink), message, std::move(info));
  if (method == "completion/complete") return complete(std::move(sink), message, info);

  if (method == "tools/list") return list(std::move(sink), message, info, EntryKind::tool, "tools");
  if (method == "prompts/list") return list(std::move(sink), message, info, EntryKind::prompt, "prompts");
  if (method == "resources/list") return list(std::move(sink), message, info, EntryKind::resource, "resources");
  if (method == "resources/templates/list")
    return list(std::move(sink), message, info, EntryKind::resource_template, "resourceTemplates");
  if (method == "resources/subscribe" && !info.modern() && info.session)
    return subscribe(std::move(sink), message, info);

  std::optional<RpcError> error;
  std::string result;
  if (info.modern()) {
    if (method == "subscriptions/listen") return listen(std::move(sink), message, info);
    if (method == "server/discover") {
      result = discover();
    } else {
      error = method_not_found(method, true);
    }
  } else if (method == "initialize") {
    result = initialize(message.params, info, error);
  } else {
    error = legacy_method(message, info, result);
  }
  if (error) return respond(*sink, message.id, *error);
  respond(*sink, render_result(message.id, result));
}

std::string_view Engine::capabilities_json() const {
  return R"({"logging":{},"tools":{"listChanged":true},"prompts":{"listChanged":true},)"
         R"("resources":{"subscribe":true,"listChanged":true},"completions":{}})";
}

std::string Engine::discover() const {
  std::string members = "\"supportedVersions\":[";
  for (const Version version : supported_versions) {
    if (members.back() != '[') members += ',';
    append_json_string(members, to_string(version));
  }
  members.append("],\"capabilities\":").append(capabilities_json());
  if (!options_.instructions.empty()) {
    members += ",\"instructions\":";
    append_json_string(members, options_.instructions);
  }
  members += ",\"ttlMs\":" + std::to_string(options_.list_ttl.count()) + R"(,"cacheScope":"public")";
  return finish_result(*this, newest_version, std::move(members));
}

std::string Engine::initialize(const json::object* params, const RequestInfo& info, std::optional<RpcError>& error) {
  const std::string_view wanted = text_of(params, "protocolVersion");
  if (wanted.empty() || !info.session) {
    error = RpcError{code::invalid_params, "initialize needs protocolVersion", {}, 200};
    return {};
  }
  Session::Client client;
  const auto known = parse_version(wanted);
  client.version = known && !is_modern(*known) ? *known : newest_legacy_version;
  if (const json::value* const capabilities = params->if_contains("capabilities");
      capabilities && capabilities->is_object())
    client.capabilities = parse_capabilities(capabilities->get_object());
  if (const json::value* const who = params->if_contains("clientInfo"); who && who->is_object())
    client.info = parse_client_info(who->get_object());
  // Elicitation came with 2025-06-18; a client of an older revision cannot have meant it.
  if (client.version < Version::v2025_06_18) client.capabilities.elicitation_form = false;
  if (client.version < Version::v2025_11_25) client.capabilities.elicitation_url = false;
  const bool again = info.session->initialized();
  info.session->initialize(client);
  if (!again) subscriptions_.add_session(info.session);
  std::string members = "\"protocolVersion\":";
  append_json_string(members, to_string(client.version));
  members.append(",\"capabilities\":").append(capabilities_json()).append(",\"serverInfo\":").append(implementation_);
  if (!options_.instructions.empty()) {
    members += ",\"instructions\":";
    append_json_string(members, options_.instructions);
  }
  return finish_result(*this, client.version, std::move(members));
}

std::optional<RpcError> Engine::legacy_method(const RequestMessage& message, const RequestInfo& info,
                                              std::string& result) {
  const std::string_view method = message.method;
  result = "{}";
  if (method == "ping") return std::nullopt;
  if (!info.session) return method_not_found(method, false);
  if (method == "logging/setLevel") {
    const int level = log_level_of(text_of(message.params, "level"));
    if (level < 0) return RpcError{code::invalid_params, "Unknown log level", {}, 200};
    info.session->set_log_level(level);
    return std::nullopt;
  }
  if (method == "resources/unsubscribe") {
    const std::string_view uri = text_of(message.params, "uri");
    if (uri.empty()) return RpcError{code::invalid_params, "uri is missing", {}, 200};
    info.session->unsubscribe(std::string(uri));
    return std::nullopt;
  }
  return method_not_found(method, false);
}

void Engine::call(std::shared_ptr<RequestSink> sink, const RequestMessage& message, RequestInfo&& info) {
  auto registry = this->registry();
  UriVariables variables;
  const Entry* entry = nullptr;
  std::string_view name;
  if (message.method == "resources/read") {
    name = text_of(message.params, "uri");
    entry = registry->resource(name);
    if (!entry) entry = registry->match(name, variables);
  } else {
    name = text_of(message.params, "name");
    entry = message.method == "tools/call" ? registry->tool(name) : registry->prompt(name);
  }
  if (!entry) {
    const EntryKind kind = message.method == "tools/call"    ? EntryKind::tool
                           : message.method == "prompts/get" ? EntryKind::prompt
                                                             : EntryKind::resource;
    return absent(std::move(sink), message, std::move(info), kind);
  }
  const auto state = std::allocate_shared<CallState>(detail::FrameAllocator<CallState>(), shared_from_this(),
                                                     std::move(registry), *entry, std::move(sink), std::move(info),
                                                     message, std::string(name), std::move(variables));
  state->start();
}

void Engine::notification(const NotificationMessage& message, const RequestInfo& info) {
  if (message.method != "notifications/cancelled" || !info.session || !message.params) return;
  const json::value* const id = message.params->if_contains("requestId");
  if (id && (id->is_string() || id->is_int64() || id->is_uint64())) info.session->cancel(json_text(*id));
}

void Engine::response(const ResponseMessage& message, Session& session) {
  std::optional<std::string> result;
  if (message.result) result = json_text(*message.result);
  session.answer(message.id, std::move(result));
}

}  // namespace leanmcp::inline v0
