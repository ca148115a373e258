#pragma once

#include <leanmcp/server/request.hpp>
#include <leanmcp/server/session.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace leanmcp::inline v0 {

/// What a listener of the modern era asked for (2026-07-28, Subscriptions, Notification Filter).
struct SubscriptionFilter {
  bool tools = false;
  bool prompts = false;
  bool resources = false;
  bool by_uri = false;  ///< resources were named, if only by an empty list
  std::vector<std::string> uris;
  /// For each of these the registration whose gate the listener passed; 0 for none (`Registry::gate_before`).
  std::vector<std::uint64_t> passed;
  /// Of these, what the listener is told nothing of.
  std::set<std::string, std::less<>> muted;
  /// Some of the resources are protected: the listener is told of nothing from then on (Unix seconds). 0 for never.
  long long until = 0;
};

/// Who hears of changes: listening requests of the modern era, sessions of the legacy one. Thread-safe.
class Subscriptions {
 public:
  enum class Change { tools, prompts, resources };

  /// Adds a listening request; its id is JSON text. The number is for `remove` and `end`. 0 when there are too many.
  /// `channel`: on stdio, where requests have no stream of their own that could end, what carries the word that it has
  /// ended; else null.
  std::uint64_t add(std::shared_ptr<RequestSink> sink, std::string request_id, SubscriptionFilter filter,
                    std::shared_ptr<Session> channel);
  /// By what number the channel knows the request in flight.
  void set_tracked(std::uint64_t number, std::uint64_t tracked);
  /// The client has ended it: not a word more. On the sink's executor.
  void remove(std::uint64_t number);
  /// The server ends it, with `closing` as its answer. On the sink's executor.
  void end(std::uint64_t number, std::string closing);
  std::size_t listeners() const;

  /// Sessions are held weakly.
  void add_session(const std::shared_ptr<Session>& session);

  void list_changed(Change change);
  /// `gate` stands before the resource now, 0 for none: only who passed it hears of the change.
  void resource_updated(std::string_view uri, TimePoint now, std::uint64_t gate);
  /// Ends the listening requests that name a resource whose gate of now they have not passed: they come back and are
  /// asked who they are.
  void end_outdated(const std::function<std::uint64_t(const std::string& uri)>& gate,
                    const std::function<std::string(std::string_view id)>& closing);
  /// Ends every listening request with `closing` rendered for its id.
  void close_all(const std::function<std::string(std::string_view id)>& closing);

 private:
  struct Listener {
    std::shared_ptr<RequestSink> sink;
    std::string id;
    SubscriptionFilter filter;
    std::shared_ptr<Session> channel;
    /// Used on the sink's executor only: what is on its way to a listener that has left is dropped.
    std::shared_ptr<bool> ended = std::make_shared<bool>(false);
    std::uint64_t tracked = 0;
    /// What sending takes, without a thousand URIs.
    Listener without_filter() const { return Listener{sink, id, {}, channel, ended, tracked}; }
  };
  static void send(const std::vector<Listener>& to, std::string_view method, std::string_view members);
  static void close(const Listener& listener, std::string closing);
  static void close_later(const std::vector<Listener>& listeners,
                          const std::function<std::string(std::string_view id)>& closing);
  std::vector<std::shared_ptr<Session>> live_sessions();

  mutable std::mutex mutex_;
  std::uint64_t last_ = 0;
  std::map<std::uint64_t, Listener> listeners_;
  std::vector<std::weak_ptr<Session>> sessions_;
};

}  // namespace leanmcp::inline v0
