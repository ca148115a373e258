#pragma once

#include "terminal.hpp"

#include <leanmcp/oauth/client/token_store.hpp>

#include <CLI/CLI.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

/// Where sign-ins are kept, as given on the command line.
struct StoreArguments {
  /// auto, keyring or file.
  std::string store = "auto";
  bool passphrase = false;
  std::string passphrase_file;
  std::string profile;
};

void add_store_options(CLI::App& command, StoreArguments& arguments);

/// The store, or why there is none. `auto` takes the encrypted file if there is one, else the desktop keyring if there
/// is one, else the file. Asks for the passphrase at the terminal where the file has one.
leanmcp::Result<std::shared_ptr<leanmcp::TokenStore>> open_store(const StoreArguments& arguments, Terminal& terminal);

/// Whether anything can be in the store that `open_store` would open: a command that signs nobody in need not make one.
bool may_hold_sign_ins(const StoreArguments& arguments);

/// One sign-in in a store.
struct SavedSignIn {
  std::string issuer;
  /// The server's URL.
  std::string resource;
  std::string profile;
};
/// In the order of servers. A name in the store that is none is left out.
leanmcp::Result<std::vector<SavedSignIn>> saved_sign_ins(leanmcp::TokenStore& store);

/// The word that goes before each line of a table or a sentence about it: the server, with the profile if there is one.
std::string shown_name(const SavedSignIn& sign_in);
