// expect: a function that awaits returns a Task
#include <leanmcp/server/server.hpp>

std::string greet(leanmcp::Context& ctx) {
  const auto roots = co_await ctx.roots();
  co_return std::to_string(roots.size());
}
