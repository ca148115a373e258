#include <leanmcp/protocol/form.hpp>

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace leanmcp {
namespace {

json::value parsed(std::string_view text) { return json::parse(text); }

/// The schema of a form's only field.
json::value property(const Form& form, Version version) {
  return form.requested_schema(version).at("properties").at(form.field_names().front());
}

constexpr Version old_shape = Version::v2025_06_18;
constexpr Version new_shapes[] = {Version::v2025_11_25, Version::v2026_07_28};

TEST(FormSchema, TheUpgradeFormOfEachRevision) {
  const Form form = Form("Upgrade to Premium")
                        .select("plan", "Select Plan")
                        .option("monthly", "Monthly - $9.99/mo")
                        .option("yearly", "Yearly - $99/yr (save 17%)")
                        .required()
                        .boolean("confirm", "I agree to the terms of service")
                        .required();
  EXPECT_EQ(json::value(form.requested_schema(old_shape)), parsed(R"j({
    "type": "object",
    "properties": {
      "plan": {"type": "string", "title": "Select Plan", "enum": ["monthly", "yearly"],
               "enumNames": ["Monthly - $9.99/mo", "Yearly - $99/yr (save 17%)"]},
      "confirm": {"type": "boolean", "title": "I agree to the terms of service"}},
    "required": ["plan", "confirm"]})j"));
  EXPECT_EQ(form.requested_schema(Version::v2025_03_26), form.requested_schema(old_shape));
  for (const Version version : new_shapes)
    EXPECT_EQ(json::value(form.requested_schema(version)), parsed(R"j({
    "type": "object",
    "properties": {
      "plan": {"type": "string", "title": "Select Plan",
               "oneOf": [{"const": "monthly", "title": "Monthly - $9.99/mo"},
                         {"const": "yearly", "title": "Yearly - $99/yr (save 17%)"}]},
      "confirm": {"type": "boolean", "title": "I agree to the terms of service"}},
    "required": ["plan", "confirm"]})j"));
}

TEST(FormSchema, OnlyTheFieldsAskedForInTheFormsOrder) {
  const Form form = Form("x").text("a").required().text("b").text("c").required();
  EXPECT_EQ(json::value(form.requested_schema(Version::v2026_07_28, {"c", "b", "unknown"})), parsed(R"j({
    "type": "object", "properties": {"b": {"type": "string"}, "c": {"type": "string"}}, "required": ["c"]})j"));
  const json::object schema = form.requested_schema(Version::v2026_07_28, {"c", "b"});
  EXPECT_EQ(json::serialize(schema.at("properties")), R"j({"b":{"type":"string"},"c":{"type":"string"}})j");
  EXPECT_FALSE(form.requested_schema(Version::v2026_07_28, {"b"}).contains("required"));
  EXPECT_EQ(form.describe_fields({"c"}).size(), 1U);
}

TEST(FormSchema, PlainTypesAreTheSameInEachRevision) {
  const std::pair<Form, const char*> cases[] = {
      {Form("x").text("a").min_length(3).max_length(50), R"j({"type": "string", "minLength": 3, "maxLength": 50})j"},
      {Form("x").textarea("a", "Bio"), R"j({"type": "string", "title": "Bio"})j"},
      {Form("x").email("a"), R"j({"type": "string", "format": "email"})j"},
      {Form("x").url("a"), R"j({"type": "string", "format": "uri"})j"},
      {Form("x").date("a"), R"j({"type": "string", "format": "date"})j"},
      {Form("x").datetime("a"), R"j({"type": "string", "format": "date-time"})j"},
      {Form("x").number("a").min(-1.5).max(100), R"j({"type": "number", "minimum": -1.5, "maximum": 100})j"},
      {Form("x").integer("a").min(18), R"j({"type": "integer", "minimum": 18})j"},
      {Form("x").boolean("a").default_value(true), R"j({"type": "boolean", "default": true})j"},
      {Form("x").select("a").option("red").option("green", "green"),
       R"j({"type": "string", "enum": ["red", "green"]})j"},
      {Form("x").text("a").pattern("^x$", "must be x"), R"j({"type": "string"})j"},
      {Form("x").select("a").option("b", "B").legacy_titles(),
       R"j({"type": "string", "enum": ["b"], "enumNames": ["B"]})j"},
  };
  for (const auto& [form, schema] : cases) {
    EXPECT_TRUE(form.check()) << form.check().error().message();
    for (const Version version : supported_versions) EXPECT_EQ(property(form, version), parsed(schema)) << schema;
  }
}

TEST(FormSchema, WholeBoundsHaveNoExponent) {
  EXPECT_EQ(json::serialize(property(Form("x").number("a").min(0).max(1e6).default_value(2.0), Version::v2026_07_28)),
            R"j({"type":"number","minimum":0,"maximum":1000000,"default":2})j");
}

TEST(FormSchema, ListsCameWithSep1330) {
  const Form plain = Form("x").multiselect("a").option("red").option("green").min_items(1).max_items(2);
  const Form titled =
      Form("x").multiselect("a", "Colors").description("Choose some").option("#f00", "Red").option("#0f0", "Green");
  for (const Version version : new_shapes) {
    EXPECT_EQ(property(plain, version), parsed(R"j({"type": "array", "minItems": 1, "maxItems": 2,
      "items": {"type": "string", "enum": ["red", "green"]}})j"));
    EXPECT_EQ(property(titled, version), parsed(R"j({"type": "array", "title": "Colors", "description": "Choose some",
      "items": {"anyOf": [{"const": "#f00", "title": "Red"}, {"const": "#0f0", "title": "Green"}]}})j"));
  }
  EXPECT_EQ(property(titled, old_shape), parsed(R"j({"type": "string", "title": "Colors",
    "description": "Choose some. Any of these, separated by commas: #f00 (Red), #0f0 (Green)"})j"));
}

TEST(FormSchema, ARequiredListHasAChoice) {
  const Form form = Form("x").multiselect("a").option("b").required();
  EXPECT_EQ(property(form, Version::v2026_07_28).at("minItems"), json::value(1));
}

TEST(FormSchema, DefaultsCameWithSep1034) {
  const Form form = Form("x")
                        .text("name")
                        .default_value("John Doe")
                        .integer("age")
                        .default_value(30)
                        .number("score")
                        .default_value(95.5)
                        .select("status")
                        .option("active")
                        .option("inactive")
                        .default_value("active")
                        .multiselect("tags")
                        .option("x")
                        .default_value({"x"})
                        .boolean("verified")
                        .default_value(true);
  ASSERT_TRUE(form.check()) << form.check().error().message();
  for (const Version version : new_shapes) {
    const json::object schema = form.requested_schema(version);
    const json::object& properties = schema.at("properties").get_object();
    EXPECT_EQ(properties.at("name").at("default"), json::value("John Doe"));
    EXPECT_EQ(properties.at("age").at("default"), json::value(30));
    EXPECT_EQ(properties.at("score").at("default"), json::value(95.5));
    EXPECT_EQ(properties.at("status").at("default"), json::value("active"));
    EXPECT_EQ(properties.at("tags").at("default"), json::value(json::array{"x"}));
    EXPECT_EQ(properties.at("verified").at("default"), json::value(true));
  }
  const json::object old = form.requested_schema(old_shape);
  for (const auto& [name, schema] : old.at("properties").get_object())
    EXPECT_EQ(schema.get_object().contains("default"), name == "verified") << name;
}

TEST(FormSchema, HelpAndPlaceholderGoIntoTheDescription) {
  const Form form = Form("x").text("a").description("Your name").help("As in the passport.").placeholder("Mona Lisa");
  EXPECT_EQ(property(form, Version::v2026_07_28).at("description"),
            json::value("Your name. As in the passport. Example: Mona Lisa"));
  EXPECT_EQ(property(Form("x").text("a").placeholder("Mona"), old_shape).at("description"),
            json::value("Example: Mona"));
  // No link that a client might make clickable.
  const Form link = Form("x").url("a").placeholder("https://example.com");
  EXPECT_FALSE(property(link, Version::v2026_07_28).get_object().contains("description"));
}

TEST(FormSchema, ToolsGetFullJsonSchema) {
  const Form form = Form("x")
                        .select("plan", "Plan")
                        .option("monthly", "Monthly - $9.99")
                        .option("yearly")
                        .default_value("yearly")
                        .multiselect("tags")
                        .option("a", "A")
                        .required()
                        .text("code")
                        .pattern("^[A-Z]{3}$")
                        .min_length(3)
                        .datetime("at");
  EXPECT_EQ(json::value(form.property_schema("plan")), parsed(R"j({"type": "string", "title": "Plan",
    "description": "One of: monthly (Monthly - $9.99), yearly", "enum": ["monthly", "yearly"], "default": "yearly"})j"));
  EXPECT_EQ(json::value(form.property_schema("tags")), parsed(R"j({"type": "array", "description": "Any of: a (A)",
    "minItems": 1, "uniqueItems": true, "items": {"type": "string", "enum": ["a"]}})j"));
  EXPECT_EQ(json::value(form.property_schema("code")),
            parsed(R"j({"type": "string", "minLength": 3, "pattern": "^[A-Z]{3}$"})j"));
  EXPECT_EQ(json::value(form.property_schema("at")), parsed(R"j({"type": "string", "format": "date-time"})j"));
  EXPECT_TRUE(form.property_schema("nobody").empty());
}

TEST(FormSchema, FieldsAsDataForCallersThatCannotAsk) {
  const Form form = Form("x")
                        .select("plan", "Select Plan")
                        .option("monthly", "Monthly - $9.99")
                        .option("yearly")
                        .required()
                        .default_value("yearly")
                        .text("name")
                        .description("Your name")
                        .help("As in the passport")
                        .placeholder("Mona")
                        .min_length(2)
                        .max_length(9)
                        .pattern("^M", "must begin with M")
                        .integer("age")
                        .min(18)
                        .max(99)
                        .error_text("must be an adult's")
                        .multiselect("tags")
                        .option("a")
                        .min_items(0)
                        .max_items(1)
                        .boolean("confirm", "I agree")
                        .ask_user();
  EXPECT_EQ(json::value(form.describe_fields()), parsed(R"j([
    {"name": "plan", "type": "select", "label": "Select Plan", "required": true, "defaultValue": "yearly",
     "options": [{"value": "monthly", "label": "Monthly - $9.99"}, {"value": "yearly", "label": "yearly"}]},
    {"name": "name", "type": "text", "label": "name", "required": false, "description": "Your name",
     "helpText": "As in the passport", "placeholder": "Mona",
     "validation": {"minLength": 2, "maxLength": 9, "pattern": "^M", "errorMessage": "must begin with M"}},
    {"name": "age", "type": "integer", "label": "age", "required": false,
     "validation": {"min": 18, "max": 99, "errorMessage": "must be an adult's"}},
    {"name": "tags", "type": "multiselect", "label": "tags", "required": false,
     "options": [{"value": "a", "label": "a"}], "validation": {"minItems": 0, "maxItems": 1}},
    {"name": "confirm", "type": "boolean", "label": "I agree", "required": false, "askUser": true}])j"));
}

TEST(FormSchema, EveryTypeHasItsName) {
  const std::pair<FieldType, const char*> names[] = {{FieldType::text, "text"},
                                                     {FieldType::textarea, "textarea"},
                                                     {FieldType::number, "number"},
                                                     {FieldType::integer, "integer"},
                                                     {FieldType::boolean, "boolean"},
                                                     {FieldType::select, "select"},
                                                     {FieldType::multiselect, "multiselect"},
                                                     {FieldType::date, "date"},
                                                     {FieldType::datetime, "datetime"},
                                                     {FieldType::email, "email"},
                                                     {FieldType::url, "url"}};
  for (const auto& [type, name] : names) EXPECT_EQ(to_string(type), name);
}

}  // namespace
}  // namespace leanmcp
