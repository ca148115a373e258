#include <leanmcp/oauth/client/loopback_listener.hpp>

#include <leanmcp/http/server.hpp>

#include <stdexcept>
#include <vector>

namespace leanmcp::inline v0 {

namespace {

constexpr std::size_t most_header_bytes = 8 * 1024;
/// A browser needs one or two; the rest is for whoever else tries the door.
constexpr std::size_t most_connections = 32;
/// How often another port is tried when the other address family has it taken.
constexpr int most_ports = 16;

constexpr const char* html = "text/html; charset=utf-8";

std::string page(std::string_view title, std::string_view text) {
  return "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
         "<meta name=\"viewport\" content=\"width=device-width\">\n<title>" +
         std::string(title) + "</title>\n<h1>" + std::string(title) + "</h1>\n<p>" + std::string(text) +
         "</p>\n</html>\n";
}

void show(HttpExchange& exchange, int status, std::string_view title, std::string_view text) {
  HttpHeaders headers{{"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"},
                      {"X-Content-Type-Options", "nosniff"},
                      {"Referrer-Policy", "no-referrer"},
                      {"Cache-Control", "no-store"}};
  if (status == 405) headers.emplace_back("Allow", "GET");
  exchange.respond(status, html, page(title, text), headers);
}

HttpServerOptions server_options(const std::string& address, std::uint16_t port) {
  HttpServerOptions options;
  options.address(address).port(port).max_header(most_header_bytes, 64).max_body(0);
  options.max_connections(most_connections, most_connections).max_in_flight(most_connections);
  // Host is checked here, to the letter; the state is what keeps other pages out.
  options.allow_any_host().ignore_origin();
  options.read_times(std::chrono::seconds(5), std::chrono::seconds(5)).idle_time(std::chrono::seconds(5));
  options.write_time(std::chrono::seconds(5)).stop_time(std::chrono::milliseconds(500));
  return options;
}

}  // namespace

/// One time of listening, shared by the servers' threads and the one that waits.
class LoopbackListener::Attempt : public std::enable_shared_from_this<Attempt> {
 public:
  using Outcome = Result<std::string>;

  explicit Attempt(std::string path) : path_(std::move(path)) {}

  /// Listens on both addresses where there are both; the port, or why there is none.
  Result<std::uint16_t> open(std::uint16_t wanted) {
    for (int i = 0; i < most_ports; ++i) {
      auto first = start("127.0.0.1", wanted);
      // A redirect URI with the other address is not the registered one; only a machine without IPv4 gets it.
      if (!first && wanted != 0 && start("127.0.0.1", 0)) return first.error();
      if (!first) break;
      const std::uint16_t port = (*first)->port();
      auto second = start("::1", port);
      // Taken by somebody else there, or is there no IPv6 at all?
      if (!second && wanted == 0 && start("::1", 0)) continue;
      has_ipv6_ = second.has_value();
      has_ipv4_ = true;
      servers_.push_back(std::move(*first));
      if (second) servers_.push_back(std::move(*second));
      return port;
    }
    auto only = start("::1", wanted);
    if (!only) return only.error();
    has_ipv6_ = true;
    const std::uint16_t port = (*only)->port();
    servers_.push_back(std::move(*only));
    return port;
  }

  void name(std::uint16_t port, bool prefer_ipv6) {
    const bool v6 = has_ipv6_ && (prefer_ipv6 || !has_ipv4_);
    port_ = port;
    redirect_uri_ = (v6 ? "http://[::1]:" : "http://127.0.0.1:") + std::to_string(port) + path_;
  }
  const std::string& redirect_uri() const noexcept { return redirect_uri_; }
  std::uint16_t port() const noexcept { return port_; }

  void expect(std::function<bool(std::string_view)> is_answer) {
    const std::lock_guard lock(mutex_);
    is_answer_ = std::move(is_answer);
  }
  /// Whether the query ends the waiting.
  bool offer(std::string_view query) {
    const std::lock_guard lock(mutex_);
    if (over_ || !is_answer_ || !is_answer_(query)) return false;
    over_ = true;
    answer_ = std::string(query);
    return true;
  }
  /// What was taken is handed on.
  void deliver() {
    const std::lock_guard lock(mutex_);
    done.set(Outcome(answer_));
  }
  void fail(std::string why) {
    const std::lock_guard lock(mutex_);
    if (over_) return;
    over_ = true;
    done.set(Outcome(Error(std::move(why))));
  }
  bool over() {
    const std::lock_guard lock(mutex_);
    return over_;
  }
  /// On the waiting side only; the answer to the browser is out by then.
  void close() { servers_.clear(); }

  const OneShot<Outcome> done;

 private:
  Result<std::unique_ptr<HttpServer>> start(const std::string& address, std::uint16_t port) {
    auto server = std::make_unique<HttpServer>(server_options(address, port));
    const std::string host = address.find(':') == std::string::npos ? address : "[" + address + "]";
    HttpServer* const raw = server.get();
    server->route_prefix("/", [this, raw, host](HttpExchange exchange) { answer(exchange, *raw, host); });
    server->on_stopped([weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->deliver();
    });
    auto started = server->start();
    if (!started) return started.error();
    return server;
  }

