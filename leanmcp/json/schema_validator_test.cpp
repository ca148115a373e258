#include <leanmcp/json/schema_validator.hpp>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <pthread.h>

namespace leanmcp {
namespace {

namespace json = boost::json;

std::string check(const char* schema, const char* instance, SchemaLimits limits = {}) {
  const auto compiled = SchemaValidator::compile(json::parse(schema), limits);
  if (!compiled) return "unusable: " + compiled.error().pointer + " " + compiled.error().message;
  const auto faults = compiled->validate(json::parse(instance));
  return faults.empty() ? "fits" : faults.front().instance_path + " " + faults.front().message;
}

struct Case {
  const char* schema;
  std::vector<const char*> fitting;
  std::vector<const char*> failing;
};

class Keyword : public testing::TestWithParam<Case> {};

TEST_P(Keyword, TakesAndRefuses) {
  for (const char* instance : GetParam().fitting) EXPECT_EQ(check(GetParam().schema, instance), "fits") << instance;
  for (const char* instance : GetParam().failing) {
    const std::string said = check(GetParam().schema, instance);
    EXPECT_NE(said, "fits") << instance;
    EXPECT_EQ(said.find("unusable"), std::string::npos) << said;
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, Keyword,
    testing::Values(
        Case{"true", {"1", "null"}, {}}, Case{"false", {}, {"1", "null"}}, Case{"{}", {"1"}, {}},
        Case{R"({"type":"integer"})", {"1", "1.0", "-3", "1e3"}, {"1.5", "\"1\"", "true", "null"}},
        Case{R"({"type":["null","array"]})", {"null", "[]"}, {"{}", "0"}},
        Case{R"({"type":"number"})", {"1", "1.5"}, {"\"1\""}},
        Case{R"({"enum":[1,"a",null,{"x":[1]}]})", {"1", "1.0", "\"a\"", "null", R"({"x":[1.0]})"}, {"2", "true", R"({"x":[2]})"}},
        Case{R"({"const":{"a":1}})", {R"({"a":1.0})"}, {R"({"a":2})", "{}", R"({"a":1,"b":1})"}},
        Case{R"({"multipleOf":0.01})", {"0.3", "1", "19.99", "0", "1e300"}, {"0.005", "19.995"}},
        Case{R"({"multipleOf":3})", {"9", "-6", "9.0"}, {"10", "1e20"}},
        Case{R"({"maximum":9007199254740992})", {"9007199254740992"}, {"9007199254740993"}},
        Case{R"({"minimum":-1.5})", {"-1.5", "0"}, {"-2"}},
        Case{R"({"exclusiveMinimum":0,"exclusiveMaximum":1})", {"0.5"}, {"0", "1"}},
        Case{R"({"maxLength":2,"minLength":1})", {"\"ab\"", "\"\u00e9\u00e9\"", "5"}, {"\"\"", "\"abc\""}},
        Case{R"({"pattern":"^a+$"})", {"\"aa\"", "1"}, {"\"b\"", "\"ab\""}},
        Case{R"({"maxItems":2,"minItems":1})", {"[1]", "{}"}, {"[]", "[1,2,3]"}},
        Case{R"({"uniqueItems":true})", {"[1,2]", R"([{"a":1},{"a":2}])", "[1,\"1\",true]"}, {"[1,1.0]", R"([{"a":1,"b":2},{"b":2,"a":1}])"}},
        Case{R"({"contains":{"type":"string"}})", {"[1,\"a\"]"}, {"[]", "[1]"}},
        Case{R"({"contains":{"type":"string"},"minContains":2,"maxContains":3})", {R"(["a","b"])"}, {R"(["a"])", R"(["a","b","c","d"])"}},
        Case{R"({"contains":{"type":"string"},"minContains":0})", {"[]", "[1]"}, {}},
        Case{R"({"prefixItems":[{"type":"string"}],"items":{"type":"integer"}})", {"[]", R"(["a",1])"}, {"[1]", R"(["a","b"])"}},
        Case{R"({"items":false})", {"[]", "1"}, {"[1]"}},
        Case{R"({"maxProperties":1,"minProperties":1})", {R"({"a":1})"}, {"{}", R"({"a":1,"b":1})"}},
        Case{R"({"required":["a"]})", {R"({"a":null})", "1"}, {"{}"}},
        Case{R"({"dependentRequired":{"a":["b"]}})", {"{}", R"({"a":1,"b":1})"}, {R"({"a":1})"}},
        Case{R"({"dependentSchemas":{"a":{"required":["b"]}}})", {R"({"b":1})"}, {R"({"a":1})"}},
        Case{R"({"properties":{"a":{"type":"string"}},"patternProperties":{"^x":{"type":"integer"}},"additionalProperties":false})",
             {R"({"a":"s","x1":1})", "{}"}, {R"({"a":1})", R"({"x1":"s"})", R"({"b":1})"}},
        Case{R"({"propertyNames":{"maxLength":2}})", {R"({"ab":1})"}, {R"({"abc":1})"}},
        Case{R"({"allOf":[{"minimum":1},{"maximum":2}]})", {"1"}, {"0", "3"}},
        Case{R"({"anyOf":[{"type":"string"},{"minimum":5}]})", {"\"a\"", "6"}, {"1"}},
        Case{R"({"oneOf":[{"type":"integer"},{"minimum":5}]})", {"1", "5.5"}, {"6", "1.5"}},
        Case{R"({"not":{"type":"string"}})", {"1"}, {"\"a\""}},
        Case{R"({"if":{"type":"integer"},"then":{"minimum":5},"else":{"type":"string"}})", {"6", "\"a\""}, {"1", "null"}},
        Case{R"({"$ref":"#/$defs/a","$defs":{"a":{"type":"string"}}})", {"\"a\""}, {"1"}},
        Case{R"({"$ref":"#a","minimum":3,"$defs":{"x":{"$anchor":"a","type":"integer"}}})", {"3"}, {"1", "\"a\""}},
        Case{R"({"$id":"https://a.example/root","$ref":"other","$defs":{"o":{"$id":"other","type":"string"}}})", {"\"a\""}, {"1"}},
        Case{R"({"$ref":"#/$defs/a~1b%25","$defs":{"a/b%":{"type":"string"}}})", {"\"a\""}, {"1"}},
        Case{R"({"properties":{"next":{"$ref":"#"},"v":{"type":"integer"}},"additionalProperties":false})",
             {R"({"next":{"next":{"v":1}}})"}, {R"({"next":{"next":{"w":1}}})"}},
        Case{R"({"$id":"https://a.example/tree","$dynamicAnchor":"node","type":"object","properties":{"data":true,"children":{"type":"array","items":{"$dynamicRef":"#node"}}}})",
             {R"({"children":[{"data":1,"daat":2}]})"}, {R"({"children":[1]})"}},
        Case{R"({"$id":"https://a.example/strict","$dynamicAnchor":"node","$ref":"tree","unevaluatedProperties":false,
                "$defs":{"tree":{"$id":"tree","$dynamicAnchor":"node","type":"object","properties":{"data":true,"children":{"type":"array","items":{"$dynamicRef":"#node"}}}}}})",
             {R"({"children":[{"data":1}]})"}, {R"({"children":[{"daat":1}]})"}},
        Case{R"({"properties":{"a":true},"allOf":[{"properties":{"b":true}}],"unevaluatedProperties":false})",
             {R"({"a":1,"b":1})"}, {R"({"c":1})"}},
        Case{R"({"anyOf":[{"properties":{"a":{"type":"string"}},"required":["a"]},{"properties":{"b":true},"required":["b"]}],"unevaluatedProperties":false})",
             {R"({"a":"x"})", R"({"a":"x","b":1})"}, {R"({"a":"x","c":1})", R"({"a":1,"b":1})"}},
        Case{R"({"if":{"properties":{"a":{"const":1}},"required":["a"]},"then":{"properties":{"b":true}},"unevaluatedProperties":false})",
             {R"({"a":1,"b":2})"}, {R"({"a":2})", R"({"a":1,"c":1})"}},
        Case{R"({"not":{"properties":{"a":true},"required":["zz"]},"unevaluatedProperties":false})", {"{}"}, {R"({"a":1})"}},
        Case{R"({"prefixItems":[true],"contains":{"type":"string"},"unevaluatedItems":false})", {R"([1,"a"])", R"(["b"])"}, {R"([1,2,"a"])"}},
        Case{R"({"unevaluatedItems":{"type":"integer"},"allOf":[{"prefixItems":[{"type":"string"}]}]})", {R"(["a",1])"}, {R"(["a","b"])"}},
        Case{R"({"format":"email","contentEncoding":"base64"})", {"\"not an email\""}, {}}));

TEST(SchemaValidator, UnusableSchemasSayWhereAndWhy) {
  for (const char* schema :
       {R"({"type":"strnig"})", R"({"type":[]})", R"({"minimum":"1"})", R"({"required":"a"})", R"({"properties":[]})", R"({"allOf":[]})",
        R"({"allOf":{}})", R"({"multipleOf":0})", R"({"minLength":-1})", R"({"maxItems":1.5})", R"x({"pattern":"("})x",
        R"x({"pattern":"(?=a)"})x", R"({"patternProperties":{"[":true}})", R"({"items":5})", R"({"$ref":5})", R"(5)",
        R"({"$ref":"#/$defs/none"})", R"({"$ref":"https://example.com/schema"})", R"({"$ref":"other.json"})",
        R"({"$ref":"https://json-schema.org/draft/2020-12/schema"})", R"({"$schema":"http://json-schema.org/draft-07/schema#"})",
        R"({"$defs":{"a":{"$id":"x"},"b":{"$id":"x"}}})", R"({"enum":1})", R"({"uniqueItems":1})"})
    EXPECT_EQ(check(schema, "1").substr(0, 9), "unusable:") << schema;
  EXPECT_EQ(check(R"({"$schema":"https://json-schema.org/draft/2020-12/schema"})", "1"), "fits");
}

TEST(SchemaValidator, FaultsTellThePlace) {
  EXPECT_EQ(check(R"({"properties":{"a/b":{"items":{"type":"string"}}}})", R"({"a/b":["x",1]})"), "/a~1b/1 expected string");
  EXPECT_EQ(check(R"({"required":["city"]})", "{}"), "/city is missing");
}

TEST(SchemaValidator, CostIsBounded) {
  EXPECT_NE(check(R"({"$ref":"#"})", "1").find("too costly"), std::string::npos) << "a reference to itself";
  // Each level doubles the work: 2^40 applications without a bound.
  std::string explosive = R"({"$defs":{"d0":{"type":"string"})";
  for (int i = 1; i <= 40; ++i) {
    const std::string below = std::to_string(i - 1);
    explosive += ",\"d" + std::to_string(i) + R"(":{"anyOf":[{"$ref":"#/$defs/d)" + below + R"("},{"$ref":"#/$defs/d)" + below + "\"}]}";
  }
  explosive += R"(},"$ref":"#/$defs/d40"})";
  EXPECT_NE(check(explosive.c_str(), "1").find("too costly"), std::string::npos);
  std::string deep;
  for (int i = 0; i < 30; ++i) deep += R"({"not":)";
  deep += "true" + std::string(30, '}');
  SchemaLimits limits;
  limits.depth = 20;
  EXPECT_EQ(check(deep.c_str(), "1", limits).substr(0, 9), "unusable:");
}

/// `count` copies of a subschema, all of which apply.
std::string all_of(const std::string& subschema, int count) {
  std::string text = R"({"allOf":[)";
  for (int i = 0; i < count; ++i) text += (i == 0 ? "" : ",") + subschema;
  return text + "]}";
}

TEST(SchemaValidator, ComparingAndSearchingCountToo) {
  const auto costly = [](const std::string& schema, const std::string& instance) {
    return check(schema.c_str(), instance.c_str()).find("too costly") != std::string::npos;
  };
  std::string words = "[";
  for (int i = 0; i < 20'000; ++i) words += (i == 0 ? "" : ",") + ('"' + std::string(40, 'x') + std::to_string(i) + '"');
  words += "]";
  EXPECT_EQ(check(R"({"uniqueItems":true})", words.c_str()), "fits");
  EXPECT_TRUE(costly(all_of(R"({"uniqueItems":true})", 200), words));
  EXPECT_EQ(check((R"({"items":{"enum":)" + words + "}}").c_str(), R"(["none"])"), "/0 is none of the allowed values");
  EXPECT_TRUE(costly(R"({"items":{"enum":)" + words + "}}", words));
  EXPECT_TRUE(costly(R"({"$defs":{"c":{"const":)" + words + "}}," + all_of(R"({"$ref":"#/$defs/c"})", 500).substr(1), words));
  const std::string text = '"' + std::string(1'000'000, 'a') + '"';
  EXPECT_EQ(check(R"({"pattern":"a$","maxLength":2000000})", text.c_str()), "fits");
  EXPECT_TRUE(costly(all_of(R"({"pattern":"a$"})", 200), text));
  EXPECT_TRUE(costly(all_of(R"({"maxLength":2000000})", 500), text));
  EXPECT_TRUE(costly(R"({"items":)" + all_of(R"({"patternProperties":{"^a":true,"^b":true}})", 100) + "}",
                     "[" + std::string(R"({"a":1,"b":2,"c":3,"d":4,"e":5,"f":6,"g":7,"h":8})") +
                         [] {
                           std::string more;
                           for (int i = 0; i < 2'000; ++i)
                             more += R"(,{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6,"g":7,"h":8})";
                           return more;
                         }() + "]"));
}

TEST(SchemaValidator, PatternsAreLimitedInNumberAndSize) {
  std::string many = R"({"allOf":[)";
  for (int i = 0; i < 300; ++i) many += R"({"pattern":"x)" + std::to_string(i) + "\"},";
  EXPECT_NE(check((many + "true]}").c_str(), "1").find("too many patterns"), std::string::npos);
  EXPECT_EQ(check(all_of(R"({"pattern":"same"})", 300).c_str(), "1"), "fits") << "the same one counts once";
  std::string large = R"({"allOf":[)";
  for (int i = 0; i < 30; ++i) large += R"({"pattern":"\\p{L}{20}x)" + std::to_string(i) + "\"},";
  EXPECT_NE(check((large + "true]}").c_str(), "1").find("patterns are too large"), std::string::npos);
}

TEST(SchemaValidator, AChainOfReferencesNeedsNoStack) {
  json::object definitions;
  for (int i = 0; i < 9'000; ++i)
    definitions["a" + std::to_string(i)] = json::object({{"$ref", "#/$defs/a" + std::to_string(i + 1)}});
  definitions["a9000"] = true;
  json::value schema = json::object({{"$defs", std::move(definitions)}, {"$ref", "#/$defs/a0"}});
  bool usable = false;
  std::string said;
  struct Job {
    const json::value& schema;
    bool& usable;
    std::string& said;
  } job{schema, usable, said};
  pthread_attr_t attributes;
  ASSERT_EQ(pthread_attr_init(&attributes), 0);
  ASSERT_EQ(pthread_attr_setstacksize(&attributes, 512 * 1024), 0);
  pthread_t thread;
  const auto body = [](void* of) -> void* {
    const Job& work = *static_cast<Job*>(of);
    const auto compiled = SchemaValidator::compile(work.schema);
    work.usable = static_cast<bool>(compiled);
    if (compiled) work.said = compiled->validate(json::value(1)).front().message;
    return nullptr;
  };
  ASSERT_EQ(pthread_create(&thread, &attributes, body, &job), 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
  EXPECT_TRUE(usable);
  EXPECT_EQ(said, "is too costly to check against this schema");
}

TEST(SchemaValidator, ItemsAreEqualAsNumbersAre) {
  EXPECT_NE(check(R"({"uniqueItems":true})", "[1, 1.0]"), "fits");
  EXPECT_NE(check(R"({"uniqueItems":true})", "[100000000000000000, 1e17]"), "fits");
  EXPECT_NE(check(R"({"uniqueItems":true})", "[10000000000000000000, 1e19]"), "fits");
  EXPECT_EQ(check(R"({"uniqueItems":true})", "[1e19, 1e20, -1e19, 1.5]"), "fits");
}

TEST(SchemaValidator, NothingInsideConstOrEnumIsASchema) {
  EXPECT_EQ(check(R"({"const":{"$id":"https://a.example/x","$ref":"nowhere"}})", R"({"$id":"https://a.example/x","$ref":"nowhere"})"),
            "fits");
}

}  // namespace
}  // namespace leanmcp
