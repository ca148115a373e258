#include <leanmcp/oauth/server/users.hpp>

#include <leanmcp/auth/claims.hpp>
#include <leanmcp/base/random.hpp>

#include <boost/json.hpp>

namespace leanmcp::inline v0::as {

namespace {

constexpr std::size_t shortest_password = 8;
constexpr std::size_t longest_password = 1024;

/// A hash at the usual cost that no password has: what is compared for names that nobody has.
constexpr std::string_view nobodys_hash =
    "$scrypt$ln=15,r=8,p=3$vLVE1LYdY/4lT8t5UtQOgA$zWGd/7TCP79Ypnx4uwxz2Pu9cVdSF8Kz22yc5Xula3Q";

Result<void> check_password(std::string_view password) {
  // NIST SP 800-63B, section 5.1.1.1: a length, and no rules about characters.
  if (password.size() < shortest_password) return Error("A password has at least 8 characters.");
  if (password.size() > longest_password) return Error("A password has at most 1,024 bytes.");
  return {};
}

Error users_out_of_reach(const StorageError& error) { return Error("The storage failed.", error.detail); }

}  // namespace

bool is_username(std::string_view text) noexcept {
  constexpr std::string_view first = "abcdefghijklmnopqrstuvwxyz0123456789";
  constexpr std::string_view all = "abcdefghijklmnopqrstuvwxyz0123456789.-_@";
  return !text.empty() && text.size() <= 64 && first.find(text.front()) != std::string_view::npos &&
         text.find_first_not_of(all) == std::string_view::npos;
}

Result<UserRecord> add_user(const Store& store, std::string_view username, std::string_view password,
                            std::string_view profile, TimePoint now, const ScryptCost& cost) {
  if (!is_username(username))
    return Error("A user name is 1 to 64 of a-z, 0-9, dot, dash, underscore and @, with a letter or digit in front.");
  if (auto good = check_password(password); !good) return good.error();
  if (!claims_of(profile)) return Error("The profile is no JSON object.");
  UserRecord user;
  user.username = username;
  // Not the name: it may be given to somebody else one day.
  user.subject = random_id();
  user.password_hash = hash_password(password, cost);
  user.profile = profile;
  user.created = now;
  const auto added = store.add_user(user);
  if (!added) return users_out_of_reach(added.error());
  if (!*added) return Error("There is a user of that name already.");
  return user;
}

Result<void> set_password(const Store& store, std::string_view username, std::string_view password,
                          const ScryptCost& cost) {
  if (auto good = check_password(password); !good) return good.error();
  const auto set = store.set_password_hash(username, hash_password(password, cost));
  if (!set) return users_out_of_reach(set.error());
  if (!*set) return Error("There is no user of that name.");
  return {};
}

Store::Outcome<std::optional<UserRecord>> check_user(const Store& store, std::string_view username,
                                                     std::string_view password) {
  std::optional<UserRecord> nobody;
  auto found = is_username(username) ? store.user(username) : Store::Outcome<std::optional<UserRecord>>(nobody);
  if (!found) return found.error();
  const bool known = found->has_value();
  const auto right = verify_password(password, known ? std::string_view((*found)->password_hash) : nobodys_hash);
  if (!known || !right || (*found)->disabled) return nobody;
  return found;
}

}  // namespace leanmcp::inline v0::as
