#include <leanmcp/oauth/server/initial_token.hpp>

#include <leanmcp/base/random.hpp>

#include <charconv>

namespace leanmcp::inline v0::as {
namespace {

constexpr std::string_view initial_prefix = "lmr_";
constexpr std::string_view initial_purpose = "leanmcp as initial access token";

}  // namespace

Secret make_initial_token(const KeyRing& ring, TimePoint now, std::chrono::seconds lifetime) {
  const std::string text = std::to_string(unix_seconds(now + lifetime)) + " " + random_id();
  return Secret(std::string(initial_prefix) + ring.sealer(initial_purpose).seal(text, initial_purpose));
}

bool use_initial_token(const KeyRing& ring, const Store& store, std::string_view token, TimePoint now) {
  if (!token.starts_with(initial_prefix)) return false;
  const auto text = ring.sealer(initial_purpose).open(token.substr(initial_prefix.size()), initial_purpose);
  if (!text) return false;
  std::int64_t until = 0;
  const auto [end, failed] = std::from_chars(text->data(), text->data() + text->size(), until);
  if (failed != std::errc() || end == text->data() + text->size() || until <= unix_seconds(now)) return false;
  const auto first = store.use_once("initial-token", digest_of(token), now, TimePoint(std::chrono::seconds(until)));
  return first && *first;
}

}  // namespace leanmcp::inline v0::as
