#pragma once

#include <leanmcp/base/clock.hpp>
#include <leanmcp/base/log.hpp>
#include <leanmcp/server/context.hpp>
#include <leanmcp/server/entry.hpp>
#include <leanmcp/server/signature.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace leanmcp::inline v0 {

class Engine;
class KeyRing;
class Server;

/// How a server behaves; each call refines and returns the same object.
class ServerOptions {
 public:
  ServerOptions();
  ServerOptions(const ServerOptions&);
  ServerOptions& operator=(const ServerOptions&);
  ~ServerOptions();

  /// Guidance for the model on how to use the server.
  ServerOptions& instructions(std::string text);
  ServerOptions& title(std::string text);
  /// The server's own page, an http or https URL.
  ServerOptions& website(std::string url);
  /// JSON text of an array of icons (2026-07-28, Overview, icons), with https: or data:image/ sources.
  /// `Server::build()` refuses anything else.
  ServerOptions& icons(std::string json_array);
  /// Entries a page of a list; 0 for all at once.
  ServerOptions& page_size(std::size_t entries);
  /// How long clients may keep lists (2026-07-28, Caching).
  ServerOptions& list_ttl(std::chrono::milliseconds ttl);
  /// Keys for what travels through the client, shared by all instances. Without them a random one is made, and retries
  /// need the same process.
  ServerOptions& state_keys(KeyRing keys);
  /// The server's own name in what it seals; usually its public URL.
  ServerOptions& state_audience(std::string audience);
  ServerOptions& state_lifetime(std::chrono::milliseconds lifetime);
  /// How long a question may wait for a person (legacy era).
  ServerOptions& human_wait(std::chrono::milliseconds limit);
  /// How many calls of one caller may wait for a person at the same time.
  ServerOptions& human_waits_per_caller(std::size_t most);
  /// How long a call may take besides waiting for people; 0 for no limit.
  ServerOptions& call_timeout(std::chrono::milliseconds limit);
  /// Threads for plain functions, and how many calls may wait for one.
  ServerOptions& workers(unsigned threads, std::size_t queue = 1'000);
  /// Calls that run or wait at the same time, of all callers; what is over is told to try again. 10,000 by default.
  ServerOptions& max_calls(std::size_t most);
  ServerOptions& logger(Logger logger);
  ServerOptions& clock(std::shared_ptr<const Clock> clock);
  /// Test mode: after every answered question the handler runs again from the top, on every era.
  ServerOptions& force_replay(bool on = true);

  struct Data;
  const Data& data() const noexcept { return *data_; }

 private:
  std::unique_ptr<Data> data_;
};

/// The tools of one object, with decorators that hold for all of them. Made by `Server::service`; used in one chain.
template <class S>
class Service {
 public:
  Service(Server& server, std::shared_ptr<S> object, std::vector<Decorator> decorators)
      : server_(server), object_(std::move(object)), decorators_(std::move(decorators)) {}

  template <class M, class... D>
  Service& tool(std::string name, M method, D&&... decorators);
  template <class M, class... D>
  Service& prompt(std::string name, M method, D&&... decorators);
  template <class M, class... D>
  Service& resource(std::string uri, std::string name, M method, D&&... decorators);
  template <class M, class... D>
  Service& resource_template(std::string uri_template, std::string name, M method, D&&... decorators);

 private:
  template <class... D>
  std::vector<Decorator> joined(D&&... decorators) const {
    std::vector<Decorator> all = decorators_;
    all.push_back(detail::end_of_service());
    (all.push_back(Decorator(std::forward<D>(decorators))), ...);
    return all;
  }
  Server& server_;
  std::shared_ptr<S> object_;
  std::vector<Decorator> decorators_;
};

/// An MCP server: what can be called, and by whom. Register, `build()`, then give it to a transport.
///
/// Registration is not thread-safe; a built server is. Registering more and calling `build()` again while it serves
/// replaces the whole registry at once; calls in flight keep the one they began with, and clients hear
/// `list_changed`. The server must outlive its transports.
class Server {
 public:
  Server(std::string name, std::string version) : Server(std::move(name), std::move(version), ServerOptions()) {}
  Server(std::string name, std::string version, ServerOptions options);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server();

