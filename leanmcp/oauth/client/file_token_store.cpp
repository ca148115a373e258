#include <leanmcp/oauth/client/file_token_store.hpp>

#include <leanmcp/base/encoding.hpp>
#include <leanmcp/base/random.hpp>
#include <leanmcp/crypto/seal.hpp>
#include <leanmcp/oauth/client/lease_file.hpp>
#include <leanmcp/oauth/client/private_directory.hpp>

#include <charconv>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace leanmcp::inline v0 {

namespace {

using detail::LeaseFile;
using detail::PrivateDirectory;

constexpr const char* file_name = "tokens";
constexpr const char* tokens_lock = "tokens.lock";
/// No name of a value: those are never empty.
constexpr std::string_view write_lock;
constexpr std::chrono::seconds lock_patience(10);

constexpr std::string_view first_line = "leanmcp tokens 1\n";
constexpr std::string_view seal_label = "leanmcp token file";
constexpr std::string_view by_file = "key file";
constexpr std::string_view by_scrypt = "scrypt ";
constexpr std::size_t most_plain = 512 * 1024;
constexpr std::size_t most_file = 1024 * 1024;
constexpr std::size_t most_key_file = 4096;
constexpr std::size_t key_bytes = 32;

std::string scrypt_line(const ScryptCost& cost, std::string_view salt) {
  return std::string(by_scrypt) + std::to_string(cost.log2_n) + " " + std::to_string(cost.r) + " " +
         std::to_string(cost.p) + " " + std::string(salt);
}

/// The next word as a number; false when it is none.
bool take_number(std::string_view& text, unsigned& number) {
  const std::size_t end = std::min(text.find(' '), text.size());
  const auto read = std::from_chars(text.data(), text.data() + end, number);
  if (end == 0 || read.ec != std::errc() || read.ptr != text.data() + end) return false;
  text.remove_prefix(std::min(end + 1, text.size()));
  return true;
}

void append_part(std::string& out, std::string_view part) {
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(part.size() >> shift & 0xff);
  out += part;
}

std::optional<std::string_view> take_part(std::string_view& text) {
  if (text.size() < 4) return std::nullopt;
  std::size_t size = 0;
  for (std::size_t i = 0; i < 4; ++i) size = size << 8 | static_cast<unsigned char>(text[i]);
  text.remove_prefix(4);
  if (text.size() < size) return std::nullopt;
  const std::string_view part = text.substr(0, size);
  text.remove_prefix(size);
  return part;
}

std::string_view without_line_break(std::string_view text) {
  while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

/// The line about the key, and what follows it; nullopt when the text is none of ours.
std::optional<std::pair<std::string, std::string_view>> split_file(std::string_view text) {
  if (!text.starts_with(first_line)) return std::nullopt;
  text.remove_prefix(first_line.size());
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  return std::pair(std::string(text.substr(0, end)), text.substr(end + 1));
}

bool is_ring(const Secret& text) { return KeyRing::parse(text.reveal()).has_value(); }

}  // namespace

TokenFileKey TokenFileKey::passphrase(Secret text, ScryptCost cost) {
  TokenFileKey key;
  key.passphrase_ = std::move(text);
  key.cost_ = cost;
  return key;
}

TokenFileKey TokenFileKey::file(std::string directory, std::string name) {
  TokenFileKey key;
  key.directory_ = std::move(directory);
  key.name_ = std::move(name);
  return key;
}

Result<std::shared_ptr<FileTokenStore>, TokenStoreFault> FileTokenStore::open(std::string directory, TokenFileKey key) {
  const auto opened = PrivateDirectory::open(directory, true);
  if (!opened) return opened.error();
  const std::shared_ptr<FileTokenStore> store(new FileTokenStore(std::move(directory), std::move(key)));
  if (const auto checked = store->check(); !checked) return checked.error();
  return store;
}

Result<TokenFileKind, TokenStoreFault> FileTokenStore::kind(const std::string& directory) {
  std::error_code failed;
  if (!std::filesystem::exists(directory, failed) && !failed) return TokenFileKind::none;
  const auto opened = PrivateDirectory::open(directory, false);
  if (!opened) return opened.error();
  const auto text = opened->read(file_name, most_file);
  if (!text) return text.error();
  if (!*text) return TokenFileKind::none;
  const auto parts = split_file((*text)->reveal());
  if (!parts) return TokenStoreFault::tampered;
  if (parts->first == by_file) return TokenFileKind::key_file;
  return parts->first.starts_with(by_scrypt) ? Result<TokenFileKind, TokenStoreFault>(TokenFileKind::passphrase)
                                             : TokenStoreFault::tampered;
}

Result<void, TokenStoreFault> FileTokenStore::check() {
  const std::lock_guard lock(mutex_);
  const auto values = read();
  if (!values) return values.error();
  return {};
}

Result<Secret, TokenStoreFault> FileTokenStore::root_key(const std::string& key_line) {
  if (!known_line_.empty() && key_line == known_line_) return known_key_;
  Secret key;
  if (key_line == by_file) {
    // Made for the other kind of key.
    if (key_.name_.empty()) return TokenStoreFault::wrong_key;
    const auto directory = PrivateDirectory::open(key_.directory_, false);
    if (!directory) return directory.error() == TokenStoreFault::io ? TokenStoreFault::no_key : directory.error();
    const auto text = directory->read(key_.name_.c_str(), most_key_file);
    if (!text) return text.error() == TokenStoreFault::too_large ? TokenStoreFault::no_key : text.error();
    if (!*text) return TokenStoreFault::no_key;
    key = Secret(std::string(without_line_break((*text)->reveal())));
    if (!is_ring(key)) return TokenStoreFault::no_key;
  } else if (key_line.starts_with(by_scrypt)) {
    if (!key_.name_.empty()) return TokenStoreFault::wrong_key;
    std::string_view rest = std::string_view(key_line).substr(by_scrypt.size());
    ScryptCost cost;
    if (!take_number(rest, cost.log2_n) || !take_number(rest, cost.r) || !take_number(rest, cost.p))
      return TokenStoreFault::tampered;
    const auto salt = base64url_decode(rest);
    if (!salt || salt->size() < 16 || salt->size() > 64) return TokenStoreFault::tampered;
    try {
      const Secret bytes = scrypt(key_.passphrase_.reveal(), *salt, cost, key_bytes);
      key = Secret(base64url_encode(bytes.reveal()));
    } catch (const std::invalid_argument&) {
      return TokenStoreFault::tampered;  // a cost over the limits: not one that we wrote
    }
  } else {
    return TokenStoreFault::tampered;
  }
  known_line_ = key_line;
  known_key_ = key;
  return key;
}

Result<std::string, TokenStoreFault> FileTokenStore::new_key_line() {
  if (key_.name_.empty()) {
    unsigned char salt[16];
    random_bytes(salt);
    return scrypt_line(key_.cost_, base64url_encode(std::string(reinterpret_cast<const char*>(salt), sizeof salt)));
  }
  const auto directory = PrivateDirectory::open(key_.directory_, true);
  if (!directory) return directory.error();
  // Whoever comes second reads what the first one made.
  const auto added = directory->add(key_.name_.c_str(), random_id(key_bytes) + "\n");
  if (!added) return added.error();
  return std::string(by_file);
}

Result<FileTokenStore::Values, TokenStoreFault> FileTokenStore::open_text(const Secret& text) {
  const auto parts = split_file(text.reveal());
  if (!parts) return TokenStoreFault::tampered;
  const std::string& key_line = parts->first;
  const auto key = root_key(key_line);
  if (!key) return key.error();
  const auto ring = KeyRing::parse(key->reveal());
  if (!ring) return TokenStoreFault::no_key;
  auto opened = ring->sealer(seal_label).open(without_line_break(parts->second), key_line);
  if (!opened) return opened.error() == OpenFault::unknown_key ? TokenStoreFault::wrong_key : TokenStoreFault::tampered;
  const Secret plain(std::move(*opened));
  Values values;
  for (std::string_view left = plain.reveal(); !left.empty();) {
    const auto name = take_part(left);
    const auto value = name ? take_part(left) : std::nullopt;
    if (!value) return TokenStoreFault::tampered;
    values.emplace(*name, Secret(std::string(*value)));
  }
  return values;
}

Result<std::string, TokenStoreFault> FileTokenStore::sealed_text(const Values& values) {
  std::size_t size = 0;
  for (const auto& [name, value] : values) size += 8 + name.size() + value.reveal().size();
  if (size > most_plain) return TokenStoreFault::too_large;
  std::string joined;
  joined.reserve(size);
  for (const auto& [name, value] : values) {
    append_part(joined, name);
    append_part(joined, value.reveal());
  }
  const Secret plain(std::move(joined));
  if (known_line_.empty()) {
    auto line = new_key_line();
    if (!line) return line.error();
    if (const auto key = root_key(*line); !key) return key.error();
  }
  const auto ring = KeyRing::parse(known_key_.reveal());
  if (!ring) return TokenStoreFault::no_key;
  return std::string(first_line) + known_line_ + "\n" + ring->sealer(seal_label).seal(plain.reveal(), known_line_) +
         "\n";
}

Result<FileTokenStore::Values, TokenStoreFault> FileTokenStore::read() {
  const auto directory = PrivateDirectory::open(directory_, false);
  if (!directory) return directory.error();
  const auto text = directory->read(file_name, most_file);
  if (!text) return text.error();
  if (!*text) return Values();
  return open_text(**text);
}

template <class Change>
Result<void, TokenStoreFault> FileTokenStore::write(Change change) {
  const std::lock_guard lock(mutex_);
  const auto directory = PrivateDirectory::open(directory_, true);
  if (!directory) return directory.error();
  auto file = LeaseFile::open(directory->fd(), tokens_lock);
  if (!file) return file.error();
  const auto held = LeaseFile::lock(std::move(*file), write_lock, lock_patience);
  if (!held) return held.error();
  auto values = read();
  if (!values) return values.error();
  if (!change(*values)) return {};
  const auto text = sealed_text(*values);
  if (!text) return text.error();
  return directory->replace(file_name, *text);
}

Result<std::unique_ptr<TokenStore::Lease>> FileTokenStore::try_lock(const std::string& name) {
  const auto directory = PrivateDirectory::open(directory_, true);
  if (!directory) return store_error(directory.error());
  auto file = LeaseFile::open(directory->fd(), tokens_lock);
  if (!file) return store_error(file.error());
  auto lease = LeaseFile::try_lock(std::move(*file), name);
  if (!lease) return store_error(lease.error());
  return std::move(*lease);
}

Result<std::optional<Secret>> FileTokenStore::load(const std::string& name) {
  const std::lock_guard lock(mutex_);
  auto values = read();
  if (!values) return store_error(values.error());
  const auto found = values->find(name);
  if (found == values->end()) return std::optional<Secret>();
  return std::optional<Secret>(std::move(found->second));
}

Result<void> FileTokenStore::save(const std::string& name, const Secret& value) {
  const auto written = write([&](Values& values) {
    values[name] = value;
    return true;
  });
  if (!written) return store_error(written.error());
  return {};
}

Result<void> FileTokenStore::erase(const std::string& name) {
  const auto written = write([&](Values& values) { return values.erase(name) != 0; });
  if (!written) return store_error(written.error());
  return {};
}

Result<std::vector<std::string>> FileTokenStore::names() {
  const std::lock_guard lock(mutex_);
  const auto values = read();
  if (!values) return store_error(values.error());
  std::vector<std::string> out;
  for (const auto& [name, value] : *values) out.push_back(name);
  return out;
}

}  // namespace leanmcp::inline v0
