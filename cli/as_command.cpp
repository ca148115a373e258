#include "as_command.hpp"

#include "connection.hpp"
#include "lines.hpp"
#include "terminal.hpp"

#include <leanmcp/oauth/server/admin.hpp>
#include <leanmcp/oauth/server/authorization_request.hpp>
#include <leanmcp/oauth/server/client_metadata.hpp>
#include <leanmcp/oauth/server/pages.hpp>

#include <boost/json.hpp>

#include <termios.h>
#include <unistd.h>

#include <cstdlib>
#include <ctime>
#include <functional>
#include <iostream>
#include <memory>

namespace json = boost::json;
using leanmcp::Database;
using leanmcp::Error;
using leanmcp::KeyRing;
using leanmcp::Result;
using leanmcp::StorageError;
using leanmcp::TimePoint;
using leanmcp::as::Administration;
using leanmcp::as::ClientRecord;
using leanmcp::as::KeyDescription;

namespace {

/// Nothing of that name, in the exit codes of the commands.
constexpr int exit_nothing = 1;
constexpr int exit_failed = 5;

struct AsArguments {
  std::string database;
  bool as_json = false;
  std::int64_t limit = 100;
  std::string after;
  std::string client;
  std::string subject;
  std::string grant;
  std::string token_id;
  std::string name;
  std::string profile_name;
  std::string email;
  std::string algorithm;
  bool stolen = false;
  std::int64_t hours = 24;
};

using Action = std::function<int(const AsArguments&, const Administration&)>;

TimePoint now() { return leanmcp::SystemClock().now(); }

std::string date(TimePoint time) {
  const std::time_t seconds = leanmcp::unix_seconds(time);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32];
  return std::string(text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts));
}
std::string date(const std::optional<TimePoint>& time) { return time ? date(*time) : "-"; }
json::value date_value(const std::optional<TimePoint>& time) {
  return time ? json::value(date(*time)) : json::value(nullptr);
}

int failed(const std::string& message) {
  std::cerr << shown(message) << '\n';
  return exit_failed;
}
int failed(const StorageError& error) {
  return failed("the database failed: " + std::string(to_string(error.cause)) +
                (error.detail.empty() ? "" : ": " + error.detail));
}

int print(const json::value& value) { return print_json(value); }

/// What was done, or that there was nothing to do it to.
int told(const AsArguments& arguments, bool done, const std::string& what) {
  if (arguments.as_json) print(json::object{{"done", done}});
  if (!arguments.as_json || !done) std::cerr << (done ? what : "nothing of that name") << '\n';
  return done ? 0 : exit_nothing;
}
int told(const AsArguments& arguments, const Result<bool, StorageError>& outcome, const std::string& what) {
  return outcome ? told(arguments, *outcome, what) : failed(outcome.error());
}

int run_action(const AsArguments& arguments, const Action& action) {
  std::string url = arguments.database;
  if (const char* const set = std::getenv("DATABASE_URL"); url.empty() && set) url = set;
  const char* const keys = std::getenv("LEANMCP_STATE_KEYS");
  if (url.empty()) return usage_error("Give the server's database: DATABASE_URL, or --database");
  if (!keys) return usage_error("LEANMCP_STATE_KEYS is not set: the root keys of the server");
  auto ring = KeyRing::parse(keys);
  if (!ring) return usage_error("LEANMCP_STATE_KEYS: " + ring.error().message());
  auto database = Database::open(url);
  if (!database) return failed(database.error());
  auto administration = Administration::open(std::move(*database), std::move(*ring));
  if (!administration) return failed(administration.error().message() + ": " + administration.error().detail());
  return action(arguments, *administration);
}

// Clients.

const char* origin_of(const ClientRecord& client) {
  return client.origin == leanmcp::as::ClientOrigin::document ? "document" : "registered";
}

json::array texts(const std::vector<std::string>& list) { return json::array(list.begin(), list.end()); }

int list_clients(const AsArguments& arguments, const Administration& administration) {
  const auto clients = administration.clients(arguments.limit, arguments.after);
  if (!clients) return failed(clients.error());
  json::array list;
  std::vector<std::vector<std::string>> rows{{"CLIENT", "FROM", "NAME", "REDIRECT", "CREATED", "USED", "STATE"}};
  for (const ClientRecord& client : *clients) {
    list.push_back(json::object{{"client_id", client.client_id},
                                {"origin", origin_of(client)},
                                {"client_name", client.name},
                                {"redirect_uris", texts(client.redirect_uris)},
                                {"grant_types", texts(client.grant_types)},
                                {"token_endpoint_auth_method", to_string(client.method)},
                                {"created", date(client.created)},
                                {"used", date_value(client.used)},
                                {"disabled", client.disabled}});
    rows.push_back({shown(client.client_id), origin_of(client), shown(client.name),
                    client.redirect_uris.empty() ? "" : shown(client.redirect_uris.front()), date(client.created),
                    date(client.used), client.disabled ? "disabled" : "active"});
  }
  if (arguments.as_json) return print(list);
  print_table(rows);
  return 0;
}

