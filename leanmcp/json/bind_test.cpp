#include <leanmcp/json/bind.hpp>
#include <leanmcp/json/schema.hpp>
#include <leanmcp/json/write.hpp>

#include <boost/describe.hpp>
#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace leanmcp {

namespace bind_test {

enum class Colour { red, green };
BOOST_DESCRIBE_ENUM(Colour, red, green)

struct Base {
  std::string id;
};
BOOST_DESCRIBE_STRUCT(Base, (), (id))

struct Inner {
  int number = 0;
  std::optional<std::string> note;
};
BOOST_DESCRIBE_STRUCT(Inner, (), (number, note))

struct Everything : Base {
  bool flag = false;
  std::int8_t tiny = 0;
  std::uint8_t byte = 0;
  std::int64_t big = 0;
  std::uint64_t huge = 0;
  double real = 0;
  float small = 0;
  std::string text;
  Colour colour = Colour::red;
  std::optional<int> maybe;
  std::vector<int> list;
  std::map<std::string, Inner> map;
  std::variant<int, std::string> either;
  std::chrono::sys_time<std::chrono::milliseconds> when;
  json::value any;
  Inner inner;
};
BOOST_DESCRIBE_STRUCT(Everything, (Base),
                      (flag, tiny, byte, big, huge, real, small, text, colour, maybe, list, map, either, when, any, inner))

struct Order {
  std::string item;
  int quantity = 1;
  std::optional<std::string> note;
};
BOOST_DESCRIBE_STRUCT(Order, (), (item, quantity, note))

struct Tree {
  std::string name;
  std::vector<Tree> children;
};
BOOST_DESCRIBE_STRUCT(Tree, (), (name, children))

struct Ambiguous {
  std::variant<int, double> either;
};
BOOST_DESCRIBE_STRUCT(Ambiguous, (), (either))

struct Words {
  std::string id;
  std::optional<bool> flag;
  std::optional<std::int8_t> tiny;
  std::optional<std::int64_t> big;
  std::optional<double> real;
  std::optional<std::string> text;
  std::optional<Colour> colour;
  std::optional<Inner> inner;
};
BOOST_DESCRIBE_STRUCT(Words, (), (id, flag, tiny, big, real, text, colour, inner))

/// Alternatives of different kinds, and of the same kind, one inside the other.
struct Leaf {
  int value = 0;
};
BOOST_DESCRIBE_STRUCT(Leaf, (), (value))
struct Nest {
  std::variant<Leaf, std::vector<Nest>> node;
};
BOOST_DESCRIBE_STRUCT(Nest, (), (node))
struct Twin {
  std::variant<std::vector<Leaf>, std::vector<Twin>, std::vector<std::string>> node;
};
BOOST_DESCRIBE_STRUCT(Twin, (), (node))

}  // namespace bind_test

namespace {

using namespace bind_test;

constexpr const char* everything = R"({"id":"x","flag":true,"tiny":-128,"byte":255,"big":-9223372036854775808,
  "huge":18446744073709551615,"real":1.5,"small":0.5,"text":"caf\u00e9","colour":"green","maybe":3,"list":[1,2],
  "map":{"a/b":{"number":1}},"either":"s","when":"2026-02-28T10:00:00.5Z","any":[null],"inner":{"number":7,"note":"n"}})";

template <class T>
std::string faults(std::string_view text, const FieldRules& rules = {}) {
  T object{};
  std::string out;
  for (const auto& fault : bind_value(type_info<T>(), &object, json::parse(text), rules))
    out += fault.pointer + " " + fault.message + "\n";
  return out;
}

