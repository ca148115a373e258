#pragma once

#include <leanmcp/client/blocking_client.hpp>
#include <leanmcp/http/server.hpp>
#include <leanmcp/json/parse.hpp>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>

namespace leanmcp::inline v0::detail {

/// A server of 2025-11-25 that does what the test says: `initialize` gives a session, notifications are taken, GET has
/// no stream; everything else, and what a test sets, is the test's. Counts what came by method.
class ScriptedMcp {
 public:
  using Handler = std::function<void(HttpExchange exchange, const std::string& id)>;

  /// `port` 0 is any free one.
  explicit ScriptedMcp(std::uint16_t port = 0)
      : server_(HttpServerOptions().stop_time(std::chrono::milliseconds(200)).port(port)) {
    on("initialize", [this](HttpExchange exchange, const std::string& id) {
      respond(std::move(exchange), id,
              R"({"protocolVersion":"2025-11-25","capabilities":{},"serverInfo":{"name":"s","version":"1"}})",
              {{"Mcp-Session-Id", "s" + std::to_string(count("initialize"))}});
    });
    on("GET", [](HttpExchange exchange, const std::string&) { exchange.respond(405, "", ""); });
    on("DELETE", [](HttpExchange exchange, const std::string&) { exchange.respond(200, "", ""); });
    server_.route_any("/mcp", [this](HttpExchange exchange) { handle(std::move(exchange)); });
  }
  ~ScriptedMcp() {
    server_.stop();
    server_.wait();
  }

  /// By the JSON-RPC method, or the HTTP method of what has none. On the server's thread.
  void on(const std::string& method, Handler handler) { handlers_[method] = std::move(handler); }
  std::string start() {
    EXPECT_TRUE(server_.start());
    return "http://127.0.0.1:" + std::to_string(server_.port()) + "/mcp";
  }
  std::uint16_t port() const { return server_.port(); }
  int count(const std::string& method) {
    const std::lock_guard lock(mutex_);
    return counts_[method];
  }
  /// Waits until that many came; false when they do not.
  bool wait_for(const std::string& method, int many) {
    for (int i = 0; i < 6'000 && count(method) < many; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    return count(method) >= many;
  }

  /// Leaves the request open for as long as the client wants it.
  void keep(HttpExchange exchange) {
    const std::lock_guard lock(mutex_);
    kept_.push_back(std::move(exchange));
  }

  static void respond(HttpExchange exchange, const std::string& id, const std::string& result,
                      const HttpHeaders& headers = {}) {
    exchange.respond(200, "application/json", R"({"jsonrpc":"2.0","id":)" + id + ",\"result\":" + result + "}",
                     headers);
  }
  static std::string text_result(const std::string& text) {
    return R"({"content":[{"type":"text","text":")" + text + R"("}]})";
  }

 private:
  void handle(HttpExchange exchange) {
    std::string method(exchange.request().method());
    std::string id;
    if (method == "POST") {
      const auto message = parse_json(exchange.request().body(), ParseLimits());
      const json::object* const object = message ? message->if_object() : nullptr;
      const json::value* const name = object ? object->if_contains("method") : nullptr;
      if (name) method = std::string(name->get_string());
      if (object && object->contains("id")) id = json::serialize(object->at("id"));
    }
    {
      const std::lock_guard lock(mutex_);
      ++counts_[method];
    }
    const auto found = handlers_.find(method);
    if (found != handlers_.end()) return found->second(std::move(exchange), id);
    if (id.empty() || method == "POST") return exchange.respond(202, "", "");
    respond(std::move(exchange), id, R"({"tools":[]})");
  }

  std::vector<HttpExchange> kept_;
  HttpServer server_;
  std::map<std::string, Handler> handlers_;
  std::mutex mutex_;
  std::map<std::string, int> counts_;
};

inline ClientOptions legacy_client() {
  return ClientOptions().versions({Version::v2025_11_25}).look_up_tools(false).listen_stream(false);
}

}  // namespace leanmcp::inline v0::detail
