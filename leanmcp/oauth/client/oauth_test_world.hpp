#pragma once

#include <leanmcp/base/event_loop.hpp>
#include <leanmcp/base/task.hpp>
#include <leanmcp/http/client_test_server.hpp>
#include <leanmcp/oauth/client/form.hpp>
#include <leanmcp/oauth/client/oauth_client.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <set>

namespace leanmcp::inline v0::detail {

/// A request as a double received it.
struct SeenRequest {
  std::string method;
  std::string path;
  std::string query;
  std::string head;
  std::string body;

  std::string header(const std::string& name) const {
    const std::size_t at = head.find("\r\n" + name + ": ");
    if (at == std::string::npos) return {};
    const std::size_t from = at + name.size() + 4;
    return head.substr(from, head.find("\r\n", from) - from);
  }
  /// A field of the form in the body; empty when it is not there.
  std::string field(std::string_view name) const {
    const auto form = decode_form(body);
    if (!form) return {};
    for (const auto& [key, value] : *form)
      if (key == name) return value;
    return {};
  }
};

/// A server on loopback that answers by path and remembers all it was sent.
class OAuthDouble {
 public:
  using Answer = ScriptedServer::Answer;
  using Handler = std::function<Answer(const SeenRequest&)>;

  OAuthDouble() : server_([this](const std::string& bytes) { return take(bytes); }) {}

  std::string origin() const { return "http://127.0.0.1:" + std::to_string(server_.port()); }
  void on(const std::string& path, Handler handler) {
    const std::lock_guard lock(mutex_);
    handlers_[path] = std::move(handler);
  }
  void remove(const std::string& path) {
    const std::lock_guard lock(mutex_);
    handlers_.erase(path);
  }
  std::vector<SeenRequest> seen(std::string_view path = {}) const {
    const std::lock_guard lock(mutex_);
    std::vector<SeenRequest> out;
    for (const SeenRequest& request : seen_)
      if (path.empty() || request.path == path) out.push_back(request);
    return out;
  }
  std::size_t count(std::string_view path) const { return seen(path).size(); }
  /// Whether the text was in anything that was sent here.
  bool was_told(const std::string& text) const {
    for (const SeenRequest& request : seen())
      if ((request.path + "?" + request.query + request.head + request.body).find(text) != std::string::npos)
        return true;
    return false;
  }

 private:
  Answer take(const std::string& bytes) {
    SeenRequest request;
    const std::size_t line = bytes.find("\r\n");
    const std::size_t end = bytes.find("\r\n\r\n");
    const std::size_t first = bytes.find(' ');
    request.method = bytes.substr(0, first);
    const std::string target = bytes.substr(first + 1, bytes.find(' ', first + 1) - first - 1);
    request.path = target.substr(0, target.find('?'));
    if (request.path.size() < target.size()) request.query = target.substr(request.path.size() + 1);
    request.head = bytes.substr(line, end + 2 - line);
    request.body = bytes.substr(end + 4);
    Handler handler;
    {
      const std::lock_guard lock(mutex_);
      seen_.push_back(request);
      const auto found = handlers_.find(request.path);
      if (found != handlers_.end()) handler = found->second;
    }
    return handler ? handler(request) : Answer{"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"};
  }

  mutable std::mutex mutex_;
  std::map<std::string, Handler> handlers_;
  std::vector<SeenRequest> seen_;
  ScriptedServer server_;
};

inline OAuthDouble::Answer answer(int status, const std::string& body, const std::string& more = {}) {
  return {"HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Type: application/json\r\nContent-Length: " +
          std::to_string(body.size()) + "\r\n" + more + "\r\n" + body};
}
inline OAuthDouble::Handler always(int status, const std::string& body, const std::string& more = {}) {
  return [=](const SeenRequest&) { return answer(status, body, more); };
}
/// `{"a":"b"}` written as `{'a':'b'}`.
inline std::string json_of(std::string text) {
  for (char& c : text)
    if (c == '\'') c = '"';
  return text;
}

/// Stands for the person and the browser.
class ScriptedBrowser final : public AuthorizationBrowser {
 public:
  /// From the URL that is opened to the query that comes back.
  using Person = std::function<Result<std::string>(const std::string& url)>;
  explicit ScriptedBrowser(Person person) : person(std::move(person)) {}

  Task<Result<std::string>> prepare() override {
    Result<std::string> copy(redirect_uri);
    co_return std::move(copy);
  }
  Task<Result<std::string>> visit(std::string url, std::function<bool(std::string_view)> is_answer) override {
    urls.push_back(url);
    auto query = person(url);
    if (query && !is_answer(*query)) query = Error("an answer to another request");
    co_return std::move(query);
  }

