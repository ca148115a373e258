// expect: the input is no described struct: write BOOST_DESCRIBE_STRUCT
#include <leanmcp/server/server.hpp>

#include <boost/describe.hpp>

struct Order {
  int quantity = 1;
};
void f(leanmcp::Server& server) {
  server.tool("buy", [](const Order&) { return "x"; });
}