int set_client(const AsArguments& arguments, const Administration& administration, bool disabled) {
  return told(arguments, administration.set_client_disabled(arguments.client, disabled),
              disabled ? "disabled, and its grants revoked" : "enabled");
}

int invite(const AsArguments& arguments, const Administration& administration) {
  const auto lifetime = std::chrono::hours(arguments.hours);
  const leanmcp::Secret token = administration.invite(now(), lifetime);
  if (arguments.as_json)
    return print(json::object{{"initial_access_token", token.reveal()}, {"expires", date(now() + lifetime)}});
  std::cerr << "For one registration, until " << date(now() + lifetime) << ". It is not shown again.\n";
  std::cout << token.reveal() << '\n';
  return 0;
}

// Grants.

int list_grants(const AsArguments& arguments, const Administration& administration) {
  const auto grants = administration.grants(arguments.subject, arguments.client, arguments.limit);
  if (!grants) return failed(grants.error());
  json::array list;
  std::vector<std::vector<std::string>> rows{
      {"GRANT", "SUBJECT", "CLIENT", "RESOURCE", "SCOPE", "CREATED", "EXPIRES", "STATE"}};
  for (const leanmcp::as::GrantRecord& grant : *grants) {
    const char* const state = grant.revoked ? "revoked" : grant.expires <= now() ? "expired" : "active";
    list.push_back(json::object{{"grant", grant.grant_id},
                                {"subject", grant.subject},
                                {"client_id", grant.client_id},
                                {"resource", grant.resource},
                                {"scope", grant.scope},
                                {"upstream", grant.upstream},
                                {"created", date(grant.created)},
                                {"expires", date(grant.expires)},
                                {"state", state}});
    rows.push_back({grant.grant_id, shown(grant.subject), shown(grant.client_id), shown(grant.resource),
                    shown(grant.scope), date(grant.created), date(grant.expires), state});
  }
  if (arguments.as_json) return print(list);
  print_table(rows);
  return 0;
}

int end_grants(const AsArguments& arguments, const Administration& administration) {
  if (!arguments.grant.empty())
    return told(arguments, administration.revoke_grant(arguments.grant), "revoked, with all its tokens");
  if (!arguments.token_id.empty()) {
    const auto denied = administration.deny(arguments.token_id, now());
    return denied ? told(arguments, true, "denied at introspection and here") : failed(denied.error());
  }
  if (arguments.subject.empty() && arguments.client.empty())
    return usage_error("Say what: --grant, --subject, --client or --token-id");
  const auto count = administration.revoke_grants(arguments.subject, arguments.client);
  if (!count) return failed(count.error());
  if (arguments.as_json) return print(json::object{{"done", true}, {"grants", *count}});
  std::cerr << *count << " grants revoked, with all their tokens\n";
  return 0;
}

// Keys.

const char* use_of(KeyDescription::Use use) {
  switch (use) {
    case KeyDescription::Use::waits:
      return "next";
    case KeyDescription::Use::signs:
      return "signs";
    case KeyDescription::Use::verifies:
      return "verifies";
  }
  return "";
}

int list_keys(const AsArguments& arguments, const Administration& administration) {
  const auto keys = administration.keys(now());
  if (!keys) return failed(keys.error());
  json::array list;
  std::vector<std::vector<std::string>> rows{{"KEY", "ALGORITHM", "USE", "CREATED", "SIGNS FROM", "LEAVES"}};
  for (const KeyDescription& key : *keys) {
    list.push_back(json::object{{"kid", key.key_id},
                                {"alg", key.algorithm},
                                {"use", use_of(key.use)},
                                {"created", date(key.created)},
                                {"active", date(key.active)},
                                {"retires", date_value(key.retires)}});
    rows.push_back(
        {key.key_id, key.algorithm, use_of(key.use), date(key.created), date(key.active), date(key.retires)});
  }
  if (arguments.as_json) return print(list);
  print_table(rows);
  return 0;
}

