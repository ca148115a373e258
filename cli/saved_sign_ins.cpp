#include "saved_sign_ins.hpp"

#include "lines.hpp"

#include <leanmcp/oauth/client/file_token_store.hpp>
#include <leanmcp/oauth/client/keyring_token_store.hpp>

#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

using namespace leanmcp;

namespace {

std::string variable(const char* name) {
  const char* const value = std::getenv(name);
  return value ? value : "";
}

/// A directory of the XDG Base Directory Specification.
std::string user_directory(const char* name, const char* below_home) {
  std::string place = variable(name);
  if (!place.starts_with('/')) place = variable("HOME") + below_home;
  return place + "/leanmcp";
}
std::string state_directory() { return user_directory("XDG_STATE_HOME", "/.local/state"); }
std::string settings_directory() { return user_directory("XDG_CONFIG_HOME", "/.config"); }

/// Looking for a bus would start one.
bool has_session_bus() {
  if (!variable("DBUS_SESSION_BUS_ADDRESS").empty()) return true;
  const std::string runtime = variable("XDG_RUNTIME_DIR");
  struct stat found {};
  return !runtime.empty() && ::stat((runtime + "/bus").c_str(), &found) == 0;
}

Error told(TokenStoreFault fault, const std::string& where) {
  return Error(std::string(to_string(fault)) + (where.empty() ? "" : " (" + where + ")"));
}

/// From the file, or typed in; twice for a new one.
Result<Secret> passphrase_of(const StoreArguments& arguments, Terminal& terminal, bool is_new) {
  if (!arguments.passphrase_file.empty()) {
    auto text = read_whole(arguments.passphrase_file);
    if (!text) return text.error();
    while (text->ends_with('\n') || text->ends_with('\r')) text->pop_back();
    if (text->empty()) return Error("the passphrase file is empty");
    return Secret(std::move(*text));
  }
  if (!terminal.interactive())
    return Error(
        "The saved sign-ins have a passphrase: name its file by --passphrase-file or in LEANMCP_PASSPHRASE_FILE");
  for (;;) {
    auto typed =
        terminal.ask_unseen(is_new ? "New passphrase for saved sign-ins: " : "Passphrase for saved sign-ins: ");
    if (!typed) return Error("no passphrase was given");
    Secret first(std::move(*typed));
    if (first.empty()) continue;
    if (!is_new) return first;
    auto again = terminal.ask_unseen("The same again: ");
    if (!again) return Error("no passphrase was given");
    const Secret second(std::move(*again));
    if (first.reveal() == second.reveal()) return first;
    terminal.say("These two differ.");
  }
}

Result<std::shared_ptr<TokenStore>> open_file(const StoreArguments& arguments, Terminal& terminal, TokenFileKind kind) {
  const std::string directory = state_directory();
  const bool wanted = arguments.passphrase || !arguments.passphrase_file.empty();
  const bool is_new = kind == TokenFileKind::none;
  TokenFileKey key = TokenFileKey::file(settings_directory());
  if (kind == TokenFileKind::passphrase || (is_new && wanted)) {
    auto passphrase = passphrase_of(arguments, terminal, is_new);
    if (!passphrase) return passphrase.error();
    key = TokenFileKey::passphrase(std::move(*passphrase));
  }
  auto opened = FileTokenStore::open(directory, std::move(key));
  if (!opened) return told(opened.error(), directory);
  return std::shared_ptr<TokenStore>(std::move(*opened));
}

std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words;
  for (std::size_t at = 0;;) {
    const std::size_t end = text.find(' ', at);
    words.push_back(text.substr(at, end - at));
    if (end == std::string::npos) return words;
    at = end + 1;
  }
}

/// The reverse of what a part of a store's name went through.
std::optional<std::string> plain(const std::string& part) {
  const auto decoded = decode_form("x=" + part);
  if (!decoded || decoded->size() != 1) return std::nullopt;
  return decoded->front().second;
}

}  // namespace

void add_store_options(CLI::App& command, StoreArguments& arguments) {
  const std::string group = "Signing in";
  command.add_option("--profile", arguments.profile, "Which of several accounts at one server")
      ->type_name("NAME")
      ->group(group);
  command.add_option("--store", arguments.store, "Where sign-ins are kept: auto, keyring or file")
      ->check(CLI::IsMember({"auto", "keyring", "file"}))
      ->envname("LEANMCP_TOKEN_STORE")
      ->type_name("WHERE")
      ->group(group);
  command.add_option("--passphrase-file", arguments.passphrase_file, "File with the passphrase of saved sign-ins")
      ->envname("LEANMCP_PASSPHRASE_FILE")
      ->type_name("FILE")
      ->group(group);
}

bool may_hold_sign_ins(const StoreArguments& arguments) {
  const auto kind = FileTokenStore::kind(state_directory());
  // What is there and cannot be read is to be told.
  if (arguments.store != "keyring" && (!kind || *kind != TokenFileKind::none)) return true;
  return arguments.store != "file" && has_session_bus();
}

Result<std::shared_ptr<TokenStore>> open_store(const StoreArguments& arguments, Terminal& terminal) {
  const auto kind = FileTokenStore::kind(state_directory());
  const bool has_file = !kind || *kind != TokenFileKind::none;
  if (arguments.store == "keyring" || (arguments.store == "auto" && !has_file && !arguments.passphrase)) {
    auto keyring = has_session_bus()
                       ? KeyringTokenStore::open(state_directory())
                       : Result<std::shared_ptr<KeyringTokenStore>, TokenStoreFault>(TokenStoreFault::no_keyring);
    if (keyring) return std::shared_ptr<TokenStore>(std::move(*keyring));
    if (arguments.store == "keyring" || keyring.error() != TokenStoreFault::no_keyring)
      return told(keyring.error(), "");
  }
  if (!kind) return told(kind.error(), state_directory());
  return open_file(arguments, terminal, *kind);
}

Result<std::vector<SavedSignIn>> saved_sign_ins(TokenStore& store) {
  const auto names = store.names();
  if (!names) return names.error();
  std::vector<SavedSignIn> out;
  for (const std::string& name : *names) {
    const auto words = words_of(name);
    if (words.size() != 4 || words[0] != "tokens") continue;
    auto issuer = plain(words[1]);
    auto resource = plain(words[2]);
    auto profile = plain(words[3]);
    if (issuer && resource && profile) out.push_back({std::move(*issuer), std::move(*resource), std::move(*profile)});
  }
  std::sort(out.begin(), out.end(), [](const SavedSignIn& a, const SavedSignIn& b) {
    return std::pair(a.resource, a.profile) < std::pair(b.resource, b.profile);
  });
  return out;
}

std::string shown_name(const SavedSignIn& sign_in) {
  return shown(sign_in.resource) + (sign_in.profile.empty() ? "" : " (" + shown(sign_in.profile) + ")");
}
