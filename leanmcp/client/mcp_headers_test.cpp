#include <leanmcp/client/mcp_headers.hpp>

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace leanmcp {
namespace {

json::object object(std::string_view text) { return json::parse(text).as_object(); }

// The five rows of the specification's table, and the edges beside them.
TEST(McpHeaders, EncodesValuesAsTheSpecificationSays) {
  EXPECT_EQ(encode_mcp_header("us-west1"), "us-west1");
  EXPECT_EQ(encode_mcp_header("Hello, \xE4\xB8\x96\xE7\x95\x8C"), "=?base64?SGVsbG8sIOS4lueVjA==?=");
  EXPECT_EQ(encode_mcp_header(" padded "), "=?base64?IHBhZGRlZCA=?=");
  EXPECT_EQ(encode_mcp_header("line1\nline2"), "=?base64?bGluZTEKbGluZTI=?=");
  EXPECT_EQ(encode_mcp_header("=?base64?literal?="), "=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?=");
  EXPECT_EQ(encode_mcp_header(""), "");
  EXPECT_EQ(encode_mcp_header("a b"), "a b");
  EXPECT_EQ(encode_mcp_header("a\tb"), "=?base64?YQli?=");
  EXPECT_EQ(encode_mcp_header("a\r\nX-Evil: 1"), "=?base64?YQ0KWC1FdmlsOiAx?=");
  EXPECT_EQ(encode_mcp_header("=?base64?open"), "=?base64?open");
}

TEST(McpHeaders, TakesAnnotatedArgumentsFromTheirPaths) {
  const auto plan = HeaderPlan::of(object(R"({"type":"object","properties":{
      "region":{"type":"string","x-mcp-header":"Region"},
      "limit":{"type":"integer","x-mcp-header":"Limit"},
      "dry":{"type":"boolean","x-mcp-header":"Dry"},
      "where":{"type":"object","properties":{"tenant":{"type":"string","x-mcp-header":"Tenant"}}},
      "query":{"type":"string"}}})"));
  ASSERT_TRUE(plan);
  const HttpFields all = plan->fields(
      object(R"({"region":"us-west1","limit":-7,"dry":false,"where":{"tenant":"\u4e16"},"query":"SELECT"})"));
  const HttpFields expected = {{"Mcp-Param-Region", "us-west1"},
                               {"Mcp-Param-Limit", "-7"},
                               {"Mcp-Param-Dry", "false"},
                               {"Mcp-Param-Tenant", "=?base64?5LiW?="}};
  EXPECT_EQ(all, expected);
  EXPECT_TRUE(plan->fields(object(R"({"region":null,"limit":1.5,"where":{},"dry":[]})")).empty());
  const HttpFields rounded = {{"Mcp-Param-Limit", "42"}};
  EXPECT_EQ(plan->fields(object(R"({"limit":42.0})")), rounded);
}

TEST(McpHeaders, RefusesToolsWithBadAnnotations) {
  const char* const bad[] = {
      R"({"properties":{"a":{"type":"string","x-mcp-header":""}}})",
      R"({"properties":{"a":{"type":"string","x-mcp-header":null}}})",
      R"({"properties":{"a":{"type":"string","x-mcp-header":"A B"}}})",
      R"({"properties":{"a":{"type":"string","x-mcp-header":"A\r\nB"}}})",
      R"({"properties":{"a":{"type":"string","x-mcp-header":"\u00c4"}}})",
      R"({"properties":{"a":{"type":"number","x-mcp-header":"A"}}})",
      R"({"properties":{"a":{"type":"object","x-mcp-header":"A"}}})",
      R"({"properties":{"a":{"type":"string","x-mcp-header":"A"},"b":{"type":"string","x-mcp-header":"a"}}})",
      R"({"properties":{"a":{"type":"array","items":{"type":"string","x-mcp-header":"A"}}}})",
      R"({"anyOf":[{"properties":{"a":{"type":"string","x-mcp-header":"A"}}}]})",
      R"({"$defs":{"d":{"properties":{"a":{"type":"string","x-mcp-header":"A"}}}}})"};
  for (const char* const schema : bad) EXPECT_FALSE(HeaderPlan::of(object(schema))) << schema;
  EXPECT_TRUE(HeaderPlan::of(object(R"({"properties":{"x-mcp-header":{"type":"string"}}})")));
}

TEST(McpHeaders, NamesTheMethodAndItsSubject) {
  const HttpFields call = {{"Mcp-Method", "tools/call"}, {"Mcp-Name", "get_weather"}};
  EXPECT_EQ(standard_mcp_headers("tools/call", object(R"({"name":"get_weather"})")), call);
  const HttpFields read = {{"Mcp-Method", "resources/read"}, {"Mcp-Name", "file:///a b?c=d"}};
  EXPECT_EQ(standard_mcp_headers("resources/read", object(R"({"uri":"file:///a b?c=d"})")), read);
  const HttpFields list = {{"Mcp-Method", "tools/list"}};
  EXPECT_EQ(standard_mcp_headers("tools/list", object(R"({"name":"x"})")), list);
}

}  // namespace
}  // namespace leanmcp