int rotate(const AsArguments& arguments, const Administration& administration) {
  const auto algorithm = leanmcp::jws_algorithm(arguments.algorithm);
  if (!arguments.algorithm.empty() && algorithm != leanmcp::JwsAlgorithm::es256 &&
      algorithm != leanmcp::JwsAlgorithm::rs256)
    return usage_error("--algorithm must be ES256 or RS256");
  using leanmcp::as::OldKeys;
  const OldKeys old = arguments.stolen ? OldKeys::leave_now : OldKeys::leave_by_schedule;
  const auto key = administration.rotate_key(algorithm, old, now());
  if (!key) return failed(key.error().message() + " " + key.error().detail());
  if (arguments.as_json) return print(json::object{{"kid", *key}});
  std::cerr << "signs from now on; running servers take it up within a minute";
  if (arguments.stolen) std::cerr << ", and take nothing that older keys signed";
  std::cerr << '\n';
  std::cout << *key << '\n';
  return 0;
}

// Users.

/// A line of standard input that a terminal does not show.
std::optional<std::string> hidden_line(const char* prompt) {
  termios before{};
  const bool terminal = isatty(STDIN_FILENO) != 0 && tcgetattr(STDIN_FILENO, &before) == 0;
  if (terminal) {
    std::cerr << prompt;
    termios silent = before;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
  }
  std::string line;
  const bool read = static_cast<bool>(std::getline(std::cin, line));
  if (terminal) {
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    std::cerr << '\n';
  }
  return read && !line.empty() ? std::optional<std::string>(line) : std::nullopt;
}

/// Asked twice of a person, read once from a pipe.
Result<std::string> new_password() {
  auto first = hidden_line("Password: ");
  if (!first) return Error("There is no password on standard input");
  if (isatty(STDIN_FILENO) != 0 && hidden_line("Again: ") != first) return Error("The passwords differ");
  return std::move(*first);
}

int list_users(const AsArguments& arguments, const Administration& administration) {
  const auto users = administration.users(arguments.limit);
  if (!users) return failed(users.error());
  json::array list;
  std::vector<std::vector<std::string>> rows{{"USER", "SUBJECT", "CREATED", "STATE"}};
  for (const leanmcp::as::UserRecord& user : *users) {
    // What `grants` and `revoke` know the person by.
    const std::string subject = leanmcp::as::subject_of(leanmcp::as::own_users_name, user.subject);
    list.push_back(json::object{{"username", user.username},
                                {"subject", subject},
                                {"created", date(user.created)},
                                {"disabled", user.disabled}});
    rows.push_back({shown(user.username), shown(subject), date(user.created), user.disabled ? "disabled" : "active"});
  }
  if (arguments.as_json) return print(list);
  print_table(rows);
  return 0;
}

int add_user(const AsArguments& arguments, const Administration& administration) {
  const auto password = new_password();
  if (!password) return usage_error(password.error().message());
  json::object profile;
  if (!arguments.profile_name.empty()) profile["name"] = arguments.profile_name;
  if (!arguments.email.empty()) profile["email"] = arguments.email;
  const auto added = administration.add_user(arguments.name, *password, json::serialize(profile), now());
  return added ? told(arguments, true, "added") : failed(added.error().message());
}

int set_password(const AsArguments& arguments, const Administration& administration) {
  const auto password = new_password();
  if (!password) return usage_error(password.error().message());
  const auto set = administration.set_password(arguments.name, *password);
  return set ? told(arguments, true, "set") : failed(set.error().message());
}

int set_user(const AsArguments& arguments, const Administration& administration, bool disabled) {
  return told(arguments, administration.set_user_disabled(arguments.name, disabled),
              disabled ? "disabled, and the grants revoked" : "enabled");
}

/// A command under `as`, with the options that all of them have.
CLI::App* add(CLI::App* parent, const std::string& name, const std::string& says, const std::string& examples,
              const std::shared_ptr<AsArguments>& arguments, int& status, const Action& action) {
  CLI::App* const command = parent->add_subcommand(name, says);
  command->add_option("--database", arguments->database, "Instead of DATABASE_URL: sqlite:PATH or postgresql://…");
  command->add_flag("--json", arguments->as_json, "Write JSON");
  command->footer("Examples:\n" + examples);
  command->callback([command, arguments, action, &status] {
    if (command->get_subcommands().empty()) status = run_action(*arguments, action);
  });
  return command;
}

