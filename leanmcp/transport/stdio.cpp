#include <leanmcp/transport/stdio.hpp>

#include <leanmcp/base/event_loop.hpp>
#include <leanmcp/json/parse.hpp>
#include <leanmcp/protocol/codes.hpp>
#include <leanmcp/server/engine.hpp>
#include <leanmcp/transport/one_line.hpp>

#include <boost/json.hpp>

#include <csignal>
#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

namespace leanmcp::inline v0 {

namespace {

constexpr std::chrono::milliseconds grace = std::chrono::seconds(2);

/// Keeps a client that stopped reading from ending the process by a signal: calls in flight, and what is shielded in
/// them, are to come to their own end. The signal is blocked for this thread, and taken back if the write has raised
/// it.
class WithoutPipeSignal {
 public:
  WithoutPipeSignal() noexcept {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    sigset_t pending;
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  WithoutPipeSignal(const WithoutPipeSignal&) = delete;
  WithoutPipeSignal& operator=(const WithoutPipeSignal&) = delete;
  ~WithoutPipeSignal() {
    constexpr timespec at_once{0, 0};
    if (raised && !was_pending_)
      while (sigtimedwait(&pipe_, nullptr, &at_once) < 0 && errno == EINTR) continue;
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  bool raised = false;

 private:
  sigset_t pipe_;
  sigset_t before_;
  bool was_pending_ = false;
};

/// One writer for the shared output: whole lines, in order, from any thread. Writing blocks the caller when the client
/// does not read, which is the back-pressure there is on a pipe.
class Output final : public Session::Stream {
 public:
  explicit Output(int descriptor) : descriptor_(descriptor) {}
  void send(std::string message) override {
    detail::make_one_line(message);
    message += '\n';
    const std::lock_guard lock(mutex_);
    WithoutPipeSignal without;
    std::string_view rest = message;
    while (!rest.empty() && !broken_) {
      const ssize_t n = ::write(descriptor_, rest.data(), rest.size());
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) {
        without.raised = n < 0 && errno == EPIPE;
        broken_ = true;
        return;
      }
      rest.remove_prefix(static_cast<std::size_t>(n));
    }
  }
  void close() override {}

 private:
  const int descriptor_;
  std::mutex mutex_;
  bool broken_ = false;
};

/// Counts requests in flight, so that the end of input can wait for their answers.
class InFlight {
 public:
  void begin() { ++count_; }
  void end() {
    const std::lock_guard lock(mutex_);
    --count_;
    changed_.notify_all();
  }
  void wait(std::chrono::milliseconds limit) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, limit, [this] { return count_ == 0; });
  }

 private:
  std::atomic<int> count_{0};
  std::mutex mutex_;
  std::condition_variable changed_;
};

/// What was read and not looked at yet. A client that sends faster than it is served, or does not read its answers,
/// waits here.
class Backlog {
 public:
  void add(std::size_t bytes) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return bytes_ < most_bytes; });
    bytes_ += bytes;
  }
  void remove(std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    bytes_ -= bytes;
    changed_.notify_all();
  }

 private:
  static constexpr std::size_t most_bytes = 64 * 1024 * 1024;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t bytes_ = 0;
};

class StdioSink final : public RequestSink {
 public:
  StdioSink(std::shared_ptr<EventLoop> loop, std::shared_ptr<Output> output, std::shared_ptr<InFlight> in_flight,
            json::value message)
      : message(std::move(message)),
        loop_(std::move(loop)),
        output_(std::move(output)),
        in_flight_(std::move(in_flight)) {
    in_flight_->begin();
  }
  ~StdioSink() override { in_flight_->end(); }
  Executor& executor() noexcept override { return *loop_; }
  void notify(std::string text) override {
    if (!answered_) output_->send(std::move(text));
  }
  void ask(std::string text) override { notify(std::move(text)); }
  void respond(Reply reply) override {
    if (!std::exchange(answered_, true)) output_->send(std::move(reply.body));
  }
  void on_cancel(std::function<void()>) override {}

  const json::value message;

 private:
  // Shared: a worker may still post to it when the server is gone.
  std::shared_ptr<EventLoop> loop_;
  std::shared_ptr<Output> output_;
  std::shared_ptr<InFlight> in_flight_;
  bool answered_ = false;
};

/// Everything of one stdio client. Lines are handled on the loop's thread.
class StdioServer {
 public:
  StdioServer(Server& server, const StdioOptions& options)
      : engine_(server.engine()), options_(options), output_(std::make_shared<Output>(options.output)) {
    session_ = std::make_shared<Session>("", engine_->now());
    session_->set_stream(output_);
  }

  int run() {
    std::thread loop([this] { run_loop(); });
    read_lines();
    loop_->post([this] {
      engine_->shutdown();
      // Who would answer is gone.
      session_->end_questions();
    });
    in_flight_->wait(grace);
    loop_->post([this] {
      session_->close();
      loop_->post([this] { loop_->stop(); });
    });
    loop.join();
    return 0;
  }

