#pragma once

#include "exit_codes.hpp"
#include "sign_in.hpp"
#include "terminal.hpp"

#include <leanmcp/client.hpp>

#include <CLI/CLI.hpp>
#include <boost/json/fwd.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

/// What all commands that talk to a server are given.
struct ClientCommands {
  /// What stands behind `--`: the program of `--stdio` and its arguments.
  std::vector<std::string> program;
};
using ClientCommandsPtr = std::shared_ptr<const ClientCommands>;

/// Where to connect and how to write, as given on the command line.
struct ConnectionArguments {
  /// The URL, unless `stdio`, then the command's own words.
  std::vector<std::string> words;
  bool stdio = false;
  bool as_json = false;
  bool verbose = false;
  std::string token_variable = "LEANMCP_TOKEN";
  std::string token_file;
  std::string revision;
  std::string answers;
  double timeout = 60;
  SignInArguments sign_in;
  /// A person may be asked to sign in when the server wants that where there is one, but not for `--json`; these two
  /// say otherwise.
  bool login = false;
  bool no_login = false;
};

/// Adds the positional words and the options that the commands share. `words` says what stands after the server.
void add_connection_options(CLI::App& command, ConnectionArguments& arguments, const std::string& words);

/// A command's run on a connection: its own words and the client; gives the exit code.
using ClientWork = std::function<int(const std::vector<std::string>& words, leanmcp::BlockingClient& client)>;

/// Connects, runs the work and tells failures. `least` and `most` bound the number of the command's own words.
int run_connected(const ConnectionArguments& arguments, const ClientCommands& commands, std::size_t least,
                  std::size_t most, const ClientWork& work);

/// Tells a failure as text, or as JSON on standard output; the exit code for it.
int tell_failure(const ConnectionArguments& arguments, const leanmcp::ClientError& error);
/// Writes a JSON value on a line of standard output.
int print_json(const boost::json::value& value);
/// A table whose first row is its head; columns are cut to the width of the terminal.
void print_table(const std::vector<std::vector<std::string>>& rows);
