#include "everything.hpp"

#include <leanmcp/base/encoding.hpp>

#include <boost/describe.hpp>

#include <atomic>
#include <memory>
#include <stdexcept>

using namespace leanmcp;
using namespace std::chrono_literals;

namespace {

const std::string& pixel() {
  static const std::string bytes = *base64_decode(
      "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==");
  return bytes;
}

const std::string& silence() {
  static const std::string bytes =
      *base64_decode("UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA=");
  return bytes;
}

struct TwoArguments {
  std::string arg1;
  std::string arg2;
};
BOOST_DESCRIBE_STRUCT(TwoArguments, (), (arg1, arg2))

struct ResourceArgument {
  std::string resourceUri;
};
BOOST_DESCRIBE_STRUCT(ResourceArgument, (), (resourceUri))

struct ItemId {
  std::string id;
};
BOOST_DESCRIBE_STRUCT(ItemId, (), (id))

struct RegionQuery {
  std::string region;
  std::string query;
  std::int64_t limit = 10;
  bool dry_run = false;
};
BOOST_DESCRIBE_STRUCT(RegionQuery, (), (region, query, limit, dry_run))

struct Shipping {
  std::string city;
  std::string zip;
};
BOOST_DESCRIBE_STRUCT(Shipping, (), (city, zip))

struct TypedOrder {
  int count;
  Shipping ship;
  std::optional<std::string> note;
};
BOOST_DESCRIBE_STRUCT(TypedOrder, (), (count, ship, note))

struct Pause {
  int ms = 1000;
};
BOOST_DESCRIBE_STRUCT(Pause, (), (ms))

struct Repeated {
  std::string word;
  int times = 1;
};
BOOST_DESCRIBE_STRUCT(Repeated, (), (word, times))

struct Done {
  bool ok = false;
};
BOOST_DESCRIBE_STRUCT(Done, (), (ok))

Task<std::string> with_logging(Context& ctx) {
  ctx.log(McpLevel::info, "Tool execution started");
  co_await sleep_for(50ms);
  ctx.log(McpLevel::info, "Tool processing data");
  co_await sleep_for(50ms);
  ctx.log(McpLevel::info, "Tool execution completed");
  co_return "Tool with logging executed successfully";
}

Task<std::string> with_progress(Context& ctx) {
  for (const int done : {0, 50, 100}) {
    if (done != 0) co_await sleep_for(50ms);
    ctx.progress(done, 100, "Completed step " + std::to_string(done) + " of 100");
  }
  co_return "Done";
}

Task<std::string> reconnection(Context& ctx) {
  ctx.close_stream(500);
  co_await sleep_for(100ms);
  co_return "The stream was closed on the way and the client came back for this.";
}

Task<std::string> streaming(Context& ctx) {
  ctx.progress(50, 100, "Half way");
  co_await sleep_for(10ms);
  ctx.progress(100, 100, "There");
  co_return "Streaming complete";
}

Task<std::string> pause(Pause input) {
  co_await sleep_for(std::chrono::milliseconds(input.ms));
  co_return "Awake";
}

std::string throws() { throw std::runtime_error("This tool intentionally fails"); }

void add_tools(Server& server) {
  server
      .tool("test_simple_text", [] { return "This is a simple text response for testing."; },
            description("A simple text"), nonblocking())
      .tool("test_image_content", [] { return Content::image(pixel(), "image/png"); }, description("An image"))
      .tool("test_audio_content", [] { return Content::audio(silence(), "audio/wav"); }, description("A sound"))
      .tool("test_embedded_resource",
            [] { return Content::resource_text("test://embedded-resource", "This is an embedded resource content."); },
            description("A resource inside a result"))
      .tool("test_multiple_content_types",
            [] {
              return ToolResult("Multiple content types test:")
                  .with(Content::image(pixel(), "image/png"))
                  .with(Content::resource_text("test://mixed-content-resource", R"({"test":"data","value":123})",
                                               "application/json"));
            },
            description("Text, image and resource in one result"))
      .tool("test_tool_with_logging", &with_logging, description("Logs while it works"))
      .tool("test_tool_with_progress", &with_progress, description("Reports progress"))
      .tool("test_error_handling", &throws, description("Fails by an exception"))
      .tool("test_reconnection", &reconnection, description("Closes its stream in the middle of the call"))
      .tool("test_streaming_elicitation", &streaming, description("Streams progress before its result"))
      .tool("test_logging_tool",
            [](Context& ctx) {
              ctx.log(McpLevel::info, "Diagnostic trace logging activated");
              return "Logging evaluated";
            },
            description("Logs one line"))
      .tool("test_x_mcp_header",
            [](const RegionQuery& input) { return "Region " + input.region + ": " + input.query; },
            description("Arguments that are repeated in headers"),
            field<&RegionQuery::region>("Where to run the query", header("Region")),
            field<&RegionQuery::limit>("How many rows", header("Limit"), min(1), max(1000)),
            field<&RegionQuery::dry_run>("Only look", header("Dry-Run")))
      .raw_tool("json_schema_2020_12_tool", R"({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "$defs": {"address": {"$anchor": "addressDef", "type": "object",
                              "properties": {"street": {"type": "string"}, "city": {"type": "string"}}}},
        "properties": {"name": {"type": "string"}, "address": {"$ref": "#/$defs/address"},
                       "contactMethod": {"type": "string", "enum": ["phone", "email"]},
                       "phone": {"type": "string"}, "email": {"type": "string"}},
        "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
        "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
        "then": {"required": ["phone"]},
        "else": {"required": ["email"]},
        "additionalProperties": false})",
                "", [](const json::value&) { return "JSON Schema 2020-12 tool called"; },
                description("A schema written by hand"));
}

