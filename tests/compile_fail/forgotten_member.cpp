// expect: names fewer members than the struct has: add the forgotten one
#include <leanmcp/server/server.hpp>

#include <boost/describe.hpp>

struct A {
  int a = 0;
  int forgotten = 0;
};
BOOST_DESCRIBE_STRUCT(A, (), (a))
void f(leanmcp::Server& server) {
  server.tool("a", [](const A&) { return "x"; });
}
