#pragma once

#include <leanmcp/http/server.hpp>
#include <leanmcp/oauth/server/oauth_server.hpp>

#include <string>
#include <vector>

/// What the program is told by its environment and command line.
struct Config {
  Config(leanmcp::OAuthServerOptions given, leanmcp::Database base)
      : oauth(std::move(given)), database(std::move(base)) {}
  leanmcp::OAuthServerOptions oauth;
  leanmcp::Database database;
  leanmcp::HttpServerOptions http;
  leanmcp::Logger log;
};

/// Ends the program with a sentence when something is missing or wrong.
Config read_config(int argc, char** argv);

[[noreturn]] void stop(const std::string& why);

/// Clients of a JSON file: a list of objects with the members of RFC 7591, section 2, and `client_id`,
/// `client_secret`. The error names the member.
leanmcp::Result<std::vector<leanmcp::ConfiguredClient>> read_clients(const std::string& file);

/// Issuers whose assertions are taken, of a JSON file: a list of objects with `kind` (`id_jag` or `workload`), `issuer`,
/// `jwks_uri`, `algorithms`; and `same_people_as`, `single_use`, or `audience` and `subjects` ("subject=client").
leanmcp::Result<std::vector<leanmcp::TrustedIssuer>> read_trusted_issuers(const std::string& file);
