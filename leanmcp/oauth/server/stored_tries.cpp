#include <leanmcp/oauth/server/stored_tries.hpp>

#include <leanmcp/oauth/server/store_rows.hpp>

namespace leanmcp::inline v0::as {

std::chrono::milliseconds wait_for_stored_try(const Store& store, const TryRule& rule, std::string_view key,
                                              TimePoint now) {
  const auto found =
      store.database().run("SELECT due FROM as_tries WHERE kind = $1 AND key_digest = $2", {rule.kind, digest_of(key)});
  if (!found || found->empty()) return std::chrono::milliseconds(0);
  const auto wait = rows::from_ms((*found)[0].integer(0)) - now - rule.burst;
  return std::max(std::chrono::milliseconds(0), std::chrono::ceil<std::chrono::milliseconds>(wait));
}

std::chrono::milliseconds take_stored_try(const Store& store, const TryRule& rule, std::string_view key,
                                          TimePoint now) {
  const auto counted = store.database().run(
      "INSERT INTO as_tries (kind, key_digest, due) VALUES ($1, $2, $3) ON CONFLICT (kind, key_digest) DO UPDATE SET "
      "due = CASE WHEN as_tries.due < $4 THEN $3 ELSE as_tries.due + $5 END WHERE as_tries.due <= $6",
      {rule.kind, digest_of(key), rows::to_ms(now + rule.step), rows::to_ms(now), rule.step.count(),
       rows::to_ms(now + rule.burst)});
  if (!counted || counted->changed() > 0) return std::chrono::milliseconds(0);
  return wait_for_stored_try(store, rule, key, now);
}

void give_back_stored_try(const Store& store, const TryRule& rule, std::string_view key) {
  // Where it fails, one more is counted than was made: the careful side.
  static_cast<void>(store.database().run("UPDATE as_tries SET due = due - $1 WHERE kind = $2 AND key_digest = $3",
                                         {rule.step.count(), rule.kind, digest_of(key)}));
}

Result<std::int64_t, StorageError> sweep_stored_tries(const Database& database, TimePoint now, std::int64_t most) {
  const auto over = database.run("DELETE FROM as_tries WHERE due <= $1", {rows::to_ms(now)});
  if (!over) return over.error();
  const auto surplus = database.run(
      "DELETE FROM as_tries WHERE due <= (SELECT due FROM as_tries ORDER BY due DESC LIMIT 1 OFFSET $1)", {most});
  if (!surplus) return surplus.error();
  return over->changed() + surplus->changed();
}

}  // namespace leanmcp::inline v0::as