  /// Parameters of `f` are found by type: the input struct, `const Principal&`, `const AuthUser&`, `Context&`,
  /// `std::stop_token`. A plain `f` runs on the worker pool; one that returns a Task runs on an event loop.
  template <class F, class... D>
  Server& tool(std::string name, F f, D&&... decorators) {
    add(EntryKind::tool, std::move(name), {}, detail::handler_of<detail::AsTool>(std::move(f)),
        list(std::forward<D>(decorators)...));
    return *this;
  }
  /// A tool whose JSON Schema (2020-12, as text) is known only at run time; `f` takes `const json::value&`, already
  /// validated, and whatever a typed tool may take. `output_schema` may be empty.
  template <class F, class... D>
  Server& raw_tool(std::string name, std::string input_schema, std::string output_schema, F f, D&&... decorators) {
    add_raw(std::move(name), std::move(input_schema), std::move(output_schema),
            detail::handler_of<detail::AsTool>(std::move(f)), list(std::forward<D>(decorators)...));
    return *this;
  }
  /// The input struct's fields are the prompt's arguments. On the wire they are strings; numbers and booleans are read
  /// from them.
  template <class F, class... D>
  Server& prompt(std::string name, F f, D&&... decorators) {
    add(EntryKind::prompt, std::move(name), {}, detail::handler_of<detail::AsPrompt>(std::move(f)),
        list(std::forward<D>(decorators)...));
    return *this;
  }
  template <class F, class... D>
  Server& resource(std::string uri, std::string name, F f, D&&... decorators) {
    add(EntryKind::resource, std::move(name), std::move(uri), detail::handler_of<detail::AsResource>(std::move(f)),
        list(std::forward<D>(decorators)...));
    return *this;
  }
  /// `{name}` in the template takes one path segment, `{+name}` any text (RFC 6570, levels 1 and 2); the values are the
  /// input struct's fields, read as a prompt's are.
  template <class F, class... D>
  Server& resource_template(std::string uri_template, std::string name, F f, D&&... decorators) {
    add(EntryKind::resource_template, std::move(name), std::move(uri_template),
        detail::handler_of<detail::AsResource>(std::move(f)), list(std::forward<D>(decorators)...));
    return *this;
  }

  /// Methods of `object`, which must outlive the server and is called from many threads at once.
  template <class S, class... D>
  Service<S> service(S& object, D&&... decorators) {
    return Service<S>(*this, std::shared_ptr<S>(std::shared_ptr<S>(), &object), list(std::forward<D>(decorators)...));
  }
  template <class S, class... D>
  Service<S> service(std::shared_ptr<S> object, D&&... decorators) {
    return Service<S>(*this, std::move(object), list(std::forward<D>(decorators)...));
  }

  /// Takes an entry out again; holds from the next `build()` on.
  Server& remove(EntryKind kind, std::string_view name_or_uri);

  /// Checks all that was registered and makes it live. The error names the entry and what is wrong with it.
  Result<void> build();

  /// Tells subscribers of the resource. From any thread.
  void resource_updated(std::string_view uri);

  /// What the transports talk to. Built on first use.
  const std::shared_ptr<Engine>& engine() const noexcept { return engine_; }
  const std::string& name() const noexcept { return name_; }
  const ServerOptions& options() const noexcept { return options_; }

  /// For `Service` and for decorating code that has its own front: registers an erased handler.
  void add(EntryKind kind, std::string name, std::string uri, Handler handler, std::vector<Decorator> decorators);
  void add_raw(std::string name, std::string input_schema, std::string output_schema, Handler handler,
               std::vector<Decorator> decorators);

 private:
  template <class... D>
  static std::vector<Decorator> list(D&&... decorators) {
    std::vector<Decorator> all;
    all.reserve(sizeof...(D));
    (all.push_back(Decorator(std::forward<D>(decorators))), ...);
    return all;
  }
  struct Drafts;
  std::string name_;
  ServerOptions options_;
  std::shared_ptr<Drafts> drafts_;
  std::shared_ptr<Engine> engine_;
};

template <class S>
template <class M, class... D>
Service<S>& Service<S>::tool(std::string name, M method, D&&... decorators) {
  server_.add(EntryKind::tool, std::move(name), {}, detail::method_handler<detail::AsTool>(object_, method),
              joined(std::forward<D>(decorators)...));
  return *this;
}
template <class S>
template <class M, class... D>
Service<S>& Service<S>::prompt(std::string name, M method, D&&... decorators) {
  server_.add(EntryKind::prompt, std::move(name), {}, detail::method_handler<detail::AsPrompt>(object_, method),
              joined(std::forward<D>(decorators)...));
  return *this;
}
template <class S>
template <class M, class... D>
Service<S>& Service<S>::resource(std::string uri, std::string name, M method, D&&... decorators) {
  server_.add(EntryKind::resource, std::move(name), std::move(uri),
              detail::method_handler<detail::AsResource>(object_, method), joined(std::forward<D>(decorators)...));
  return *this;
}
template <class S>
template <class M, class... D>
Service<S>& Service<S>::resource_template(std::string uri_template, std::string name, M method, D&&... decorators) {
  server_.add(EntryKind::resource_template, std::move(name), std::move(uri_template),
              detail::method_handler<detail::AsResource>(object_, method), joined(std::forward<D>(decorators)...));
  return *this;
}

}  // namespace leanmcp::inline v0