TEST(Bind, RoundTripOfEveryType) {
  Everything object;
  const json::value in = json::parse(everything);
  ASSERT_TRUE(bind_value(type_info<Everything>(), &object, in, {}).empty()) << faults<Everything>(everything);
  EXPECT_EQ(object.id, "x");
  EXPECT_EQ(object.tiny, -128);
  EXPECT_EQ(object.byte, 255);
  EXPECT_EQ(object.big, std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(object.huge, std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(object.colour, Colour::green);
  EXPECT_EQ(object.map.at("a/b").number, 1);
  EXPECT_EQ(std::get<std::string>(object.either), "s");
  EXPECT_EQ(object.when.time_since_epoch().count(), 1772272800500);
  json::value expected = in;
  expected.as_object()["when"] = "2026-02-28T10:00:00.500Z";
  EXPECT_EQ(json_text(type_info<Everything>(), &object), json_text(expected));
  EXPECT_EQ(json_text(to_json(type_info<Everything>(), &object)), json_text(expected));
}

TEST(Bind, EveryFaultAtOnceWithItsPlace) {
  const std::string all = faults<Everything>(
      R"({"flag":1,"tiny":128,"byte":-1,"big":9223372036854775808,"huge":-1,"real":"x","small":1e300,"text":5,
          "colour":"blue","maybe":2.5,"list":[1,"b",3.5],"map":{"a/b~c":{"number":"x"}},"either":true,"when":"yesterday",
          "any":1,"inner":{"note":7,"more":1},"extra":0})");
  for (const char* line : {"/id is missing", "/flag expected boolean", "/tiny out of range", "/byte out of range",
                           "/big out of range", "/huge out of range", "/real expected number", "/small out of range",
                           "/text expected string", "/colour expected one of red, green", "/maybe expected integer",
                           "/list/1 expected integer", "/list/2 expected integer", "/map/a~1b~0c/number expected integer",
                           "/either expected one of the alternatives", "/when expected date-time", "/inner/note expected string",
                           "/inner/more is unknown", "/inner/number is missing", "/extra is unknown"})
    EXPECT_NE(all.find(line), std::string::npos) << line << " in\n" << all;
}

TEST(Bind, IntegersMayBeWrittenAsWholeNumbers) {
  EXPECT_EQ(faults<Order>(R"({"item":"a","quantity":2.0})"), "");
  EXPECT_EQ(faults<Order>(R"({"item":"a","quantity":2.5})"), "/quantity expected integer\n");
  EXPECT_EQ(faults<Order>(R"({"item":"a","quantity":1e30})"), "/quantity out of range\n");
  EXPECT_EQ(faults<Order>(R"({"item":"a","quantity":4294967296})"), "/quantity out of range\n");
  EXPECT_EQ(faults<Order>(R"({"item":"a","quantity":true})"), "/quantity expected integer\n");
}

TEST(Bind, DefaultsComeFromInitialisers) {
  Order order;
  EXPECT_TRUE(bind_value(type_info<Order>(), &order, json::parse(R"({"item":"a"})"), {}).empty());
  EXPECT_EQ(order.quantity, 1);
  EXPECT_FALSE(order.note);
  EXPECT_EQ(faults<Order>("{}"), "/item is missing\n");
  EXPECT_EQ(faults<Order>("[]"), "/ expected object\n");
  EXPECT_EQ(faults<Order>(R"({"item":"a","note":null})"), "");
}

TEST(Bind, RulesAreChecked) {
  const FieldRules rules = {field<&Order::quantity>("How many", min(1), max(99)),
                            field<&Order::item>("What", min_length(2), max_length(4), pattern("^[a-z\u00e9]+$"))};
  EXPECT_EQ(faults<Order>(R"({"item":"caf\u00e9","quantity":99})", rules), "");
  EXPECT_EQ(faults<Order>(R"({"item":"a","quantity":0})", rules),
            "/item must have at least 2 characters\n/quantity must be at least 1\n");
  EXPECT_EQ(faults<Order>(R"({"item":"ABC","quantity":100})", rules),
            "/item must match ^[a-z\u00e9]+$\n/quantity must be at most 99\n");
}

TEST(Bind, AskUserIsNoArgument) {
  const FieldRules rules = {field<&Order::note>("Note", ask_user())};
  EXPECT_EQ(faults<Order>(R"({"item":"a","note":"n"})", rules), "/note is for the user to answer and cannot be passed\n");
  const auto made = schema(type_info<Order>(), rules, SchemaPurpose::input);
  ASSERT_TRUE(made);
  EXPECT_FALSE(made->at("properties").as_object().contains("note"));
}

TEST(Bind, DepthAndSizeAreBounded) {
  std::string deep;
  for (int i = 0; i < 60; ++i) deep += R"({"name":"n","children":[)";
  for (int i = 0; i < 60; ++i) deep += "]}";
  json::parse_options options;
  options.max_depth = 1000;
  Tree tree;
  const auto found = bind_value(type_info<Tree>(), &tree, json::parse(deep, {}, options), {});
  ASSERT_FALSE(found.empty());
  EXPECT_EQ(found.front().message, "nested too deeply");
  BindLimits limits;
  limits.string_bytes = 3;
  Order order;
  EXPECT_EQ(bind_value(type_info<Order>(), &order, json::parse(R"({"item":"long"})"), {}, limits).front().message, "too long");
}

TEST(Bind, VariantMustFitExactlyOne) {
  EXPECT_EQ(faults<Ambiguous>(R"({"either":1})"), "/either fits more than one alternative\n");
  EXPECT_EQ(faults<Ambiguous>(R"({"either":1.5})"), "");
}

TEST(Bind, AnAlternativeOfItsOwnKindTellsItsFaults) {
  EXPECT_EQ(faults<Nest>(R"({"node":{"value":"x"}})"), "/node/value expected integer\n");
  EXPECT_EQ(faults<Nest>(R"({"node":[{"node":{"value":1}},{"node":{"valu":1}}]})"),
            "/node/1/node/value is missing\n/node/1/node/valu is unknown\n");
  EXPECT_EQ(faults<Nest>(R"({"node":"x"})"), "/node expected one of the alternatives\n");
}

TEST(Bind, AlternativesInsideAlternativesCostNoMoreThanTheLimit) {
  std::string text = R"({"node":["x"]})";
  for (int i = 0; i < 9; ++i) text = R"({"node":[)" + text + "]}";
  Twin twin;
  EXPECT_TRUE(bind_value(type_info<Twin>(), &twin, json::parse(text), {}).empty());
  BindLimits limits;
  limits.steps = 100;
  const auto found = bind_value(type_info<Twin>(), &twin, json::parse(text), {}, limits);
  ASSERT_FALSE(found.empty());
  EXPECT_EQ(found.front().message, "too costly to read");

  // Where the kind decides, each value is looked at once.
  std::string nested = R"({"node":{"value":1}})";
  for (int i = 0; i < 9; ++i) nested = R"({"node":[)" + nested + "]}";
  limits.steps = 50;
  Nest nest;
  EXPECT_TRUE(bind_value(type_info<Nest>(), &nest, json::parse(nested), {}, limits).empty());
}

TEST(Bind, TextsMayStandForNumbersAndBooleans) {
  const auto bound = [](const char* text) {
    Words object;
    const auto found = bind_texts(type_info<Words>(), &object, json::parse(text), {});
    std::string out;
    for (const auto& fault : found) out += fault.pointer + " " + fault.message + "\n";
    return out.empty() ? json_text(type_info<Words>(), &object) : out;
  };
  const std::string good = bound(R"({"id":"7","flag":"true","tiny":"-3","big":"9007199254740993","real":"1.5","text":"8",
                                     "colour":"green"})");
  for (const char* const part : {R"("id":"7")", R"("flag":true)", R"("tiny":-3)", R"("big":9007199254740993)",
                                 R"("real":1.5)", R"("text":"8")", R"("colour":"green")"})
    EXPECT_NE(good.find(part), std::string::npos) << part << " in " << good;
  EXPECT_EQ(bound(R"({"id":"7","flag":"yes"})"), "/flag expected boolean\n");
  EXPECT_EQ(bound(R"({"id":"7","tiny":"3 "})").find("expected"), std::string::npos) << "white space is JSON's";
  EXPECT_EQ(bound(R"({"id":"7","tiny":"300"})"), "/tiny out of range\n");
  EXPECT_EQ(bound(R"({"id":"7","tiny":"true"})"), "/tiny expected integer\n");
  EXPECT_EQ(bound(R"({"id":"7","tiny":""})"), "/tiny expected integer\n");
  EXPECT_EQ(bound(R"({"id":"7","inner":{"number":"1"}})"), "/inner/number expected integer\n") << "outermost ones only";
  EXPECT_EQ(bound(R"({"id":"7","tiny":3})").find("expected"), std::string::npos) << "numbers may be numbers";
}

