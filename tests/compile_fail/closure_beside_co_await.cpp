// expect: name the function first and pass the name
// only: g++ 12
#include <leanmcp/server/server.hpp>

leanmcp::Task<std::string> f(leanmcp::Context& ctx, std::string name) {
  const std::string greeting = co_await ctx.once("greet", [name] { return "hello " + name; });
  co_return greeting;
}
