// expect: this type has no JSON form
#include <leanmcp/server/server.hpp>

#include <boost/describe.hpp>

struct Receipt {
  int total = 0;
};
void f(leanmcp::Server& server) {
  server.tool("buy", [] { return Receipt{1}; });
}
