#pragma once

#include "terminal.hpp"

#include <leanmcp/client.hpp>

#include <CLI/CLI.hpp>
#include <boost/json/fwd.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

/// The exit codes of the commands that talk to a server.
enum ExitCode {
  exit_ok = 0,
  /// The tool itself failed.
  exit_tool_failed = 1,
  exit_usage = 2,
  /// No connection, or it broke.
  exit_unreachable = 3,
  /// Sign in (again), or the permission does not suffice.
  exit_unauthenticated = 4,
  /// The server refused the request.
  exit_refused = 5,
  /// The server does not keep to the protocol or to its own schemas.
  exit_protocol = 6,
  exit_timeout = 7,
  /// A question was not answered.
  exit_unanswered = 8,
};

/// Gives what signs requests to the server at this URL, when somebody has signed in there; null otherwise.
using LoginSource = std::function<std::shared_ptr<leanmcp::Authorizer>(const std::string& url, Terminal& terminal)>;

/// What all commands that talk to a server are given.
struct ClientCommands {
  LoginSource login;
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