TEST(Bind, FloatsAreWrittenAsShortAsTheyAre) {
  Everything object;
  object.small = 9.99F;
  EXPECT_NE(json_text(type_info<Everything>(), &object).find(R"("small":9.99,)"), std::string::npos)
      << json_text(type_info<Everything>(), &object);
}

TEST(Write, WhatIsNoUtf8IsReplaced) {
  const auto written = [](std::string_view text) {
    std::string out;
    append_json_string(out, text);
    return out;
  };
  EXPECT_EQ(written("caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x8d\xb5\n\"\x01"),
            "\"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x8d\xb5\\n\\\"\\u0001\"");
  const std::string mark = "\xEF\xBF\xBD";
  EXPECT_EQ(written("a\xff" "b"), "\"a" + mark + "b\"");
  EXPECT_EQ(written("\xc3"), "\"" + mark + "\"") << "cut off";
  EXPECT_EQ(written("\xc0\xaf"), "\"" + mark + mark + "\"") << "overlong";
  EXPECT_EQ(written("\xed\xa0\x80"), "\"" + mark + mark + mark + "\"") << "half of a surrogate pair";
  EXPECT_EQ(written("\xf4\x90\x80\x80"), "\"" + mark + mark + mark + mark + "\"") << "beyond U+10FFFF";
  EXPECT_EQ(written("\xe2\x82" "x"), "\"" + mark + mark + "x\"");
}

