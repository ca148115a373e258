#pragma once

#include <leanmcp/base/clock.hpp>
#include <leanmcp/base/result.hpp>
#include <leanmcp/json/fwd.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace leanmcp::inline v0 {

/// A question put to the client in the middle of a call: one request of `elicitation/create`,
/// `sampling/createMessage` or `roots/list`.
struct Question {
  std::string key;
  std::string method;
  std::string params;  ///< JSON text
  bool with_tools = false;  ///< of sampling: needs the client's `sampling.tools`
};

/// The memory of one logical call over all its rounds: answers given so far, results recorded by `once`, the time and
/// the random seed of the first round. On the modern era it travels sealed in `requestState` and the handler runs again
/// from the top each round (2026-07-28, Multi Round-Trip Requests); on the legacy era it lives as long as the run.
///
/// A state machine over values: no I/O, no clock of its own. Not thread-safe; belongs to its call.
class Rounds {
 public:
  struct Limits {
    std::size_t questions = 64;
    std::size_t state_bytes = 64 * 1024;
    std::size_t once_bytes = 16 * 1024;
  };
  /// What binds a state to its call; all of it is compared when a state comes back.
  struct Binding {
    std::string principal_key;
    std::string method;
    std::string name;
    std::string arguments_digest;
    std::string audience;
  };

  explicit Rounds(TimePoint now) : Rounds(now, Limits()) {}
  Rounds(TimePoint now, Limits limits);

  /// Takes the answers that came with this round; looked at only when a question asks for them.
  void offer(const json::object& responses);

  /// The answer's JSON text when the question was answered before with the same words, or is answered in this round by
  /// something that `fits`. Otherwise the question is noted as pending. Throws std::logic_error when a key is put twice
  /// in one run: a key names one question.
  std::optional<std::string> answer(const Question& question,
                                    bool (*fits)(std::string_view method, const json::value&));
  /// Records the answer that came over an open stream (legacy era).
  void record(const Question& question, std::string answer_json);
  /// Takes the key's answer back, because it was read and found wrong.
  void reject(const std::string& key, std::string reason);
  /// How often answers to the key were rejected, in all rounds, and why the last one was.
  int rejections(const std::string& key) const;
  std::string rejection_reason(const std::string& key) const;

  /// The recorded result of `once`, or nullptr.
  const std::string* recorded(const std::string& key) const;
  /// False when the result is too large to carry along.
  bool remember(const std::string& key, std::string result_json);

  /// What is known of one wait for something elsewhere, over all rounds.
  struct Wait {
    int rounds = 0;    ///< that were waited through
    TimePoint began;   ///< the first look
    int outcome = -1;  ///< how it ended, as the waiter numbers it; -1 while it goes on
  };
  /// The wait of this name, begun now if it is new. Throws std::logic_error when a key is used twice in one run.
  Wait& wait(const std::string& key, TimePoint now);
  /// The run ends with nothing but a state: the client is to come again.
  void pause() noexcept { paused_ = true; }
  bool paused() const noexcept { return paused_; }

  const std::vector<Question>& pending() const noexcept { return pending_; }
  /// Forgets what this run asked, before the handler runs again from the top.
  void start_again();

  TimePoint now() const noexcept { return started_; }
  /// The next value of the call's own random sequence: the same values in the same order in each round.
  std::uint64_t next_random();
  /// Stable over all rounds of the logical call.
  const std::string& id() const noexcept { return id_; }

  /// JSON text to seal: everything above and the binding, valid until `expires`.
  std::string save(const Binding& binding, TimePoint expires) const;
  /// The inverse; an Error whose detail says why (log only). The caller answers every failure alike.
  static Result<Rounds> restore(std::string_view text, const Binding& binding, TimePoint now, Limits limits);

 private:
  struct Answered {
    std::string pin;
    std::string json;
  };
  struct Rejected {
    int count = 0;
    std::string reason;
  };
  static std::string pin(const Question& question);
  /// Notes the use of a key in this run; a second use is the author's mistake.
  void use_key(const std::string& key);

  Limits limits_;
  TimePoint started_;
  std::string id_;
  std::uint64_t seed_ = 0;
  std::uint64_t random_state_ = 0;
  std::map<std::string, Answered> answered_;
  std::map<std::string, std::string> once_;
  std::map<std::string, Rejected> rejected_;
  std::map<std::string, Wait> waits_;
  std::map<std::string, std::string> offered_;
  std::set<std::string> asked_;
  std::vector<Question> pending_;
  bool paused_ = false;
};

}  // namespace leanmcp::inline v0
