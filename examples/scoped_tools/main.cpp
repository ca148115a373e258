// Notes with rights: reading needs one scope, writing another, "notes:admin" stands for both. One tool looks at whose
// note it is, one resource is protected with its subscription and its completion, one tool is shown to editors only.
// AUTH_PROVIDER and its settings are the app's own (docs/guides/providers.md); DPOP=1 takes bound tokens as well.

#include <leanmcp/auth.hpp>
#include <leanmcp/base/settings.hpp>
#include <leanmcp/core.hpp>
#include <leanmcp/http/client.hpp>

#include <boost/describe.hpp>

#include <cstdlib>
#include <iostream>
#include <map>
#include <mutex>

using namespace leanmcp;

struct NoteId {
  std::string id;
};
BOOST_DESCRIBE_STRUCT(NoteId, (), (id))

struct Note {
  std::string id, text;
};
BOOST_DESCRIBE_STRUCT(Note, (), (id, text))

class Notes {
 public:
  std::string read(const NoteId& which) const {
    const std::lock_guard lock(mutex_);
    const auto found = texts_.find(which.id);
    return found == texts_.end() ? "" : found->second;
  }
  std::string write(const Note& note) {
    const std::lock_guard lock(mutex_);
    if (texts_.size() < 1'000) texts_[note.id] = note.text;
    return "written";
  }
  std::string drop(const NoteId& which) {
    const std::lock_guard lock(mutex_);
    return texts_.erase(which.id) != 0 ? "dropped" : "nothing there";
  }
  std::string status() const { return "online"; }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::string> texts_ = {{"welcome", "Hello"}};
};

std::string setting(std::string_view name) {
  const char* const value = std::getenv(std::string(name).c_str());
  return value ? value : "";
}

// A note named after somebody is theirs alone to change.
Result<void> own_note(const Principal& who, const NoteId& which) {
  if (which.id == who.id()) return {};
  return Error("This note is not yours.");
}

std::vector<std::string> note_names(const std::string& typed, const std::string&) {
  return {typed + "-one", typed + "-two"};
}

int main(int argc, char** argv) {
  const Logger logger([](LogLevel, std::string_view line) { std::cerr << line << '\n'; });
  const auto port = port_number(setting("PORT"), 3000);
  if (!port) {
    std::cerr << "scoped-tools: PORT: " << port.error().message() << '\n';
    return 2;
  }
  const std::string url = base_url(setting("PUBLIC_URL"), "http://127.0.0.1:" + std::to_string(*port));
  const auto found = AuthProvider::from_env(std::make_shared<HttpClient>(), logger);
  if (!found) {
    std::cerr << "scoped-tools: " << found.error().message() << '\n';
    return 2;
  }
  const auto auth = *found;
  auth->protects(url + "/mcp", {"notes:read"});
  auth->implies("notes:admin", {"notes:read", "notes:write"});
  if (!setting("DPOP").empty()) auth->accept_dpop(DpopOptions().required(setting("DPOP") == "required"));
  if (const auto ready = auth->init(); !ready) {
    std::cerr << "scoped-tools: " << ready.error().message() << '\n';
    return 2;
  }

  Notes notes;
  Server server("scoped-tools", "1.0.0", ServerOptions().logger(logger));
  server.service(notes, authenticated(auth), scopes({"notes:read"}))
      .tool("readNote", &Notes::read, description("Reads a note"))
      .tool("writeNote", &Notes::write, description("Writes a note"), scopes({"notes:write"}))
      .tool("dropOwnNote", &Notes::drop, description("Drops the note that bears your id"), authorize(&own_note))
      .tool("editorsOnly", &Notes::status, description("For editors"), roles({"editor"}), hide_from_lists())
      .tool("seldom", &Notes::status, description("Twice a minute"), rate_limit(2, std::chrono::minutes(1)))
      .tool("status", &Notes::status, description("Anybody may ask"), public_access());
  server.tool("touch", [&](Context& ctx) {
    ctx.resource_updated("notes://welcome");
    return "touched";
  });
  server
      .resource(
          "notes://welcome", "welcome", [&] { return notes.read(NoteId{"welcome"}); }, authenticated(auth),
          scopes({"notes:read"}))
      .prompt(
          "summary", [](const NoteId& which) { return PromptResult("Summarise note " + which.id); },
          authenticated(auth), scopes({"notes:read"}), completion("id", &note_names));

  if (argc > 1 && std::string_view(argv[1]) == "--stdio")
    return serve_stdio(server, StdioOptions().token(Secret(setting("ACCESS_TOKEN"))));
  HttpOptions options;
  options.port(*port).logger(logger);
  if (!setting("PUBLIC_URL").empty()) options.public_url(url);
  publish_metadata(options, auth);
  return serve_http(server, options);
}
