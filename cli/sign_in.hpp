#pragma once

#include "saved_sign_ins.hpp"
#include "terminal.hpp"

#include <leanmcp/base/event_loop.hpp>
#include <leanmcp/base/task.hpp>
#include <leanmcp/oauth/client/oauth_client.hpp>

#include <CLI/CLI.hpp>
#include <boost/json/fwd.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

/// How a command signs in, as given on the command line.
struct SignInArguments : StoreArguments {
  /// Only known to `login`.
  std::string scope;
  std::string client_id;
  std::string client_secret_file;
  std::string issuer;
  std::string client_document;
  std::uint16_t port = 0;
  bool no_browser = false;
  bool agreed = false;
  /// Revision 2025-03-26: a server without metadata.
  bool old_endpoints = false;
  bool private_addresses = false;
};

/// The OAuth client of the server at `url`; `interactive` lets a person sign in at the terminal.
leanmcp::Result<std::shared_ptr<leanmcp::OAuthClient>> make_oauth_client(const std::string& url,
                                                                         const SignInArguments& arguments,
                                                                         std::shared_ptr<leanmcp::TokenStore> store,
                                                                         std::shared_ptr<Terminal> terminal,
                                                                         bool interactive);

/// Runs a task to its end on this thread.
template <class T>
std::optional<T> run_task(leanmcp::Task<T> task) {
  leanmcp::EventLoop loop;
  std::optional<T> out;
  loop.post([&] {
    leanmcp::spawn(loop, std::move(task), [&](leanmcp::RunOutcome<T> outcome) {
      out = std::move(outcome.value);
      loop.stop();
    });
  });
  loop.run();
  return out;
}

/// What is known of one sign-in, without its tokens, as an object for scripts: `server`, `issuer`, `client_id`,
/// `scope`, `expires` (RFC 3339), `renewable`, and what the issuer says of the person: `subject`, `name`, `email`.
boost::json::object describe_sign_in(const SavedSignIn& sign_in, leanmcp::TokenStore& store);
/// The same for people, in lines that begin with `indent`.
void show_sign_in(const boost::json::object& description, const std::string& indent);
