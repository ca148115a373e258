// expect: the function's parameters cannot be seen
#include <leanmcp/server/server.hpp>

#include <boost/describe.hpp>

void f(leanmcp::Server& server) {
  server.tool("any", [](const auto&) { return "x"; });
}
