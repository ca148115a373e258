#pragma once

#include <leanmcp/base/clock.hpp>
#include <leanmcp/base/result.hpp>
#include <leanmcp/server/request.hpp>

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

namespace leanmcp::inline v0 {

struct Entry;

/// One client of the legacy era, from `initialize` on; on stdio also the process-wide list of what is in flight.
/// Thread-safe: its requests may come in over several connections and loops.
class Session : public std::enable_shared_from_this<Session> {
 public:
  /// `id` is what `Mcp-Session-Id` carries; empty on stdio.
  Session(std::string id, TimePoint now);
  ~Session();

  const std::string& id() const noexcept { return id_; }

  struct Client {
    Version version = newest_legacy_version;
    ClientCapabilities capabilities;
    ClientInfo info;
  };
  void initialize(Client client);
  bool initialized() const;
  Client client() const;

  void set_log_level(int level) noexcept { log_level_ = level; }
  /// -1 until the client set one.
  int log_level() const noexcept { return log_level_; }

  void touch(TimePoint now) noexcept { last_used_ = now.time_since_epoch().count(); }
  TimePoint last_used() const noexcept { return TimePoint(std::chrono::milliseconds(last_used_.load())); }

  /// The session belongs to the first principal that uses it; false for anyone else. `gate` authenticates as that first
  /// use did; `by_header`: its token came in the header, so that every later request can carry one too.
  bool bind(const std::string& principal_key, const std::shared_ptr<const Entry>& gate = nullptr,
            bool by_header = false);
  std::string principal_key() const;
  /// Null while the session belongs to nobody.
  std::shared_ptr<const Entry> gate() const;
  bool bound_by_header() const;
  /// A token of the principal was seen that is good until then (Unix seconds, 0 for ever): what the principal
  /// subscribed to goes on.
  void note_token(const std::string& principal_key, long long expires_at);

  /// Sends a request of ours through `send` and calls `answered` with the client's answer (as JSON text of `result`),
  /// or with nullopt when it answered with an error or the session ended. Gives the request's id as JSON text; an empty
  /// one when nothing can be asked any more. The id cannot be guessed: an answer may come without a token, and only who
  /// was shown the question can give one.
  using Answered = std::function<void(std::optional<std::string> result_json)>;
  std::string ask(std::string_view method, std::string_view params, const std::function<void(std::string)>& send,
                  Answered answered);
  /// The asker no longer waits; whether the question was still open.
  bool forget_question(const std::string& id_json);
  /// Nobody can answer any more: what is asked, now and from now on, stays without an answer.
  void end_questions();
  /// The client's answer to a request of ours; false when nothing waits for it.
  bool answer(std::string_view id_json, std::optional<std::string> result_json);

  /// Registers a request in flight for `notifications/cancelled` and the session's end. The number is for `untrack`; 0
  /// when too many are in flight, or the session has ended. Requests of one id are cancelled together.
  std::uint64_t track(const std::string& id, std::function<void()> cancel);
  void untrack(std::uint64_t number);
  void cancel(const std::string& id);

  /// False when there are too many. `gate`: the registration whose gate was passed, 0 for none.
  bool subscribe(std::string uri, std::uint64_t gate);
  /// To what only this principal may read: told while a token of it is good.
  bool subscribe(std::string uri, std::uint64_t gate, const Principal& principal);
  void unsubscribe(const std::string& uri);
  /// Whether it is told of changes while `gate` stands before the resource.
  bool subscribed(const std::string& uri, TimePoint now, std::uint64_t gate) const;
  std::size_t subscriptions() const;

  /// Where messages go that belong to no request (the GET stream, or stdout). Kept weakly.
  class Stream {
   public:
    virtual ~Stream() = default;
    /// From any thread.
    virtual void send(std::string message) = 0;
    virtual void close() = 0;
    /// Somebody reads it now.
    virtual bool live() const { return true; }
  };
  void set_stream(std::shared_ptr<Stream> stream);
  void clear_stream(const Stream* stream);
  std::shared_ptr<Stream> stream() const;
  /// To the general stream if there is one.
  void send(std::string message);

  /// What a transport keeps with the session, such as its resumable streams.
  void attach(std::shared_ptr<void> attachment);
  std::shared_ptr<void> attachment() const;

  /// Ends all waiting questions and what is in flight; the session is of no use afterwards.
  void close();
  bool closed() const;
  /// Requests are in flight or its stream is being read: it is in use, however long ago the last request came.
  bool busy() const;

 private:
  struct InFlight {
    std::string id;
    std::function<void()> cancel;
  };
  struct Subscribed {
    std::string principal;  ///< its key; empty for an open resource
    std::uint64_t gate = 0;
  };
  const std::string id_;
  mutable std::mutex mutex_;
  bool initialized_ = false;
  bool closed_ = false;
  bool questions_over_ = false;
  Client client_;
  std::string principal_key_;
  std::map<std::string, Answered, std::less<>> questions_;  // by id as JSON text
  std::uint64_t last_tracked_ = 0;
  std::map<std::uint64_t, InFlight> in_flight_;
  std::shared_ptr<const Entry> gate_;
  bool bound_by_header_ = false;
  std::unordered_map<std::string, Subscribed> subscriptions_;   ///< by URI
  std::unordered_map<std::string, long long> token_until_;      ///< of principals that subscribed
  std::shared_ptr<Stream> stream_;
  std::shared_ptr<void> attachment_;
  std::atomic<int> log_level_{-1};
  std::atomic<std::int64_t> last_used_;
};

}  // namespace leanmcp::inline v0
