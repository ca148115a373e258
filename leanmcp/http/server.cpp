#include <leanmcp/http/server.hpp>

#include <leanmcp/http/acceptor.hpp>
#include <leanmcp/http/metrics.hpp>
#include <leanmcp/http/tls_context.hpp>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <stdexcept>
#include <thread>

namespace leanmcp::inline v0 {

using detail::Acceptor;
using detail::AccessRules;
using detail::LoopStats;
using detail::ServerCounts;
using detail::ServerLoop;
using detail::ServerShared;

/// Kept alive by the loops' callbacks; the server proper is gone once `end` was called.
class HttpServer::Core : public std::enable_shared_from_this<Core> {
 public:
  Core(HttpServerOptions given, EventLoop* loop) : options(std::move(given)), callers_loop(loop) {}

  Result<void> start();
  void stop();
  void wait();
  void end();

  HttpServerOptions options;
  EventLoop* const callers_loop;
  detail::Router router;
  std::function<void()> shutdown_hook;
  std::function<void()> stopped_hook;
  std::atomic<std::uint16_t> port{0};
  std::shared_ptr<ServerShared> shared;
  bool started = false;

 private:
  void run_thread(EventLoop& loop);
  void loop_drained();
  void register_metrics();
  template <class Work>
  void on_loop(ServerLoop& loop, Work work) {
    // Not EventLoop::post: this must also run while a loop is being closed.
    boost::asio::post(loop.context(), std::move(work));
  }

  std::vector<std::shared_ptr<ServerLoop>> loops_;
  std::vector<std::shared_ptr<EventLoop>> own_loops_;
  std::shared_ptr<Acceptor> acceptor_;
  std::vector<std::thread> threads_;
  std::atomic<bool> stop_asked_{false};
  std::atomic<std::size_t> loops_left_{0};
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopped_ = false;
};

Result<void> HttpServer::Core::start() {
  if (started) throw std::logic_error("an HttpServer starts once");
  boost::system::error_code failed;
  const auto address = boost::asio::ip::make_address(options.bind_address, failed);
  if (failed) return Error("\"" + options.bind_address + "\" is no IP address to listen on");
  auto rules = AccessRules::make(options, address.is_loopback());
  if (!rules) return rules.error();
  // Offsets into a request are 32 bits wide.
  options.most_body_bytes = std::min<std::size_t>(options.most_body_bytes, std::size_t{1} << 31);
  options.most_header_bytes = std::min<std::size_t>(options.most_header_bytes, std::size_t{1} << 24);
  options.most_header_fields = std::min<std::size_t>(options.most_header_fields, 10'000);
  const std::size_t wanted = options.loops == 0 ? std::thread::hardware_concurrency() : options.loops;
  const std::size_t count = callers_loop ? 1 : std::max<std::size_t>(wanted, 1);
  HttpServerOptions without_metrics = options;
  without_metrics.registry.reset();
  auto made = std::make_shared<ServerShared>(std::move(without_metrics), std::move(*rules), count);
  if (!options.certificate_file.empty()) {
    auto tls = detail::make_tls_context(options.certificate_file, options.private_key_file);
    if (!tls) return tls.error();
    made->tls.emplace(std::move(*tls));
  }
  std::vector<std::shared_ptr<EventLoop>> events;
  if (callers_loop) {
    events.push_back(std::shared_ptr<EventLoop>(std::shared_ptr<EventLoop>(), callers_loop));
  } else {
    for (std::size_t i = 0; i < count; ++i) events.push_back(std::make_shared<EventLoop>());
  }
  std::vector<std::shared_ptr<ServerLoop>> loops;
  for (std::size_t i = 0; i < count; ++i)
    loops.push_back(std::make_shared<ServerLoop>(events[i], made, i, [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->loop_drained();
    }));
  auto acceptor = std::make_shared<Acceptor>(made, loops);
  const auto bound = acceptor->listen();
  if (!bound) return bound.error();

  made->router = std::move(router);
  shared = std::move(made);
  loops_ = std::move(loops);
  acceptor_ = std::move(acceptor);
  loops_left_ = loops_.size();
  port = *bound;
  started = true;
  register_metrics();
  on_loop(*loops_.front(), [a = acceptor_] { a->accept(); });
  if (callers_loop) return {};
  own_loops_ = std::move(events);
  for (const auto& loop : own_loops_) threads_.emplace_back([this, loop] { run_thread(*loop); });
  return {};
}

void HttpServer::Core::run_thread(EventLoop& loop) {
  for (;;) {
    try {
      loop.run();
      return;
    } catch (const std::exception& bug) {
      options.log.error("a callback on a server's loop threw", {{"what", bug.what()}});
    } catch (...) {
      options.log.error("a callback on a server's loop threw");
    }
  }
}

void HttpServer::Core::stop() {
  if (!started || stop_asked_.exchange(true)) return;
  on_loop(*loops_.front(), [self = shared_from_this()] {
    // The server may be gone from a caller's loop before this runs.
    if (!self->acceptor_) return;
    self->acceptor_->close();
    self->shared->stopping = true;
    // The others first hear of it after the hook has ended the streams it knows.
    if (self->shutdown_hook) self->shutdown_hook();
    for (const auto& loop : self->loops_) self->on_loop(*loop, [loop] { loop->begin_stop(); });
  });
}

void HttpServer::Core::loop_drained() {
  if (--loops_left_ != 0) return;
  // Taken out first: the hook may destroy the server.
  const std::function<void()> hook = std::exchange(stopped_hook, nullptr);
  if (hook && stop_asked_) hook();
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  changed_.notify_all();
}

void HttpServer::Core::wait() {
  if (!started) return;
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return stopped_; });
}