  Person person;
  std::string redirect_uri = "http://127.0.0.1:4711/callback";
  std::vector<std::string> urls;
};

/// What a program is asked for a secret of its own with.
inline std::function<Task<Result<Secret>>()> secret(std::string text) {
  return [text]() -> Task<Result<Secret>> { co_return Result<Secret>(Secret(text)); };
}

/// A parameter of a URL's query, decoded; empty when it is not there.
inline std::string parameter(const std::string& url, std::string_view name) {
  const auto form = decode_form(std::string_view(url).substr(url.find('?') + 1));
  if (!form) return {};
  for (const auto& [key, value] : *form)
    if (key == name) return value;
  return {};
}

/// An authorization server that agrees to everything: tokens `at-1`, `rt-1`, then `at-2`, `rt-2`, … Access tokens live
/// for an hour; a refresh token is taken once.
class AgreeableServer : public OAuthDouble {
 public:
  explicit AgreeableServer(const std::string& more_metadata = {}) {
    metadata(more_metadata);
    on("/register", [this](const SeenRequest&) {
      return answer(201, json_of("{'client_id':'registered-" + std::to_string(++registered_) + "'}"));
    });
    on("/token", [this](const SeenRequest& request) { return give(request); });
    on("/revoke", always(200, ""));
  }
  /// `more` is further members: `,"a":1`.
  void metadata(const std::string& more) {
    on("/.well-known/oauth-authorization-server",
       always(200, json_of("{'issuer':'" + origin() + "','authorization_endpoint':'" + origin() +
                           "/authorize','token_endpoint':'" + origin() + "/token','registration_endpoint':'" +
                           origin() + "/register','revocation_endpoint':'" + origin() +
                           "/revoke','code_challenge_methods_supported':['S256']" + more + "}")));
  }
  Answer give(const SeenRequest& request) {
    const std::lock_guard lock(mutex_);
    const std::string old = request.field("refresh_token");
    if (!old.empty() && !used_.insert(old).second) return answer(400, json_of("{'error':'invalid_grant'}"));
    const std::string number = std::to_string(++given_);
    std::string body = "{'access_token':'at-" + number + "','token_type':'Bearer','expires_in':3600";
    if (refreshable) body += ",'refresh_token':'rt-" + number + "'";
    return answer(200, json_of(body + "}"));
  }
  /// Requests at the token endpoint with this grant type.
  std::size_t grants(std::string_view type) const {
    std::size_t out = 0;
    for (const SeenRequest& request : seen("/token")) out += request.field("grant_type") == type;
    return out;
  }
  std::atomic<bool> refreshable = true;

 private:
  std::mutex mutex_;
  std::set<std::string> used_;
  int given_ = 0;
  std::atomic<int> registered_ = 0;
};

/// An MCP server, its authorization server, and what a client has: everything but the client itself.
class OAuthWorld {
 public:
  OAuthWorld() : browser(std::make_shared<ScriptedBrowser>([](const std::string& url) { return agree(url); })) {
    protect_with(as);
  }

  std::string mcp_url() const { return rs.origin() + "/mcp"; }
  void protect_with(const OAuthDouble& server, const std::string& more = {}) {
    rs.on("/.well-known/oauth-protected-resource/mcp",
          always(200, json_of("{'resource':'" + mcp_url() + "','authorization_servers':['" + server.origin() + "']" +
                              more + "}")));
  }
  OAuthClientOptions options() {
    OAuthClientOptions out;
    out.store(store).clock(clock).browser(browser);
    return out;
  }
  std::shared_ptr<OAuthClient> client(OAuthClientOptions options) {
    return std::make_shared<OAuthClient>(mcp_url(), std::move(options), http);
  }
  std::shared_ptr<OAuthClient> client() { return client(options()); }

  /// The redirect of a person who agrees.
  static Result<std::string> agree(const std::string& url) {
    return "code=the-code&state=" + encode_form_text(parameter(url, "state"));
  }

  /// Runs all side by side to their ends; a minute at most. An exception of a task comes out here.
  template <class T>
  std::vector<T> run(std::vector<Task<T>> tasks) {
    std::vector<std::optional<T>> values(tasks.size());
    std::exception_ptr exception;
    std::size_t left = tasks.size();
    loop.post([&] {
      for (std::size_t i = 0; i < tasks.size(); ++i) {
        auto done = [&, i](RunOutcome<T> outcome) {
          values[i] = std::move(outcome.value);
          if (outcome.exception) exception = outcome.exception;
          if (--left == 0) loop.stop();
        };
        spawn(loop, std::move(tasks[i]), done);
      }
    });
    bool late = false;
    const auto watch = loop.start_timer(std::chrono::minutes(1), [&] {
      late = true;
      loop.stop();
    });
    loop.run();
    loop.cancel_timer(watch);
    if (exception) std::rethrow_exception(exception);
    if (late) throw std::runtime_error("still waiting after a minute");
    std::vector<T> out;
    for (auto& value : values) out.push_back(std::move(value.value()));
    return out;
  }
  template <class T>
  T run(Task<T> task) {
    std::vector<Task<T>> tasks;
    tasks.push_back(std::move(task));
    return std::move(run(std::move(tasks)).front());
  }

  /// The access token that a request to the MCP endpoint would go with; empty for none.
  std::string token_of(OAuthClient& client, const std::string& url) {
    const auto given = run(client.credentials(AuthRequest("POST", url)));
    return given ? std::string(given->token.reveal()) : "failed: " + given.error().message();
  }
  std::string token_of(OAuthClient& client) { return token_of(client, mcp_url()); }

  /// What the MCP server says to a request with this token.
  AuthChallenge challenge(int status, const std::string& www_authenticate = "Bearer",
                          const std::string& token = {}) const {
    AuthChallenge out;
    out.token = Secret(token);
    out.status = status;
    out.method = "POST";
    out.url = mcp_url();
    out.www_authenticate = www_authenticate;
    return out;
  }

  /// The MCP server refuses the token that the client has now; what comes of it.
  Result<bool> refuse(OAuthClient& client, int status = 401, const std::string& www_authenticate = "Bearer") {
    const std::string token = token_of(client);
    return run(client.challenged(challenge(status, www_authenticate, token)));
  }

  OAuthDouble rs;
  AgreeableServer as;
  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  std::shared_ptr<MemoryTokenStore> store = std::make_shared<MemoryTokenStore>();
  std::shared_ptr<ScriptedBrowser> browser;
  std::shared_ptr<HttpClient> http = std::make_shared<HttpClient>();
  EventLoop loop;
};

}  // namespace leanmcp::inline v0::detail
