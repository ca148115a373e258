#include "everything.hpp"

#include <leanmcp/base/task_group.hpp>

#include <boost/describe.hpp>

using namespace leanmcp;

namespace {

struct PromptInput {
  std::string prompt;
};
BOOST_DESCRIBE_STRUCT(PromptInput, (), (prompt))

struct MessageInput {
  std::string message;
};
BOOST_DESCRIBE_STRUCT(MessageInput, (), (message))

struct Name {
  std::string name;
};
BOOST_DESCRIBE_STRUCT(Name, (), (name))

struct Color {
  std::string color;
};
BOOST_DESCRIBE_STRUCT(Color, (), (color))

struct Confirmation {
  bool ok = false;
};
BOOST_DESCRIBE_STRUCT(Confirmation, (), (ok))

struct PromptContext {
  std::string context;
};
BOOST_DESCRIBE_STRUCT(PromptContext, (), (context))

struct Value {
  std::string value;
};
BOOST_DESCRIBE_STRUCT(Value, (), (value))

const char* word(Action action) {
  switch (action) {
    case Action::accept: return "accept";
    case Action::decline: return "decline";
    case Action::cancel: return "cancel";
    case Action::unavailable: return "unavailable";
  }
  return "";
}

std::string outcome(const char* prefix, const Answer<std::string>& answer) {
  return std::string(prefix) + ": action=" + word(answer.action()) + ", content=" + (answer ? *answer : "{}");
}

Task<std::string> sampling(PromptInput input, Context& ctx) {
  SampleRequest request(input.prompt);
  request.max_tokens(100);
  Task<Sample> asking = ctx.sample("sampling", std::move(request));
  const Sample sample = co_await std::move(asking);
  co_return "LLM response: " + sample.text;
}

Task<std::string> elicitation(MessageInput input, Context& ctx) {
  Form form(input.message);
  form.text("response").description("User's response").required();
  Task<Answer<std::string>> asking = ctx.elicit_json("elicitation", std::move(form));
  const Answer<std::string> answer = co_await std::move(asking);
  co_return outcome("User response", answer);
}

Task<std::string> defaults(Context& ctx) {
  Form form("Please review and update the form fields with defaults");
  form.text("name").description("User name").default_value("John Doe");
  form.integer("age").description("User age").default_value(30);
  form.number("score").description("User score").default_value(95.5);
  form.select("status").description("User status").option("active").option("inactive").option("pending");
  form.default_value("active");
  form.boolean("verified").description("Verification status").default_value(true);
  Task<Answer<std::string>> asking = ctx.elicit_json("defaults", std::move(form));
  const Answer<std::string> answer = co_await std::move(asking);
  co_return outcome("Elicitation completed", answer);
}

Task<std::string> enums(Context& ctx) {
  Form form("Please select options from the enum fields");
  form.select("untitledSingle").description("Select one option").option("option1").option("option2").option("option3");
  form.select("titledSingle").description("Select one option with titles");
  form.option("value1", "First Option").option("value2", "Second Option").option("value3", "Third Option");
  form.select("legacyEnum").description("Select one option (legacy)").legacy_titles();
  form.option("opt1", "Option One").option("opt2", "Option Two").option("opt3", "Option Three");
  form.multiselect("untitledMulti").description("Select multiple options").min_items(1).max_items(3);
  form.option("option1").option("option2").option("option3");
  form.multiselect("titledMulti").description("Select multiple options with titles").min_items(1).max_items(3);
  form.option("value1", "First Choice").option("value2", "Second Choice").option("value3", "Third Choice");
  Task<Answer<std::string>> asking = ctx.elicit_json("enums", std::move(form));
  const Answer<std::string> answer = co_await std::move(asking);
  co_return outcome("Elicitation completed", answer);
}

Task<std::string> missing_capability(Context& ctx) {
  Task<Sample> asking = ctx.sample("sampling", SampleRequest("Anything"));
  const Sample sample = co_await std::move(asking);
  co_return "Success: " + sample.text;
}

Task<std::string> greet(Context& ctx) {
  Task<Answer<Name>> asking = ctx.elicit<Name>("user_name", "What is your name?");
  const Answer<Name> answer = co_await std::move(asking);
  if (!answer) co_return "No name, no greeting.";
  co_return "Hello, " + answer->name + "!";
}

Task<std::string> capital(Context& ctx) {
  SampleRequest request("What is the capital of France?");
  request.max_tokens(100);
  Task<Sample> asking = ctx.sample("sample_request", std::move(request));
  const Sample sample = co_await std::move(asking);
  co_return "Sampling result: " + sample.text;
}

Task<std::string> count_roots(Context& ctx) {
  Task<std::vector<Root>> asking = ctx.roots("roots_request");
  const std::vector<Root> roots = co_await std::move(asking);
  co_return "Found " + std::to_string(roots.size()) + " root(s)";
}

Task<std::string> confirm(Context& ctx, std::string success) {
  Task<Answer<Confirmation>> asking = ctx.elicit<Confirmation>("confirm", "Please confirm");
  const Answer<Confirmation> answer = co_await std::move(asking);
  if (!answer || !answer->ok) co_return "Not confirmed.";
  co_return std::move(success);
}

Task<std::string> multiple_inputs(Context& ctx) {
  SampleRequest request("Generate a greeting");
  request.max_tokens(50);
  auto words = all(ctx.elicit<Name>("user_name", "What is your name?"), ctx.sample("greeting", std::move(request)));
  auto everything = all(std::move(words), ctx.roots("client_roots"));
  const auto [said, roots] = co_await std::move(everything);
  const std::string name = said.first ? said.first->name : "nobody";
  co_return "Name: " + name + "; Greeting: " + said.second.text + "; Roots: " + std::to_string(roots.size());
}

Task<std::string> multi_round(Context& ctx) {
  Task<Answer<Name>> first = ctx.elicit<Name>("step1", "Step 1: What is your name?");
  const Answer<Name> name = co_await std::move(first);
  Task<Answer<Color>> second = ctx.elicit<Color>("step2", "Step 2: What is your favorite color?");
  const Answer<Color> color = co_await std::move(second);
  if (!name || !color) co_return "The rounds were not completed.";
  co_return "Multi-round complete for " + name->name + " who likes " + color->color;
}

Task<std::string> by_capability(Context& ctx) {
  const bool form = ctx.can_ask_form();
  const bool model = ctx.capabilities().sampling;
  std::string received;
  if (form && model) {
    auto both = all(ctx.elicit<Value>("elicit_input", "Elicitation input"),
                    ctx.sample("sample_input", SampleRequest("Sample request")));
    const auto answers = co_await std::move(both);
    received = "elicit_input,sample_input";
  } else if (form) {
    Task<Answer<Value>> asking = ctx.elicit<Value>("elicit_input", "Elicitation input");
    const Answer<Value> answer = co_await std::move(asking);
    received = "elicit_input";
  } else if (model) {
    Task<Sample> asking = ctx.sample("sample_input", SampleRequest("Sample request"));
    const Sample sample = co_await std::move(asking);
    received = "sample_input";
  } else {
    co_return "No supported capabilities declared";
  }
  co_return "capabilities-ok: received " + received;
}

Task<PromptResult> prompt_with_question(Context& ctx) {
  Task<Answer<PromptContext>> asking =
      ctx.elicit<PromptContext>("user_context", "What context should the prompt use?");
  const Answer<PromptContext> answer = co_await std::move(asking);
  co_return PromptResult("Prompt with context: " + (answer ? answer->context : std::string("none")));
}

}  // namespace