void HttpServer::Core::end() {
  if (!started) return;
  if (callers_loop) {
    acceptor_->close();
    for (const auto& loop : loops_) loop->close_all();
  } else {
    for (const auto& loop : loops_)
      on_loop(*loop, [loop, a = acceptor_, first = loop == loops_.front()] {
        if (first) a->close();
        loop->close_all();
        // Behind what closing has posted: those who are told of it still run on the loop.
        boost::asio::post(loop->context(), [loop] { loop->events().stop(); });
      });
    for (auto& thread : threads_) thread.join();
    for (const auto& loop : own_loops_) loop->internal().close();
  }
  // Breaks the circle of the acceptor's last callback, should it never run.
  loops_.clear();
  acceptor_.reset();
}

void HttpServer::Core::register_metrics() {
  if (!options.registry) return;
  using Kind = Metrics::Kind;
  Metrics& metrics = *options.registry;
  const std::shared_ptr<ServerCounts> counts = shared->counts;
  const auto sum = [counts](auto read) {
    return [counts, read] {
      double value = 0;
      for (const LoopStats& stats : counts->by_loop) value += static_cast<double>(read(stats));
      return value;
    };
  };
  for (std::size_t kind = 2; kind <= 5; ++kind)
    metrics.collect(Kind::counter, "http_requests", "Requests answered, by class of status.",
                    {{"status", std::to_string(kind) + "xx"}},
                    sum([kind](const LoopStats& stats) { return stats.answers[kind].value(); }));
  metrics.collect(Kind::counter, "http_received_bytes", "Bytes read from connections.", {},
                  sum([](const LoopStats& stats) { return stats.bytes_in.value(); }));
  metrics.collect(Kind::counter, "http_sent_bytes", "Bytes written to connections.", {},
                  sum([](const LoopStats& stats) { return stats.bytes_out.value(); }));
  metrics.collect(Kind::counter, "http_cut_off", "Connections ended because their peer reads too slowly.", {},
                  sum([](const LoopStats& stats) { return stats.cut_off.value(); }));
  metrics.collect(Kind::gauge, "http_connections", "Open connections.", {},
                  [counts] { return static_cast<double>(counts->connections); });
  metrics.collect(Kind::counter, "http_refused_connections", "Connections over the limits.", {},
                  [counts] { return static_cast<double>(counts->refused); });
  metrics.collect(Kind::gauge, "http_in_flight", "Requests whose answer has not begun.", {},
                  [counts] { return static_cast<double>(counts->in_flight); });
}

HttpServer::HttpServer(HttpServerOptions options) : core_(std::make_shared<Core>(std::move(options), nullptr)) {}
HttpServer::HttpServer(HttpServerOptions options, EventLoop& loop)
    : core_(std::make_shared<Core>(std::move(options), &loop)) {}
HttpServer::~HttpServer() { core_->end(); }

void HttpServer::route(HttpMethod method, std::string path, HttpHandler handler) {
  core_->router.set(core_->router.add(std::move(path), false), method, std::move(handler));
}

void HttpServer::route_any(std::string path, HttpHandler handler) {
  route(HttpMethod::other, std::move(path), std::move(handler));
}

void HttpServer::route_prefix(HttpMethod method, std::string prefix, HttpHandler handler) {
  core_->router.set(core_->router.add(std::move(prefix), true), method, std::move(handler));
}

void HttpServer::route_prefix(std::string prefix, HttpHandler handler) {
  route_prefix(HttpMethod::other, std::move(prefix), std::move(handler));
}

void HttpServer::route_origins(std::string path, RouteOrigins origins) {
  const bool is_prefix = path.ends_with('/');
  core_->router.add(std::move(path), is_prefix).origins = origins;
}

void HttpServer::route_health(std::string path) {
  detail::Route& route = core_->router.add(std::move(path), false);
  route.any_host = true;
  core_->router.set(route, HttpMethod::get, [core = std::weak_ptr<Core>(core_)](HttpExchange exchange) {
    const auto self = core.lock();
    const bool up = self && !self->shared->stopping;
    exchange.respond(up ? 200 : 503, "text/plain; charset=utf-8", up ? "ok" : "stopping");
  });
}

void HttpServer::on_shutdown(std::function<void()> hook) { core_->shutdown_hook = std::move(hook); }
void HttpServer::on_stopped(std::function<void()> hook) { core_->stopped_hook = std::move(hook); }

Result<void> HttpServer::start() { return core_->start(); }

Result<void> HttpServer::run() {
  auto started = start();
  if (started) wait();
  return started;
}

void HttpServer::stop() { core_->stop(); }
void HttpServer::wait() { core_->wait(); }
std::uint16_t HttpServer::port() const noexcept { return core_->port; }
std::size_t HttpServer::connections() const noexcept {
  return core_->shared ? core_->shared->counts->connections.load() : 0;
}

}  // namespace leanmcp::inline v0
