#include <leanmcp/client/blocking_client.hpp>

#include <leanmcp/base/event_loop.hpp>

#include <stdexcept>
#include <thread>

namespace leanmcp::inline v0 {

struct BlockingClient::Thread {
  Thread() : runner([this] { loop.run(); }) {}
  Thread(const Thread&) = delete;
  Thread& operator=(const Thread&) = delete;
  ~Thread() {
    if (client) {
      std::promise<void> left;
      loop.post([this, &left] {
        spawn(loop, client->close(), [this, &left](RunOutcome<void>) {
          client.reset();
          // What closing has posted is to run before the loop stops.
          loop.post([&left] { left.set_value(); });
        });
      });
      left.get_future().wait();
    }
    loop.stop();
    runner.join();
  }

  EventLoop loop;
  std::optional<Client> client;
  std::thread runner;
};

BlockingClient::BlockingClient(std::unique_ptr<Thread> thread)
    : thread_(std::move(thread)), description_(std::make_shared<const ServerDescription>(thread_->client->server())) {}
BlockingClient::BlockingClient(BlockingClient&&) noexcept = default;
BlockingClient& BlockingClient::operator=(BlockingClient&&) noexcept = default;
BlockingClient::~BlockingClient() = default;

Executor& BlockingClient::executor() { return thread_->loop; }

template <class Target>
ClientResult<BlockingClient> BlockingClient::begin(Target target, ClientOptions options) {
  auto thread = std::make_unique<Thread>();
  std::promise<std::optional<ClientError>> connected;
  thread->loop.post([&] {
    auto done = [&](RunOutcome<ClientResult<Client>> outcome) {
      if (!outcome.value) {
        connected.set_value(ClientError(ClientCause::unauthenticated, "a handler failed while connecting"));
      } else if (!*outcome.value) {
        connected.set_value(outcome.value->error());
      } else {
        thread->client.emplace(std::move(**outcome.value));
        connected.set_value(std::nullopt);
      }
    };
    spawn(thread->loop, Client::connect(std::move(target), std::move(options)), std::move(done));
  });
  const auto error = connected.get_future().get();
  if (error) return *error;
  return BlockingClient(std::move(thread));
}

ClientResult<BlockingClient> BlockingClient::connect(std::string url, ClientOptions options) {
  return begin(std::move(url), std::move(options));
}
ClientResult<BlockingClient> BlockingClient::connect(StdioCommand command, ClientOptions options) {
  return begin(std::move(command), std::move(options));
}

void BlockingClient::on_thread(const std::function<void(Client&, std::function<void()>)>& work) {
  if (thread_->loop.in_this_thread()) throw std::logic_error("a handler must not wait for its own client");
  std::promise<void> finished;
  thread_->loop.post([&] { work(*thread_->client, [&finished] { finished.set_value(); }); });
  finished.get_future().wait();
}

}  // namespace leanmcp::inline v0