 private:
  void run_loop() {
    for (;;) {
      try {
        return loop_->run();
      } catch (const std::exception& bug) {
        engine_->logger().error("a callback on the loop threw", {{"what", bug.what()}});
      } catch (...) {
        engine_->logger().error("a callback on the loop threw");
      }
    }
  }

  void read_lines() {
    std::string buffer;
    char chunk[64 * 1024];
    bool skipping = false;
    for (;;) {
      const ssize_t n = ::read(options_.input, chunk, sizeof chunk);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) {
        // The last line may have been left without its end.
        if (!skipping) hand_over(std::move(buffer));
        return;
      }
      std::string_view rest(chunk, static_cast<std::size_t>(n));
      for (auto end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
        if (!skipping) {
          buffer.append(rest.substr(0, end));
          hand_over(std::exchange(buffer, {}));
        }
        skipping = false;
        rest.remove_prefix(end + 1);
      }
      if (skipping) continue;
      buffer.append(rest);
      if (buffer.size() > options_.most_line_bytes) {
        // The rest of the line is read and dropped; the client learns of it and the next line counts again.
        buffer.clear();
        skipping = true;
        output_->send(render_error({}, code::invalid_request, "Message too large"));
      }
    }
  }

  void hand_over(std::string line) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) return;
    // A line counts as in flight from here on: the input may end before the loop has come to it.
    in_flight_->begin();
    backlog_.add(line.size());
    loop_->post([this, line = std::move(line)] {
      handle(line);
      backlog_.remove(line.size());
      in_flight_->end();
    });
  }

  void handle(const std::string& line) {
    auto parsed = parse_json(line, ParseLimits(), json::storage_ptr());
    if (!parsed) return output_->send(render_error({}, code::parse_error, "Parse error"));
    auto sink = std::make_shared<StdioSink>(loop_, output_, in_flight_, std::move(*parsed));
    if (sink->message.is_array()) return batch(sink);
    dispatch(sink);
  }

  void batch(const std::shared_ptr<StdioSink>& sink) {
    const json::array& items = sink->message.get_array();
    if (session_->client().version != Version::v2025_03_26 || items.empty() || items.size() > most_batch)
      return output_->send(render_error({}, code::invalid_request, "Invalid request: no batches here"));
    // Each answer is sent on its own line as it comes; JSON-RPC 2.0, section 6, leaves that open for streams.
    for (const json::value& item : items) dispatch(std::make_shared<StdioSink>(loop_, output_, in_flight_, item));
  }

  void dispatch(const std::shared_ptr<StdioSink>& sink) {
    const Message message = classify(sink->message);
    RequestInfo info;
    info.channel = Channel::stdio;
    info.session = session_;
    info.credentials.ambient_token = options_.ambient_token;
    if (const auto* const request = std::get_if<RequestMessage>(&message)) {
      if (modern_version_of(request->params)) {
        if (const auto error = read_modern_meta(request->params, info))
          return output_->send(render_error(request->id, error->code, error->message, error->data));
      } else if (request->method != "initialize" && request->method != "ping" && !session_->initialized()) {
        const bool modern_only = request->method == "server/discover" || request->method == "subscriptions/listen";
        return output_->send(render_error(request->id, code::invalid_params,
                                          modern_only ? "Invalid params: _meta is missing"
                                                      : "Not initialized: begin with initialize, or send _meta"));
      } else {
        const Session::Client client = session_->client();
        info.version = client.version;
        info.capabilities = client.capabilities;
        info.client = client.info;
      }
      return engine_->request(sink, *request, std::move(info));
    }
    if (const auto* const note = std::get_if<NotificationMessage>(&message)) return engine_->notification(*note, info);
    if (const auto* const response = std::get_if<ResponseMessage>(&message))
      return engine_->response(*response, *session_);
    const auto& invalid = std::get<InvalidMessage>(message);
    output_->send(render_error(invalid.id, code::invalid_request, "Invalid request: " + invalid.reason));
  }

  static constexpr std::size_t most_batch = 100;
  std::shared_ptr<Engine> engine_;
  const StdioOptions options_;
  std::shared_ptr<Output> output_;
  std::shared_ptr<Session> session_;
  Backlog backlog_;
  std::shared_ptr<InFlight> in_flight_ = std::make_shared<InFlight>();
  std::shared_ptr<EventLoop> loop_ = std::make_shared<EventLoop>();
};

}  // namespace

int serve_stdio(Server& server, StdioOptions options) {
  const auto built = server.build();
  if (!built) {
    server.engine()->logger().error("the server cannot be built", {{"reason", built.error().message()}});
    return 1;
  }
  return StdioServer(server, options).run();
}

int serve_stdio(Server& server) { return serve_stdio(server, StdioOptions()); }

}  // namespace leanmcp::inline v0
