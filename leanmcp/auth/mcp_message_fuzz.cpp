// A conversation with a server that has some of everything: each line is a message, the first byte says which revision
// and who speaks. Whatever comes, a request gets at most one answer, of its own id and well formed; what waits for a
// person ends with its cancellation; and a protected tool is never called.
#include <leanmcp/auth/authenticated.hpp>
#include <leanmcp/auth/static_keys.hpp>

#include <leanmcp/base/manual_executor.hpp>
#include <leanmcp/json/parse.hpp>
#include <leanmcp/protocol/message.hpp>
#include <leanmcp/server/engine.hpp>
#include <leanmcp/server/server.hpp>

#include <boost/describe.hpp>
#include <boost/json.hpp>

#include <cstdint>
#include <cstdlib>

using namespace leanmcp;

namespace {

/// RFC 7515, appendix A.3.1: the public half.
constexpr const char* one_key = R"({"keys":[{"kty":"EC","crv":"P-256","use":"sig","alg":"ES256","kid":"1",
  "x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]})";

struct Place {
  std::string city;
  std::optional<int> number;
};
BOOST_DESCRIBE_STRUCT(Place, (), (city, number))
struct Order {
  std::string item;
  int quantity = 1;
  std::vector<Place> to;
  std::map<std::string, double> prices;
};
BOOST_DESCRIBE_STRUCT(Order, (), (item, quantity, to, prices))
struct Topic {
  std::string about;
};
BOOST_DESCRIBE_STRUCT(Topic, (), (about))

void require(bool good) {
  if (!good) std::abort();
}

class Sink final : public RequestSink {
 public:
  Sink(std::shared_ptr<ManualExecutor> executor, std::string id) : executor_(std::move(executor)), id_(std::move(id)) {}
  Executor& executor() noexcept override { return *executor_; }
  void notify(std::string text) override { look(text); }
  void ask(std::string text) override { look(text); }
  void respond(Reply reply) override {
    require(!answered);
    answered = true;
    const json::value message = look(reply.body);
    const json::object& answer = message.get_object();
    require(answer.contains("result") != answer.contains("error"));
    require(json_text(answer.at("id")) == id_);
  }
  void on_cancel(std::function<void()> cancelled) override { cancel = std::move(cancelled); }

  bool answered = false;
  std::function<void()> cancel;

 private:
  static json::value look(const std::string& text) {
    boost::system::error_code failed;
    json::value message = json::parse(text, failed);
    require(!failed && message.is_object() && message.get_object().at("jsonrpc") == "2.0");
    return message;
  }
  const std::shared_ptr<ManualExecutor> executor_;
  const std::string id_;
};

struct World {
  Server server{"fuzz", "1", ServerOptions().workers(1)};
  std::shared_ptr<Engine> engine;

  World() {
    const auto provider = static_keys(StaticKeysOptions("https://id.example", "fuzz", one_key));
    require(provider->init().has_value());
    server
        .tool(
            "order", [](const Order& order) { return order; }, nonblocking(),
            field<&Order::quantity>("How many", min(1), max(99)))
        .tool("ask",
              [](Context& ctx) -> Task<std::string> {
                Task<Answer<Topic>> asking = ctx.elicit<Topic>("topic", "About what?");
                const Answer<Topic> answer = co_await std::move(asking);
                co_return answer ? answer->about : std::string("nothing");
              })
        .tool("sleep",
              [](Context& ctx) -> Task<std::string> {
                ctx.progress(1, 2);
                co_await sleep_for(std::chrono::hours(1));
                co_return "slept";
              })
        .tool(
            "kept", []() -> std::string { std::abort(); }, nonblocking(), authenticated(provider));
    engine = server.engine();
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static World world;
  if (size < 2) return 0;
  constexpr std::array versions{Version::v2025_03_26, Version::v2025_06_18, Version::v2025_11_25, Version::v2026_07_28};
  const Version version = versions[data[0] % versions.size()];
  const auto executor = std::make_shared<ManualExecutor>();
  const auto session = std::make_shared<Session>("", world.engine->now());
  std::vector<std::pair<std::shared_ptr<Sink>, json::value>> open;
  std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  while (!rest.empty() && open.size() < 16) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    auto parsed = parse_json(line, ParseLimits());
    if (!parsed) continue;
    open.emplace_back(nullptr, std::move(*parsed));
    const Message message = classify(open.back().second);
    RequestInfo info;
    info.channel = Channel::stdio;
    info.session = session;
    info.version = version;
    if (data[0] & 8) info.credentials.ambient_token = Secret("a.b.c");
    if (!is_modern(version)) {
      info.capabilities = session->client().capabilities;
      info.client = session->client().info;
      if (session->initialized()) info.version = session->client().version;
    }
    if (const auto* const note = std::get_if<NotificationMessage>(&message)) {
      world.engine->notification(*note, info);
    } else if (const auto* const response = std::get_if<ResponseMessage>(&message)) {
      world.engine->response(*response, *session);
    } else if (const auto* const request = std::get_if<RequestMessage>(&message)) {
      const auto sink = std::make_shared<Sink>(executor, request->id);
      open.back().first = sink;
      if (is_modern(version) && read_modern_meta(request->params, info)) continue;
      world.engine->request(sink, *request, std::move(info));
    }
    executor->run();
  }
  for (const auto& [sink, message] : open) {
    if (!sink || sink->answered || !sink->cancel) continue;
    const auto cancel = std::exchange(sink->cancel, nullptr);
    cancel();
    executor->run();
  }
  session->close();
  executor->advance(std::chrono::hours(2));
  while (executor->run() != 0) continue;
  return 0;
}
