// expect: a task is awaited once
#include <leanmcp/server/server.hpp>

leanmcp::Task<std::string> greet(leanmcp::Context& ctx) {
  auto asking = ctx.roots();
  const auto roots = co_await asking;
  co_return std::to_string(roots.size());
}
