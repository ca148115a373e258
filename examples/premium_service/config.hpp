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
  leanmcp::ServerOptions server;
  leanmcp::Logger log;
  leanmcp::HttpOptions http;
  leanmcp::StdioOptions stdio_options;
  bool stdio = false;
};

/// Ends the program with a sentence on standard error when something is missing or wrong.
Config read_config(int argc, char** argv);

/// The gate's answer with a payment link for the caller.
leanmcp::GateOptions premium_offer(std::shared_ptr<leanmcp::Billing> billing);