TEST(Bind, NotANumberBecomesNull) {
  Everything object;
  object.real = std::nan("");
  EXPECT_TRUE(to_json(type_info<Everything>(), &object).at("real").is_null());
}

// The same text on every compiler: clients cache it.
TEST(Schema, OfAnInput) {
  const FieldRules rules = {field<&Order::quantity>("How many", min(1), max(99), header("Quantity"))};
  const auto made = schema(type_info<Order>(), rules, SchemaPurpose::input);
  ASSERT_TRUE(made);
  EXPECT_EQ(json::serialize(*made),
            R"({"type":"object","properties":{"item":{"type":"string"},"quantity":{"type":"integer","minimum":1,)"
            R"("maximum":99,"description":"How many","x-mcp-header":"Quantity","default":1},"note":{"type":"string"}},)"
            R"("required":["item"],"additionalProperties":false})");
}

TEST(Schema, OfAnOutput) {
  const auto made = schema(type_info<Order>(), {}, SchemaPurpose::output);
  ASSERT_TRUE(made);
  EXPECT_EQ(json::serialize(made->at("required")), R"(["item","quantity"])");
  EXPECT_FALSE(made->contains("additionalProperties"));
}

TEST(Schema, RecursiveTypesUseDefinitions) {
  const auto made = schema(type_info<Tree>(), {}, SchemaPurpose::output);
  ASSERT_TRUE(made);
  EXPECT_EQ(made->at("type"), "object");
  EXPECT_EQ(made->at("properties").at("children").at("items").at("$ref"), "#/$defs/T0");
  EXPECT_TRUE(made->at("$defs").as_object().contains("T0"));
}

TEST(Schema, HeadersOnTheWrongPlaceAreRefused) {
  const auto problem = [](const char* text) {
    const auto checked = check_header_annotations(json::parse(text).as_object());
    return checked ? std::string() : checked.error().message();
  };
  EXPECT_EQ(problem(R"({"properties":{"a":{"type":"string","x-mcp-header":"A"},"o":{"properties":{"b":{"type":"integer","x-mcp-header":"B"}}}}})"), "");
  EXPECT_NE(problem(R"({"properties":{"a":{"type":"number","x-mcp-header":"A"}}})"), "");
  EXPECT_NE(problem(R"({"properties":{"a":{"type":"string","x-mcp-header":""}}})"), "");
  EXPECT_NE(problem(R"({"properties":{"a":{"type":"string","x-mcp-header":"A\r\nB"}}})"), "");
  EXPECT_NE(problem(R"({"properties":{"a":{"type":"string","x-mcp-header":"A"},"b":{"type":"string","x-mcp-header":"a"}}})"), "");
  EXPECT_NE(problem(R"({"properties":{"a":{"items":{"type":"string","x-mcp-header":"A"}}}})"), "");
  EXPECT_NE(problem(R"({"anyOf":[{"properties":{"a":{"type":"string","x-mcp-header":"A"}}}]})"), "");
}

}  // namespace
}  // namespace leanmcp
