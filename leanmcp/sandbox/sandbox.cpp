#include <leanmcp/sandbox/sandbox.hpp>

#include <leanmcp/base/event_loop.hpp>
#include <leanmcp/base/worker_pool.hpp>
#include <leanmcp/http/client.hpp>
#include <leanmcp/http/client_address.hpp>
#include <leanmcp/http/server.hpp>
#include <leanmcp/sandbox/form_text.hpp>
#include <leanmcp/sandbox/html.hpp>
#include <leanmcp/sandbox/identity.hpp>
#include <leanmcp/sandbox/stripe_double.hpp>
#include <leanmcp/sandbox/stripe_objects.hpp>
#include <leanmcp/sandbox/stripe_pages.hpp>
#include <leanmcp/sandbox/webhook_sender.hpp>

#include <algorithm>
#include <thread>

namespace leanmcp::inline v0 {
namespace {

using sandbox::Request;

Request request_of(const HttpRequest& in) {
  Request out;
  out.method = in.method();
  out.path = in.path();
  out.query = in.query();
  out.body = in.body();
  in.for_each_header([&](std::string_view name, std::string_view value) {
    std::string key(name);
    std::transform(key.begin(), key.end(), key.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    out.headers.emplace_back(std::move(key), value);
  });
  return out;
}

/// The host of `http(s)://host[:port]/…`.
std::string host_of(std::string_view url) {
  std::string host = sandbox::origin_of(url);
  host = host.substr(std::min(host.size(), host.find("://") + 3));
  const auto colon = host.rfind(':');
  const auto bracket = host.rfind(']');
  const bool port = colon != std::string::npos && (bracket == std::string::npos || colon > bracket);
  return port ? host.substr(0, colon) : host;
}

std::string first_fault(const SandboxOptions& options) {
  if (options.stripe_key.starts_with("sk_live_") || options.stripe_key.starts_with("rk_live_"))
    return "a live Stripe key has no business here";
  if (options.webhook_url.empty()) return {};
  const bool web = options.webhook_url.starts_with("http://") || options.webhook_url.starts_with("https://");
  if (!web || !detail::is_loopback_host(host_of(options.webhook_url)))
    return "the webhook URL is not on this machine (127.0.0.1, ::1 or localhost)";
  if (options.webhook_secret.empty()) return "a webhook URL needs a webhook secret";
  return {};
}

}  // namespace

class Sandbox::Impl {
 public:
  explicit Impl(SandboxOptions options) : options_(std::move(options)) {}

  ~Impl() {
    work_.stop();
    if (identity_) identity_->server().stop();
    if (!thread_.joinable()) return;
    loop_.post([this] {
      if (sender_) sender_->stop();
      const auto left = std::make_shared<int>(stripe_server_ ? 2 : 1);
      for (HttpServer* const server : {identity_server_.get(), stripe_server_.get()}) {
        if (!server) continue;
        server->on_stopped([this, left] {
          if (--*left == 0) loop_.stop();
        });
        server->stop();
      }
    });
    thread_.join();
  }

  Result<void> start() {
    const bool one = options_.identity_port == options_.stripe_port;
    const auto identity_port = port_of_identity();
    if (!identity_port) return identity_port.error();
    auto identity = sandbox::Identity::start(identity_options(*identity_port));
    if (!identity) return identity.error();
    identity_ = std::move(*identity);
    identity_server_ = make_server(*identity_port, true, one);
    if (!one) stripe_server_ = make_server(options_.stripe_port, false, true);
    for (HttpServer* const server : {identity_server_.get(), stripe_server_.get()}) {
      if (!server) continue;
      auto started = server->start();
      if (!started) return started;
    }
    // The loop does not run yet: nothing is answered before the double is there.
    stripe_ = std::make_unique<sandbox::StripeDouble>(sandbox::StripeDoubleOptions{stripe_url(), options_.stripe_key},
                                                      std::make_shared<SystemClock>());
    sandbox::WebhookSenderOptions webhooks;
    webhooks.url = options_.webhook_url;
    webhooks.secret = Secret(options_.webhook_secret);
    webhooks.log = options_.log;
    sender_ = std::make_shared<sandbox::WebhookSender>(
        std::move(webhooks), loop_, [this](ClientRequest request, std::function<void(int)> done) {
          client_.send(std::move(request),
                       [done = std::move(done)](HttpClient::Outcome outcome) { done(outcome ? outcome->status : 0); });
        });
    thread_ = std::thread([this] { loop_.run(); });
    return {};
  }

  std::string identity_url() const { return "http://127.0.0.1:" + std::to_string(identity_server_->port()); }
  std::string stripe_url() const {
    const HttpServer& server = stripe_server_ ? *stripe_server_ : *identity_server_;
    return "http://127.0.0.1:" + std::to_string(server.port());
  }

 private:
  using Answer = sandbox::Answer;

