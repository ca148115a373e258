#pragma once

#include <leanmcp/base/secret.hpp>
#include <leanmcp/server/server.hpp>

#include <string>

namespace leanmcp::inline v0 {

class StdioOptions {
 public:
  StdioOptions() = default;
  /// The caller's token, usually from the environment: on stdio credentials come with the process (2026-07-28,
  /// Authorization, Introduction). A token in `_meta` goes before it.
  StdioOptions& token(Secret token) {
    ambient_token = std::move(token);
    return *this;
  }
  /// File descriptors to speak over, 0 and 1 by default. They are not closed.
  StdioOptions& descriptors(int in, int out) {
    input = in;
    output = out;
    return *this;
  }
  Secret ambient_token;
  int input = 0;
  int output = 1;
  std::size_t most_line_bytes = 4 * 1024 * 1024;
};

/// Serves one client over line-delimited JSON until its input ends; both eras (2026-07-28, stdio). Blocks. Returns 0,
/// or 1 when the server cannot be built; the reason goes to the server's logger, and nothing but messages is written
/// to the output. After the input's end calls in flight have two seconds to end.
int serve_stdio(Server& server, StdioOptions options);
int serve_stdio(Server& server);

}  // namespace leanmcp::inline v0
