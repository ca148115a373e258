#pragma once

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
  /// The saved sign-ins cannot be read or written.
  exit_store = 9,
};

inline constexpr const char* exit_codes_text =
    "Exit codes: 0 done, 1 the tool failed, 2 usage, 3 no connection, 4 sign in, 5 refused, 6 protocol, 7 time, 8 "
    "unanswered, 9 saved sign-ins";
