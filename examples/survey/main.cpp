// Asking in several steps: a form declared beside the tool, a question in the middle of one, and a page to open.

#include <leanmcp/elicitation.hpp>
#include <leanmcp/transport/serve.hpp>

#include <CLI/CLI.hpp>
#include <boost/describe.hpp>
#include <boost/json.hpp>

#include <iostream>
#include <mutex>
#include <set>

using namespace leanmcp;

struct Survey {
  std::string role;
  std::optional<std::string> language;
  std::optional<std::vector<std::string>> platforms;
  int rating = 0;
  std::optional<std::string> complaint;
  std::optional<std::string> email;
  std::optional<std::string> since;
  bool consent = false;
};
BOOST_DESCRIBE_STRUCT(Survey, (), (role, language, platforms, rating, complaint, email, since, consent))

struct Thanks {
  std::string summary;
  int questions_for = 0;
};
BOOST_DESCRIBE_STRUCT(Thanks, (), (summary, questions_for))

FormSteps survey_steps() {
  return FormSteps()
      .step(Form("Who are you?")
                .select("role", "Your role").option("developer", "I write code").option("manager", "I manage").required()
                .date("since", "Since when?").help("The first day in this role"))
      .step(Form("What do you write?")
                .select("language", "Language").option("cpp", "C++").option("rust", "Rust").default_value("cpp").required()
                .multiselect("platforms", "Platforms").option("linux").option("mac").option("windows").min_items(1))
      .when([](const json::object& known) { return known.at("role") == "developer"; })
      .step(Form("How do you like it?").integer("rating", "From 1 to 5").min(1).max(5).required())
      .step(Form("What is wrong?")
                .textarea("complaint", "Tell us").placeholder("It crashes when…").min_length(10).required()
                .email("email", "Where can we answer?"))
      .adapt([](Form form, const json::object& known) {
        return known.at("rating") == 1 ? Form("That bad? What is wrong?").textarea("complaint").min_length(10).required()
                                       : std::move(form);
      })
      .when([](const json::object& known) { return known.at("rating").to_number<int>() < 4; })
      .step(Form("May we keep this?").boolean("consent", "You may keep my answers").required().ask_user());
}

Result<Thanks> survey(const Survey& answers) {
  if (!answers.consent) return ToolError("Nothing was kept, as you wished.");
  Thanks thanks;
  thanks.summary = answers.role + " rates " + std::to_string(answers.rating);
  if (answers.language) thanks.summary += ", writes " + *answers.language;
  if (answers.platforms) thanks.summary += " on " + std::to_string(answers.platforms->size()) + " platforms";
  if (answers.complaint) thanks.summary += ", says: " + *answers.complaint;
  thanks.questions_for = answers.rating < 4 ? 5 : 4;
  return thanks;
}

struct Lunch {
  std::string dish;
  int portions = 1;
};
BOOST_DESCRIBE_STRUCT(Lunch, (), (dish, portions))

Task<std::string> lunch(Context& ctx) {
  if (!ctx.can_ask_form()) co_return "You cannot be asked; there is soup.";
  Form form("What is for lunch?");
  form.text("dish", "Dish").min_length(3).required().validate([](const json::value& dish) {
    return dish == "stone" ? std::string("cannot be eaten") : std::string();
  });
  form.integer("portions", "Portions").min(1).max(9);
  Task<Answer<Lunch>> asking = ctx.elicit<Lunch>("lunch", std::move(form));
  const Answer<Lunch> answer = co_await std::move(asking);
  if (answer.action() == Action::decline) co_return "No lunch, then.";
  if (!answer) co_return "Ask me again when you are hungry.";
  co_return std::to_string(answer->portions) + " x " + answer->dish;
}

/// Who has read the rules on the page. A real program keeps such things in its database.
class Readers {
 public:
  void add(std::string id) {
    const std::lock_guard lock(mutex_);
    ids_.insert(std::move(id));
  }
  bool has(const std::string& id) const {
    const std::lock_guard lock(mutex_);
    return ids_.contains(id);
  }

 private:
  mutable std::mutex mutex_;
  std::set<std::string> ids_;
};

int main(int argc, char** argv) {
  CLI::App app("A survey in several steps");
  unsigned short port = 3002;
  bool stdio = false, force_replay = false;
  long round_ms = 20'000;
  app.add_option("--port", port);
  app.add_flag("--stdio", stdio);
  app.add_flag("--force-replay", force_replay);
  app.add_option("--round-ms", round_ms, "How long one round waits for the rules to be read");
  CLI11_PARSE(app, argc, argv);

  const Logger log([](LogLevel, std::string_view line) { std::cerr << line << std::endl; });
  Readers readers;
  const std::string base = "http://127.0.0.1:" + std::to_string(port);
  Server server("survey", "1.0.0", ServerOptions().logger(log).force_replay(force_replay));
  server.tool("survey", &survey, description("Asks what the user thinks of the product"), elicitation(survey_steps()))
      .tool("lunch", &lunch, description("Asks what to have for lunch"))
      .tool("readRules", [&](Context& ctx) -> Task<std::string> {
        const std::string url = base + "/rules/" + ctx.idempotency_key();
        Task<Action> opening = ctx.elicit_url("rules", url, "Please read the rules of the survey.");
        const Action action = co_await std::move(opening);
        if (action == Action::unavailable) co_return "Please read " + url;
        if (action != Action::accept) co_return "The rules were not read.";
        const auto read = [&readers, id = ctx.idempotency_key()] { return readers.has(id); };
        Task<Waited> waiting =
            ctx.wait_until("read", read, WaitOptions().round(std::chrono::milliseconds(round_ms)).message("Still reading"));
        const Waited waited = co_await std::move(waiting);
        if (waited != Waited::done) co_return "The rules are not read yet; call again.";
        ctx.url_completion("rules")();
        co_return "The rules were read.";
      }, description("Shows the user the rules of the survey"));

  if (stdio) return serve_stdio(server);
  HttpOptions http;
  http.port(port).logger(log).route(HttpMethod::get, "/rules/", [&readers](HttpExchange exchange) {
    readers.add(std::string(exchange.request().path().substr(7)));
    exchange.respond(200, "text/plain; charset=utf-8", "Be honest. You can close this page.");
  });
  return serve_http(server, http);
}
