#include <leanmcp/oauth/server/initial_token.hpp>

#include <leanmcp/base/random.hpp>

#include <charconv>

namespace leanmcp::inline v0::as {
namespace {

constexpr std::string_view prefix = "lmr_";
constexpr std::string_view purpose = "leanmcp as initial access token";

}  // namespace

Secret make_initial_token(const KeyRing& ring, TimePoint now, std::chrono::seconds lifetime) {
  const std::string text = std::to_string(unix_seconds(now + lifetime)) + " " + random_id();
  return Secret(std::string(prefix) + ring.sealer(purpose).seal(text, purpose));
}

bool use_initial_token(const KeyRing& ring, const Store& store, std::string_view token, TimePoint now) {
  if (!token.starts_with(prefix)) return false;
  const auto text = ring.sealer(purpose).open(token.substr(prefix.size()), purpose);
  if (!text) return false;
  std::int64_t until = 0;
  const auto [end, failed] = std::from_chars(text->data(), text->data() + text->size(), until);
  if (failed != std::errc() || end == text->data() + text->size() || until <= unix_seconds(now)) return false;
  const auto first = store.use_once("initial-token", digest_of(token), now, TimePoint(std::chrono::seconds(until)));
  return first && *first;
}

}  // namespace leanmcp::inline v0::as
