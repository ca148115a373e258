// expect: no matching function for call to
#include <leanmcp/auth/token_check.hpp>
leanmcp::TokenRules rules() { return leanmcp::TokenRules("https://idp.example"); }
