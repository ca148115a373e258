// expect: a tool takes at most one input struct
#include <leanmcp/server/server.hpp>

#include <boost/describe.hpp>

struct A {
  int a = 0;
};
BOOST_DESCRIBE_STRUCT(A, (), (a))
struct B {
  int b = 0;
};
BOOST_DESCRIBE_STRUCT(B, (), (b))
void f(leanmcp::Server& server) {
  server.tool("both", [](const A&, const B&) { return "x"; });
}