void add_typed(Server& server) {
  const auto runs = std::make_shared<std::atomic<int>>(0);
  server
      .tool("test_typed",
            [runs](const TypedOrder&) {
              ++*runs;
              return Done{true};
            },
            description("Takes nested, bounded arguments"), field<&TypedOrder::count>("How many", min(1), max(99)))
      .tool("test_typed_count", [runs] { return std::to_string(runs->load()); },
            description("How often test_typed has run"))
      .tool("test_list", [] { return std::vector<Done>{Done{true}, Done{false}}; }, description("A list as the result"))
      .tool("test_pause", &pause, description("Waits"), field<&Pause::ms>("How long", min(0), max(60'000)))
      .tool("test_touch_resource",
            [](Context& ctx) {
              ctx.resource_updated("test://watched-resource");
              return "Touched";
            },
            description("Says that the watched resource has changed"))
      .tool("test_throws", []() -> std::string { throw std::runtime_error("secret-detail-5f2c"); },
            description("Throws an exception whose text must not be seen"));
}

void add_resources(Server& server) {
  server
      .resource("test://static-text", "static-text",
                [] { return "This is the content of the static text resource."; }, title("Static Text Resource"),
                description("A static text"), mime_type("text/plain"), cache(300'000, false))
      .resource("test://static-binary", "static-binary",
                [] { return ResourceResult().blob("test://static-binary", pixel(), "image/png"); },
                title("Static Binary Resource"), description("A static image"), mime_type("image/png"),
                cache(300'000, false))
      .resource("test://watched-resource", "watched-resource", [] { return "Watched resource content"; },
                title("Watched Resource"), description("A resource to subscribe to"), mime_type("text/plain"))
      .resource_template("test://template/{id}/data", "template",
                         [](const ItemId& item) {
                           return R"({"id":")" + item.id + R"(","templateTest":true,"data":"Data for ID: )" + item.id +
                                  "\"}";
                         },
                         title("Resource Template"), description("A resource with a parameter"),
                         mime_type("application/json"));
}

void add_prompts(Server& server) {
  const auto colours = [](const std::string& typed, const std::string&) {
    std::vector<std::string> fitting;
    for (const char* colour : {"red", "green", "blue"})
      if (std::string_view(colour).starts_with(typed)) fitting.emplace_back(colour);
    return fitting;
  };
  server
      .prompt("test_simple_prompt", [] { return "This is a simple prompt for testing."; }, title("Simple Test Prompt"),
              description("A simple prompt without arguments"))
      .prompt("test_prompt_with_arguments",
              [](const TwoArguments& a) {
                return "Prompt with arguments: arg1='" + a.arg1 + "', arg2='" + a.arg2 + "'";
              },
              title("Prompt With Arguments"), description("A prompt with required arguments"),
              field<&TwoArguments::arg1>("First test argument"), field<&TwoArguments::arg2>("Second test argument"),
              completion("arg1", colours))
      .prompt("test_prompt_with_number",
              [](const Repeated& a) {
                std::string text;
                for (int i = 0; i < a.times; ++i) text += a.word;
                return text;
              },
              description("A prompt with a number"), field<&Repeated::times>("How often", min(1), max(9)))
      .prompt("test_prompt_with_embedded_resource",
              [](const ResourceArgument& a) {
                return PromptResult()
                    .user(Content::resource_text(a.resourceUri, "Embedded resource content for testing."))
                    .user(Content::text("Please process the embedded resource above."));
              },
              title("Prompt With Embedded Resource"), description("A prompt with a resource inside"),
              field<&ResourceArgument::resourceUri>("URI of the resource to embed"))
      .prompt("test_prompt_with_image",
              [] {
                return PromptResult()
                    .user(Content::image(pixel(), "image/png"))
                    .user(Content::text("Please analyze the image above."));
              },
              title("Prompt With Image"), description("A prompt with an image"));
}

}  // namespace

void add_content(Server& server) {
  add_tools(server);
  add_typed(server);
  add_resources(server);
  add_prompts(server);
}
