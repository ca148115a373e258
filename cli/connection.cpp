#include "connection.hpp"

#include "form_prompt.hpp"
#include "lines.hpp"
#include "web_address.hpp"

#include <leanmcp/json/parse.hpp>
#include <leanmcp/json/write.hpp>

#include <boost/json.hpp>

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>

using namespace leanmcp;

namespace {

std::string without_end(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return text;
}

/// `--answers`: what is said to every form without asking anybody.
ElicitAnswer answer_of(const PersonsAnswer& answer) {
  if (answer.action == "accept") return ElicitAnswer::accept(answer.content.empty() ? "{}" : answer.content);
  return answer.action == "decline" ? ElicitAnswer::decline() : ElicitAnswer::cancel();
}

Task<ElicitAnswer> ask_form(std::shared_ptr<Terminal> terminal, ElicitQuestion question) {
  const PersonsAnswer answer = prompt_form(*terminal, question.server, question.message, *question.schema);
  co_return answer_of(answer);
}

Task<ElicitAnswer> ask_url(std::shared_ptr<Terminal> terminal, ElicitQuestion question) {
  const PersonsAnswer answer = prompt_url(*terminal, question.server, question.message, question.url, &open_address);
  co_return answer_of(answer);
}

Task<ElicitAnswer> give(std::string answers) { co_return ElicitAnswer::accept(answers); }

/// The token from the file or the environment; an error when the file cannot be read.
Result<Secret> find_token(const ConnectionArguments& arguments) {
  if (!arguments.token_file.empty()) {
    auto text = read_whole(arguments.token_file);
    if (!text) return text.error();
    return Secret(without_end(std::move(*text)));
  }
  const char* const value = std::getenv(arguments.token_variable.c_str());
  return Secret(value ? value : "");
}

/// What signs requests to this server: the saved sign-in, and the person's where one can be asked. Null for neither.
std::shared_ptr<Authorizer> sign_in_source(const ConnectionArguments& arguments, const std::string& url,
                                           const std::shared_ptr<Terminal>& terminal) {
  const bool may_ask = arguments.login || (terminal->interactive() && !arguments.as_json && !arguments.no_login);
  if (!may_ask && !may_hold_sign_ins(arguments.sign_in)) return nullptr;
  auto store = open_store(arguments.sign_in, *terminal);
  if (!store) {
    // The server may not want anybody to sign in at all.
    terminal->say(terminal->warning("Going on without saved sign-ins: " + shown(store.error().message())));
    if (!may_ask) return nullptr;
    store = std::shared_ptr<TokenStore>(std::make_shared<MemoryTokenStore>());
  }
  auto client = make_oauth_client(url, arguments.sign_in, std::move(*store), terminal, may_ask);
  return client ? std::shared_ptr<Authorizer>(std::move(*client)) : nullptr;
}

Result<ClientOptions> options_of(const ConnectionArguments& arguments, const std::string& url,
                                 const std::shared_ptr<Terminal>& terminal) {
  ClientOptions options;
  options.name("leanmcp-cli", "0.1.0");
  const auto quiet = std::chrono::milliseconds(static_cast<long>(arguments.timeout * 1000));
  options.timeout(quiet, quiet * 10);
  if (!arguments.revision.empty()) {
    const auto revision = parse_version(arguments.revision);
    if (!revision) return Error("no such revision: " + arguments.revision);
    options.versions({*revision});
  }
  auto token = find_token(arguments);
  if (!token) return token.error();
  if (!token->empty()) {
    options.token(std::move(*token));
  } else if (!url.empty()) {
    options.authorizer(sign_in_source(arguments, url, terminal));
  }
  if (!arguments.answers.empty()) {
    options.on_form([answers = arguments.answers](ElicitQuestion) { return give(answers); });
  } else if (terminal->interactive()) {
    options.on_form([terminal](ElicitQuestion question) { return ask_form(terminal, std::move(question)); });
    options.on_url([terminal](ElicitQuestion question) { return ask_url(terminal, std::move(question)); });
  }
  if (arguments.verbose) {
    const auto tell = [terminal](std::string_view line) { terminal->say(terminal->dim(shown(line))); };
    options.on_stderr(tell);
    options.logger(Logger([tell](LogLevel, std::string_view line) { tell(line); }, LogLevel::debug));
    options.on_log("debug", [tell](JsonObject params) { tell(json_text(*params)); });
  }
  return options;
}

std::size_t terminal_width() {
  winsize size{};
  if (isatty(STDOUT_FILENO) == 1 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20)
    return size.ws_col;
  return 0;
}

std::size_t code_points(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::string cut_to(const std::string& text, std::size_t most) {
  if (most == 0 || code_points(text) <= most) return text;
  std::size_t points = 0, end = 0;
  for (; end < text.size(); ++end)
    if ((static_cast<unsigned char>(text[end]) & 0xc0) != 0x80 && points++ + 1 >= most) break;
  return text.substr(0, end) + "…";
}

}  // namespace

void add_connection_options(CLI::App& command, ConnectionArguments& arguments, const std::string& words) {
  command.add_option("words", arguments.words, "URL " + words + "   or   --stdio " + words + " -- PROGRAM [ARGUMENTS]")
      ->type_name("");
  command.add_flag("--stdio", arguments.stdio, "Start a program and speak over its standard streams");
  command.add_option("--token-env", arguments.token_variable, "Environment variable that holds the token")
      ->capture_default_str()
      ->type_name("NAME");
  command.add_option("--token-file", arguments.token_file, "File that holds the token, - for standard input")
      ->type_name("FILE");
  command.add_option("--revision", arguments.revision, "Speak this revision only")->type_name("DATE");
  command.add_option("--timeout", arguments.timeout, "Seconds to wait for an answer or progress")
      ->capture_default_str()
      ->type_name("SECONDS");
  command.add_option("--answers", arguments.answers, "Answer every form with this JSON object instead of asking")
      ->type_name("JSON");
  add_store_options(command, arguments.sign_in);
  const std::string group = "Signing in";
  CLI::Option* const login =
      command.add_flag("--login", arguments.login, "Sign in when the server wants that, with --json too")->group(group);
  command.add_flag("--no-login", arguments.no_login, "Never ask anybody to sign in")->group(group)->excludes(login);
  command.add_flag("--no-browser", arguments.sign_in.no_browser, "Only show the address, for a browser somewhere else")
      ->group(group);
  command.add_flag("--old-endpoints", arguments.sign_in.old_endpoints, "A server of 2025-03-26 without metadata")
      ->group(group);
  command
      .add_flag("--private-addresses", arguments.sign_in.private_addresses,
                "The server may name an authorization server on your own network or machine")
      ->group(group);
  command.add_flag("--verbose,-v", arguments.verbose, "Show the log, and what a program writes to standard error");
}

int run_connected(const ConnectionArguments& arguments, const ClientCommands& commands, std::size_t least,
                  std::size_t most, const ClientWork& work) {
  std::vector<std::string> words = arguments.words;
  std::string url;
  const std::vector<std::string>& program = commands.program;
  if (arguments.stdio && program.empty()) return usage_error("--stdio needs -- and a program");
  if (!arguments.stdio) {
    if (!program.empty()) return usage_error("a program behind -- needs --stdio");
    if (words.empty()) return usage_error("which server? Give its URL, or --stdio -- PROGRAM");
    url = words.front();
    words.erase(words.begin());
  }
  if (words.size() < least) return usage_error("too few arguments; see --help");
  if (words.size() > most) return usage_error("too many arguments; see --help");
  const auto terminal = std::make_shared<Terminal>(Terminal::of_process());
  auto options = options_of(arguments, url, terminal);
  if (!options) return usage_error(options.error().message());
  auto client =
      program.empty()
          ? BlockingClient::connect(url, *options)
          : BlockingClient::connect(
                StdioCommand(program.front(), std::vector<std::string>(program.begin() + 1, program.end())), *options);
  if (!client) return tell_failure(arguments, client.error());
  return work(words, *client);
}

int tell_failure(const ConnectionArguments& arguments, const ClientError& error) {
  if (arguments.as_json) {
    json::object out;
    out["cause"] = to_string(error.cause());
    out["message"] = error.message();
    if (error.code() != 0) out["code"] = error.code();
    if (error.http_status() != 0) out["status"] = error.http_status();
    if (auto data = parse_json(error.data(), ParseLimits())) out["data"] = std::move(*data);
    json::object line;
    line["error"] = std::move(out);
    print_json(line);
  } else {
    Terminal terminal = Terminal::of_process();
    terminal.say(terminal.failure(shown(error.message(), true)));
    if (!error.data().empty()) terminal.say(shown(error.data()));
    const bool without_token = arguments.token_file.empty() && !std::getenv(arguments.token_variable.c_str());
    const bool can_sign_in = error.about_authentication() && error.word() != "VERIFICATION_FAILED";
    if (can_sign_in && without_token && !arguments.stdio && !arguments.words.empty())
      terminal.say("To sign in: leanmcp login " + shown(arguments.words.front()));
  }
  if (error.about_authentication()) return exit_unauthenticated;
  switch (error.cause()) {
    case ClientCause::invalid_request:
      return exit_usage;
    case ClientCause::rpc:
      return exit_refused;
    case ClientCause::tool_error:
      return exit_tool_failed;
    case ClientCause::timeout:
      return exit_timeout;
    case ClientCause::unanswered:
    case ClientCause::too_many_rounds:
      return exit_unanswered;
    case ClientCause::malformed:
    case ClientCause::too_large:
    case ClientCause::unexpected_result:
    case ClientCause::invalid_output:
    case ClientCause::unsupported_version:
      return exit_protocol;
    default:
      return exit_unreachable;
  }
}

int print_json(const json::value& value) {
  std::cout << json_text(value) << '\n';
  return exit_ok;
}

void print_table(const std::vector<std::vector<std::string>>& rows) {
  if (rows.empty()) return;
  std::vector<std::size_t> widths(rows.front().size(), 0);
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], code_points(row[i]));
  const std::size_t whole = terminal_width();
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line.append(widths[i] - code_points(row[i]) + 2, ' ');
    }
    while (line.ends_with(' ')) line.pop_back();
    std::cout << cut_to(line, whole) << '\n';
  }
}
