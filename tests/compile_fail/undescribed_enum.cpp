// expect: this type has no JSON form
#include <leanmcp/server/server.hpp>

#include <boost/describe.hpp>

enum class Colour { red, green };
struct Order {
  Colour colour = Colour::red;
};
BOOST_DESCRIBE_STRUCT(Order, (), (colour))
void f(leanmcp::Server& server) {
  server.tool("buy", [](const Order&) { return "x"; });
}
