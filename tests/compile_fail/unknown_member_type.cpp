// expect: this type has no JSON form
#include <leanmcp/server/server.hpp>

#include <boost/describe.hpp>

struct Plain {};
struct A {
  Plain plain;
};
BOOST_DESCRIBE_STRUCT(A, (), (plain))
void f(leanmcp::Server& server) {
  server.tool("a", [](const A&) { return "x"; });
}
