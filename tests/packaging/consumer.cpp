// What a user's program sees: the installed headers and targets, and nothing of this tree.
#include <leanmcp/core.hpp>

#include <boost/describe.hpp>

#include <iostream>

struct Greeting {
  std::string name;
};
BOOST_DESCRIBE_STRUCT(Greeting, (), (name))

int main() {
  leanmcp::Server server("consumer", "1.0.0");
  server.tool("greet", [](const Greeting& input) { return "Hello, " + input.name + "!"; },
              leanmcp::description("Greets somebody"));
  auto client = leanmcp::connect_in_memory(server);
  std::cout << client.call_text("greet", R"({"name":"Ada"})") << '\n';
}
