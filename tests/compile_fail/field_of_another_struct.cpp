// expect: BOOST_DESCRIBE_STRUCT does not name this member
#include <leanmcp/server/server.hpp>

#include <boost/describe.hpp>

struct A {
  A() {}
  int a = 0;
  int hidden = 0;
};
BOOST_DESCRIBE_STRUCT(A, (), (a))
void f(leanmcp::Server& server) {
  server.tool("a", [](const A&) { return "x"; }, leanmcp::field<&A::hidden>("Hidden"));
}
