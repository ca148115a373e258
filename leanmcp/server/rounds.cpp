#include <leanmcp/server/rounds.hpp>

#include <leanmcp/json/parse.hpp>
#include <leanmcp/base/encoding.hpp>
#include <leanmcp/base/random.hpp>
#include <leanmcp/crypto/digest.hpp>
#include <leanmcp/protocol/message.hpp>

#include <boost/json.hpp>

#include <cstring>
#include <stdexcept>

namespace leanmcp::inline v0 {

namespace {

constexpr std::int64_t state_format = 1;

std::uint64_t splitmix(std::uint64_t& state) {
  std::uint64_t z = (state += 0x9e3779b97f4a7c15ULL);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

Error refuse(std::string why) { return Error("invalid requestState", std::move(why)); }

std::string_view text(const json::object& object, std::string_view key) {
  const json::value* const value = object.if_contains(key);
  if (!value || !value->is_string()) return {};
  return value->get_string();
}

}  // namespace

Rounds::Rounds(TimePoint now, Limits limits) : limits_(limits), started_(now), id_(random_id()) {
  unsigned char bytes[8];
  random_bytes(bytes);
  std::memcpy(&seed_, bytes, sizeof seed_);
  random_state_ = seed_;
}

void Rounds::offer(const json::object& responses) {
  for (const auto& [key, value] : responses) {
    if (offered_.size() >= limits_.questions) return;
    offered_.emplace(key, json_text(value));
  }
}

std::string Rounds::pin(const Question& question) {
  std::string all = question.method;
  all += '\n';
  all += question.params;
  return base64url_encode(sha256(all)).substr(0, 16);
}

void Rounds::use_key(const std::string& key) {
  if (!asked_.insert(key).second)
    throw std::logic_error("the question key '" + key + "' was used twice in one run; a key names one question");
  if (asked_.size() > limits_.questions)
    throw std::logic_error("more than " + std::to_string(limits_.questions) + " questions in one call");
}

Rounds::Wait& Rounds::wait(const std::string& key, TimePoint now) {
  use_key(key);
  return waits_.try_emplace(key, Wait{0, now, -1}).first->second;
}

std::optional<std::string> Rounds::answer(const Question& question,
                                          bool (*fits)(std::string_view method, const json::value&)) {
  use_key(question.key);
  const std::string pinned = pin(question);
  if (const auto known = answered_.find(question.key); known != answered_.end()) {
    if (known->second.pin == pinned) return known->second.json;
    answered_.erase(known);
  }
  if (const auto offered = offered_.find(question.key); offered != offered_.end()) {
    const std::string json = std::move(offered->second);
    offered_.erase(offered);
    if (fits(question.method, parse_known(json))) {
      answered_[question.key] = Answered{pinned, json};
      return json;
    }
  }
  pending_.push_back(question);
  return std::nullopt;
}

void Rounds::record(const Question& question, std::string answer_json) {
  answered_[question.key] = Answered{pin(question), std::move(answer_json)};
  std::erase_if(pending_, [&](const Question& q) { return q.key == question.key; });
}

void Rounds::reject(const std::string& key, std::string reason) {
  answered_.erase(key);
  asked_.erase(key);
  Rejected& rejected = rejected_[key];
  ++rejected.count;
  rejected.reason = std::move(reason);
}

int Rounds::rejections(const std::string& key) const {
  const auto found = rejected_.find(key);
  return found == rejected_.end() ? 0 : found->second.count;
}

std::string Rounds::rejection_reason(const std::string& key) const {
  const auto found = rejected_.find(key);
  return found == rejected_.end() ? std::string() : found->second.reason;
}

const std::string* Rounds::recorded(const std::string& key) const {
  const auto found = once_.find(key);
  return found == once_.end() ? nullptr : &found->second;
}

bool Rounds::remember(const std::string& key, std::string result_json) {
  std::size_t total = result_json.size();
  for (const auto& [name, value] : once_) total += value.size();
  if (total > limits_.once_bytes) return false;
  once_[key] = std::move(result_json);
  return true;
}

void Rounds::start_again() {
  asked_.clear();
  pending_.clear();
  paused_ = false;
  random_state_ = seed_;
}

std::uint64_t Rounds::next_random() { return splitmix(random_state_); }

std::string Rounds::save(const Binding& binding, TimePoint expires) const {
  json::object out;
  out["v"] = state_format;
  out["p"] = binding.principal_key;
  out["m"] = binding.method;
  out["n"] = binding.name;
  out["d"] = binding.arguments_digest;
  out["a"] = binding.audience;
  out["x"] = expires.time_since_epoch().count();
  out["i"] = id_;
  out["t"] = started_.time_since_epoch().count();
  out["s"] = seed_;
  json::object answers;
  for (const auto& [key, value] : answered_) answers[key] = json::array{value.pin, value.json};
  out["q"] = std::move(answers);
  json::object once;
  for (const auto& [key, value] : once_) once[key] = value;
  out["o"] = std::move(once);
  json::object rejected;
  for (const auto& [key, value] : rejected_) rejected[key] = json::array{value.count, value.reason};
  out["r"] = std::move(rejected);
  json::object waits;
  for (const auto& [key, wait] : waits_)
    waits[key] = json::array{wait.rounds, wait.began.time_since_epoch().count(), wait.outcome};
  out["w"] = std::move(waits);
  return json_text(out);
}

Result<Rounds> Rounds::restore(std::string_view state, const Binding& binding, TimePoint now, Limits limits) {
  if (state.size() > limits.state_bytes) return refuse("state too large");
  const auto value = parse_json(state, ParseLimits());
  if (!value || !value->is_object()) return refuse("state is not an object");
  const json::object& in = value->get_object();
  const auto number = [&](std::string_view key) -> std::int64_t {
    const json::value* const v = in.if_contains(key);
    return v && v->is_int64() ? v->get_int64() : -1;
  };
  if (number("v") != state_format) return refuse("state of another format");
  if (number("x") < now.time_since_epoch().count()) return refuse("state expired");
  if (text(in, "p") != binding.principal_key) return refuse("state of another principal");
  if (text(in, "m") != binding.method || text(in, "n") != binding.name)
    return refuse("state of another method or name");
  if (text(in, "d") != binding.arguments_digest) return refuse("state of other arguments");
  if (text(in, "a") != binding.audience) return refuse("state of another server");
  Rounds rounds{TimePoint(std::chrono::milliseconds(number("t"))), limits};
  rounds.id_ = text(in, "i");
  if (const json::value* const seed = in.if_contains("s"); seed && seed->is_number())
    rounds.seed_ = seed->to_number<std::uint64_t>();
  rounds.random_state_ = rounds.seed_;
  if (const json::value* const q = in.if_contains("q"); q && q->is_object()) {
    for (const auto& [key, pair] : q->get_object()) {
      const json::array* const both = pair.if_array();
      if (!both || both->size() != 2 || !(*both)[0].is_string() || !(*both)[1].is_string())
        return refuse("state with a broken answer");
      rounds.answered_[key] = Answered{std::string((*both)[0].get_string()), std::string((*both)[1].get_string())};
    }
  }
  if (const json::value* const o = in.if_contains("o"); o && o->is_object()) {
    for (const auto& [key, v] : o->get_object())
      if (v.is_string()) rounds.once_[key] = std::string(v.get_string());
  }
  if (const json::value* const r = in.if_contains("r"); r && r->is_object()) {
    for (const auto& [key, v] : r->get_object()) {
      const json::array* const both = v.if_array();
      if (!both || both->size() != 2 || !(*both)[0].is_int64() || !(*both)[1].is_string())
        return refuse("state with a broken rejection");
      rounds.rejected_[key] = Rejected{static_cast<int>((*both)[0].get_int64()), std::string((*both)[1].get_string())};
    }
  }
  if (const json::value* const w = in.if_contains("w"); w && w->is_object()) {
    for (const auto& [key, v] : w->get_object()) {
      const json::array* const all = v.if_array();
      if (!all || all->size() != 3 || !(*all)[0].is_int64() || !(*all)[1].is_int64() || !(*all)[2].is_int64())
        return refuse("state with a broken wait");
      rounds.waits_[key] =
          Wait{static_cast<int>((*all)[0].get_int64()), TimePoint(std::chrono::milliseconds((*all)[1].get_int64())),
               static_cast<int>((*all)[2].get_int64())};
    }
  }
  return rounds;
}

}  // namespace leanmcp::inline v0
