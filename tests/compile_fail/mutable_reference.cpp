// expect: take the input by value or const reference
#include <leanmcp/server/server.hpp>

#include <boost/describe.hpp>

struct A {
  int a = 0;
};
BOOST_DESCRIBE_STRUCT(A, (), (a))
void f(leanmcp::Server& server) {
  server.tool("change", [](A&) { return "x"; });
}
