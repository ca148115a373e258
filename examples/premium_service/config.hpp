#pragma once

#include <leanmcp/auth.hpp>
#include <leanmcp/core.hpp>
#include <leanmcp/elicitation.hpp>
#include <leanmcp/payments.hpp>

#include <memory>

/// What the service is made of, from the environment and the command line.
struct Config {
  std::shared_ptr<leanmcp::AuthProvider> auth;
  std::shared_ptr<leanmcp::Billing> billing;
  /// The pages that check who pays; empty where the provider has no browser client configured.
  std::shared_ptr<leanmcp::BrowserSignIn> sign_in;
  leanmcp::ServerOptions server;
  leanmcp::Logger log;
  leanmcp::HttpOptions http;
  leanmcp::StdioOptions stdio_options;
  bool stdio = false;
  /// Whether `http` can be served: beside --stdio another instance may have the port.
  bool has_port = true;
};

/// Ends the program with a sentence on standard error when something is missing or wrong.
Config read_config(int argc, char** argv);