  void answer(HttpExchange& exchange, HttpServer& server, const std::string& host) {
    const HttpRequest& request = exchange.request();
    if (request.verb() != HttpMethod::get) return show(exchange, 405, "Not allowed", "This address takes GET only.");
    const bool for_us = request.header_count(KnownHeader::host) == 1 &&
                        request.header(KnownHeader::host) == host + ":" + std::to_string(server.port());
    if (!for_us) return show(exchange, 400, "Not for this address", "The request names another host.");
    if (request.path() != path_) return show(exchange, 404, "Nothing here", "There is no such page.");
    if (!offer(request.query()))
      return show(exchange, 400, "Not the expected answer",
                  "This is not the answer to the sign-in that is under way. The program goes on waiting.");
    show(exchange, 200, "Your answer has arrived", "You can close this page and go back to the program.");
    // The door is closed at once; who waits hears of it when this page is on its way.
    server.stop();
  }

  const std::string path_;
  std::string redirect_uri_;
  std::uint16_t port_ = 0;
  bool has_ipv4_ = false;
  bool has_ipv6_ = false;
  std::mutex mutex_;
  std::function<bool(std::string_view)> is_answer_;
  bool over_ = false;
  std::string answer_;
  std::vector<std::unique_ptr<HttpServer>> servers_;
};

LoopbackListener::LoopbackListener(SendPerson send, LoopbackOptions options)
    : send_(std::move(send)), options_(std::move(options)) {
  if (!options_.path_.starts_with('/')) throw std::invalid_argument("the path of a redirect URI begins with a slash");
}

LoopbackListener::~LoopbackListener() = default;

Result<std::shared_ptr<LoopbackListener::Attempt>> LoopbackListener::listen(std::uint16_t port) {
  auto attempt = std::make_shared<Attempt>(options_.path_);
  const auto opened = attempt->open(port);
  if (!opened) return Error("No loopback address can be listened on.", opened.error().message());
  attempt->name(*opened, options_.prefer_ipv6_);
  const std::lock_guard lock(mutex_);
  attempt_ = attempt;
  return attempt;
}

Task<Result<std::string>> LoopbackListener::prepare() {
  const auto listening = listen(options_.port_);
  if (!listening) co_return Result<std::string>(listening.error());
  co_return Result<std::string>((*listening)->redirect_uri());
}

Task<Result<std::string>> LoopbackListener::visit(std::string url,
                                                  std::function<bool(std::string_view query)> is_answer) {
  using Outcome = Result<std::string>;
  std::shared_ptr<Attempt> attempt;
  {
    const std::lock_guard lock(mutex_);
    attempt = attempt_;
  }
  if (!attempt) throw std::logic_error("visit() before prepare()");
  if (attempt->over()) {
    // A second visit for the same redirect URI.
    const std::uint16_t port = attempt->port();
    const auto again = listen(port);
    if (!again) co_return Outcome(again.error());
    attempt = *again;
  }
  struct Closing {
    Attempt& attempt;
    ~Closing() {
      attempt.fail("The sign-in was given up.");
      attempt.close();
    }
  };
  const Closing closing{*attempt};
  attempt->expect(std::move(is_answer));
  Task<Result<void>> sending = send_(std::move(url));
  const auto sent = co_await std::move(sending);
  if (!sent) co_return Outcome(sent.error());

  detail::RunState* const run = co_await CurrentRun();
  struct Timer {
    Executor& executor;
    Executor::TimerId id;
    ~Timer() { executor.cancel_timer(id); }
  };
  const auto give_up = [attempt] { attempt->fail("Nobody finished signing in in time."); };
  const Timer timer{run->executor(), run->executor().start_timer(options_.patience_, give_up)};
  Outcome outcome = co_await attempt->done;
  co_return std::move(outcome);
}

bool LoopbackListener::take(std::string_view address) {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!address.empty() && blank(address.front())) address.remove_prefix(1);
  while (!address.empty() && blank(address.back())) address.remove_suffix(1);
  std::shared_ptr<Attempt> attempt;
  {
    const std::lock_guard lock(mutex_);
    attempt = attempt_;
  }
  if (!attempt || address.size() > most_header_bytes || !address.starts_with(attempt->redirect_uri())) return false;
  address.remove_prefix(attempt->redirect_uri().size());
  if (!address.starts_with('?')) return false;
  const std::string_view query = address.substr(1, address.find('#') - 1);
  if (!attempt->offer(query)) return false;
  attempt->deliver();
  return true;
}

void LoopbackListener::cancel() {
  std::shared_ptr<Attempt> attempt;
  {
    const std::lock_guard lock(mutex_);
    attempt = attempt_;
  }
  if (attempt) attempt->fail("The sign-in was cancelled.");
}

}  // namespace leanmcp::inline v0