  /// An authorization server is made for its issuer, port and all: a free one is looked for before.
  Result<std::uint16_t> port_of_identity() {
    if (options_.identity_port != 0) return options_.identity_port;
    HttpServer probe(HttpServerOptions().address("127.0.0.1"), loop_);
    auto started = probe.start();
    if (!started) return started.error();
    return probe.port();
  }

  sandbox::IdentityOptions identity_options(std::uint16_t port) const {
    sandbox::IdentityOptions out;
    out.issuer = "http://127.0.0.1:" + std::to_string(port);
    out.audiences = options_.audiences;
    if (out.audiences.empty()) out.audiences = {"http://127.0.0.1:3000/mcp", "http://localhost:3000/mcp"};
    out.scopes = options_.scopes;
    out.clients = options_.clients;
    out.redirect_uris = options_.redirect_uris;
    out.client_secret = Secret(options_.client_secret);
    out.log = options_.log;
    return out;
  }

  std::unique_ptr<HttpServer> make_server(std::uint16_t port, bool identity, bool stripe) {
    auto server = std::make_unique<HttpServer>(
        HttpServerOptions().address("127.0.0.1").port(port).max_body(1024 * 1024).logger(options_.log), loop_);
    server->route_health("/health");
    if (identity) {
      identity_->server().mount(*server);
      const HttpHandler control = [this](HttpExchange exchange) { serve_control(std::move(exchange)); };
      server->route(HttpMethod::get, "/token", control);
      server->route(HttpMethod::post, "/sandbox/token", control);
    }
    server->route_prefix("/", [this, stripe](HttpExchange exchange) {
      const Answer answer = answer_to(request_of(exchange.request()), stripe);
      exchange.respond(answer.status, answer.content_type, answer.body, answer.headers);
      if (stripe) sender_->send(stripe_->take_events());
    });
    return server;
  }

  /// On a thread that may block. When there is none, the exchange is dropped, which answers it too.
  void serve_control(HttpExchange exchange) {
    work_.submit([this, exchange, request = request_of(exchange.request())] {
      const auto answer = std::make_shared<const as::Answer>(identity_->control(request));
      exchange.executor().post([to = exchange, answer]() mutable {
        to.respond(answer->status, answer->content_type, answer->body, answer->headers);
      });
    });
  }

  Answer answer_to(const Request& request, bool stripe) {
    if (request.path == sandbox::style_path) return sandbox::style_sheet();
    if (stripe) {
      if (request.path.starts_with("/v1/")) return stripe_->api(request);
      if (auto answer = sandbox::stripe_page(*stripe_, request)) return std::move(*answer);
      if (auto answer = webhooks(request)) return std::move(*answer);
      if (auto answer = sandbox::stripe_control(*stripe_, request)) return std::move(*answer);
    }
    return sandbox::html_page(404, "Not found", "<p>There is no such page in this sandbox.</p>\n");
  }

  std::optional<Answer> webhooks(const Request& request) {
    if (request.method != "POST") return std::nullopt;
    const auto query = sandbox::parse_form(request.query).value_or(sandbox::FormPairs());
    if (request.path == "/sandbox/webhooks/hold") {
      sender_->hold();
      return Answer{200, "application/json", R"({"done":true})", {}};
    }
    if (request.path != "/sandbox/webhooks/release") return std::nullopt;
    const auto copies = sandbox::parse_integer(sandbox::form_value(query, "copies")).value_or(1);
    if (copies < 1 || copies > 10) return Answer{400, "application/json", R"({"done":false})", {}};
    const std::string held = std::to_string(sender_->held());
    sender_->release(sandbox::form_value(query, "order") == "reversed", static_cast<std::size_t>(copies));
    return Answer{200, "application/json", R"({"done":true,"events":)" + held + "}", {}};
  }

  const SandboxOptions options_;
  EventLoop loop_;
  std::unique_ptr<sandbox::Identity> identity_;
  std::unique_ptr<sandbox::StripeDouble> stripe_;
  std::shared_ptr<sandbox::WebhookSender> sender_;
  std::unique_ptr<HttpServer> identity_server_;
  std::unique_ptr<HttpServer> stripe_server_;
  WorkerPool work_{2, 10'000};
  std::thread thread_;
  // Last, so that it is gone first: its callbacks post to the loop.
  HttpClient client_;
};

Sandbox::Sandbox(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Sandbox::~Sandbox() = default;

Result<std::unique_ptr<Sandbox>> Sandbox::start(SandboxOptions options) {
  if (std::string fault = first_fault(options); !fault.empty()) return Error("Sandbox: " + fault);
  auto impl = std::make_unique<Impl>(std::move(options));
  auto started = impl->start();
  if (!started) return started.error();
  return std::unique_ptr<Sandbox>(new Sandbox(std::move(impl)));
}

std::string Sandbox::identity_url() const { return impl_->identity_url(); }
std::string Sandbox::stripe_url() const { return impl_->stripe_url(); }

}  // namespace leanmcp::inline v0
