// `Context::once`: what a call has done already.

#include <leanmcp/json/parse.hpp>
#include <leanmcp/json/bind.hpp>
#include <leanmcp/server/call_state.hpp>
#include <leanmcp/server/context.hpp>

#include <leanmcp/base/random.hpp>

#include <stdexcept>

namespace leanmcp::inline v0 {

bool Context::recall(const std::string& key, const TypeInfo& type, void* object) {
  const std::string* const known = call_.rounds().recorded(key);
  if (!known) return false;
  return bind_value(type, object, parse_known(*known), FieldRules()).empty();
}

void Context::remember(std::string key, const TypeInfo& type, const void* object) {
  if (!call_.rounds().remember(key, json_text(type, object)))
    throw std::length_error("the results of once() are too large to carry from round to round");
}

Task<OnceStore::State> Context::claim_once(OnceStore& store, std::string key, const TypeInfo& type, void* object) {
  if (holder_.empty()) holder_ = random_id();
  const std::string id = idempotency_key() + "/" + key;
  const auto claimed = std::make_shared<std::optional<Result<OnceStore::Claim>>>();
  std::function<void()> work = [&store, id, holder = holder_, now = call_.now(), claimed] {
    claimed->emplace(store.claim(id, holder, now));
  };
  Task<void> working = on_worker(std::move(work));
  co_await std::move(working);
  const Result<OnceStore::Claim>& claim = **claimed;
  if (!claim) throw CallFailure(claim.error());
  const OnceStore::State state = claim.value().state;
  if (state == OnceStore::State::unknown)
    throw CallFailure(
        Error("An earlier attempt broke off, and it cannot be told whether it was done. "
              "Please look before you start it anew."));
  if (state == OnceStore::State::done) {
    const bool fits = bind_value(type, object, parse_known(claim.value().result), FieldRules()).empty();
    if (!fits) throw std::logic_error("what once() recorded under '" + key + "' is of another type");
  }
  co_return state;
}

Task<void> Context::finish_once(OnceStore& store, std::string key, const TypeInfo& type, const void* object) {
  const std::string id = idempotency_key() + "/" + key;
  const auto finished = std::make_shared<std::optional<Result<void>>>();
  std::function<void()> work = [&store, id, holder = holder_, text = json_text(type, object), finished] {
    finished->emplace(store.finish(id, holder, text));
  };
  Task<void> working = on_worker(std::move(work));
  co_await std::move(working);
  if (!**finished) throw CallFailure((*finished)->error());
}

Task<void> Context::release_once(OnceStore& store, std::string key) {
  const std::string id = idempotency_key() + "/" + key;
  const Logger& log = call_.logger();
  std::function<void()> work = [&store, id, holder = holder_, &log] {
    const auto released = store.release(id, holder);
    if (!released) log.error("once() could not be released", {{"reason", released.error().detail()}});
  };
  Task<void> working = on_worker(std::move(work));
  co_await std::move(working);
}

}  // namespace leanmcp::inline v0