void add_client_commands(CLI::App* parent, const std::shared_ptr<AsArguments>& arguments, int& status) {
  CLI::App* const clients =
      add(parent, "clients", "Registered clients and metadata documents",
          "  leanmcp as clients\n  leanmcp as clients --json --limit 1000 | jq -r '.[].client_name'\n"
          "  leanmcp as clients disable 7Zk3…\n  leanmcp as clients invite --hours 48",
          arguments, status, list_clients);
  clients->add_option("--limit", arguments->limit, "How many at most")->check(CLI::Range(1, 10'000));
  clients->add_option("--after", arguments->after, "Only ids behind this one: the last of the page before");
  const auto by_id = [&](const char* name, const char* says, const Action& action) {
    add(clients, name, says, std::string("  leanmcp as clients ") + name + " 7Zk3…", arguments, status, action)
        ->add_option("client", arguments->client, "Its id")
        ->required();
  };
  by_id("disable", "Refuses a client and revokes its grants",
        [](const auto& given, const auto& server) { return set_client(given, server, true); });
  by_id("enable", "Takes a disabled client again",
        [](const auto& given, const auto& server) { return set_client(given, server, false); });
  by_id("remove", "Forgets a client, its grants and tokens", [](const auto& given, const auto& server) {
    return told(given, server.remove_client(given.client), "removed, with its grants and tokens");
  });
  add(clients, "invite", "Makes an initial access token: for one registration, where the server asks for one",
      "  leanmcp as clients invite\n  leanmcp as clients invite --hours 1 --json", arguments, status, invite)
      ->add_option("--hours", arguments->hours, "How long it is good")
      ->check(CLI::Range(1, 24 * 30))
      ->capture_default_str();
}

void add_user_commands(CLI::App* parent, const std::shared_ptr<AsArguments>& arguments, int& status) {
  CLI::App* const users = add(parent, "users", "People of the server's own, where it has any",
                              "  leanmcp as users\n  leanmcp as users add ada --name 'Ada Lovelace' <password.txt\n"
                              "  leanmcp as users disable ada",
                              arguments, status, list_users);
  users->add_option("--limit", arguments->limit, "How many at most")->check(CLI::Range(1, 10'000));
  const auto by_name = [&](const char* name, const char* says, const Action& action) {
    CLI::App* const command =
        add(users, name, says, std::string("  leanmcp as users ") + name + " ada", arguments, status, action);
    command->add_option("user", arguments->name, "The name to sign in with")->required();
    return command;
  };
  CLI::App* const added = by_name("add", "Adds a person; the password is asked for, or read from a pipe", add_user);
  added->add_option("--name", arguments->profile_name, "What the person is called");
  added->add_option("--email", arguments->email, "Where mail reaches them");
  by_name("password", "Sets the password; asked for, or read from a pipe", set_password);
  by_name("disable", "Lets a person sign in no more and revokes their grants",
          [](const auto& given, const auto& server) { return set_user(given, server, true); });
  by_name("enable", "Lets a disabled person sign in again",
          [](const auto& given, const auto& server) { return set_user(given, server, false); });
}

}  // namespace

void add_as_command(CLI::App& app, int& status) {
  const auto arguments = std::make_shared<AsArguments>();
  CLI::App* const parent = app.add_subcommand("as", "Looks after an authorization server: its database is enough");
  parent->require_subcommand(1);
  parent->footer(
      "Examples:\n  leanmcp as clients\n  leanmcp as grants --subject github:583231 --json\n\n"
      "DATABASE_URL names the database, LEANMCP_STATE_KEYS the root keys of the server. Secrets are never shown.");
  add_client_commands(parent, arguments, status);
  CLI::App* const grants =
      add(parent, "grants", "What people allowed, newest first",
          "  leanmcp as grants\n  leanmcp as grants --subject github:583231 --json", arguments, status, list_grants);
  grants->add_option("--subject", arguments->subject, "Only of this person");
  grants->add_option("--client", arguments->client, "Only of this client");
  grants->add_option("--limit", arguments->limit, "How many at most")->check(CLI::Range(1, 10'000));
  CLI::App* const revoked =
      add(parent, "revoke", "Ends grants with all their tokens, or one access token",
          "  leanmcp as revoke --grant 3mXo…\n  leanmcp as revoke --subject github:583231\n"
          "  leanmcp as revoke --client 7Zk3… --subject github:583231\n  leanmcp as revoke --token-id q9Lw…",
          arguments, status, end_grants);
  revoked->add_option("--grant", arguments->grant, "One grant");
  revoked->add_option("--subject", arguments->subject, "All of a person");
  revoked->add_option("--client", arguments->client, "All of a client");
  revoked->add_option("--token-id", arguments->token_id, "One access token: its jti");
  CLI::App* const keys = add(parent, "keys", "The keys that sign tokens",
                             "  leanmcp as keys\n  leanmcp as keys rotate\n  leanmcp as keys rotate --stolen",
                             arguments, status, list_keys);
  CLI::App* const rotated =
      add(keys, "rotate", "Makes a key that signs at once",
          "  leanmcp as keys rotate\n  leanmcp as keys rotate --stolen", arguments, status, rotate);
  rotated->add_option("--algorithm", arguments->algorithm,
                      "ES256 or RS256, where keys of both sign; else what the server signs with");
  rotated->add_flag("--stolen", arguments->stolen, "Somebody else may have the older keys: nothing they signed counts");
  add_user_commands(parent, arguments, status);
}