void add_questions(Server& server) {
  server.tool("test_sampling", &sampling, description("Asks the client's model"))
      .tool("test_elicitation", &elicitation, description("Asks the user"))
      .tool("test_elicitation_sep1034_defaults", &defaults, description("A form with defaults"))
      .tool("test_elicitation_sep1330_enums", &enums, description("A form with each kind of choice"))
      .tool("test_missing_capability", &missing_capability, description("Needs the client's model"))
      .tool("test_input_required_result_elicitation", &greet, description("One question"))
      .tool("test_input_required_result_sampling", &capital, description("One question to the model"))
      .tool("test_input_required_result_list_roots", &count_roots, description("Asks for the roots"))
      .tool("test_input_required_result_request_state",
            [](Context& ctx) { return confirm(ctx, "state-ok: requestState validated"); },
            description("Carries state through a question"))
      .tool("test_input_required_result_tampered_state",
            [](Context& ctx) { return confirm(ctx, "integrity-ok: state verified"); },
            description("Refuses state that was changed on the way"))
      .tool("test_input_required_result_multiple_inputs", &multiple_inputs, description("Three questions at once"))
      .tool("test_input_required_result_multi_round", &multi_round, description("Two questions, one after the other"))
      .tool("test_input_required_result_capabilities", &by_capability, description("Asks what the client can answer"))
      .prompt("test_input_required_result_prompt", &prompt_with_question, description("A prompt that asks first"));
}
