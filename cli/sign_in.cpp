#include "sign_in.hpp"

#include "lines.hpp"
#include "terminal_browser.hpp"

#include <leanmcp/crypto/jws.hpp>
#include <leanmcp/json/parse.hpp>

#include <boost/json.hpp>

#include <ctime>
#include <iostream>

using namespace leanmcp;
namespace json = boost::json;

namespace {

/// The claims of an ID token. It came from the issuer's own token endpoint; nothing is decided by it.
std::optional<json::object> claims_of(const std::string& id_token) {
  JwsLimits limits;
  limits.bytes = 64 * 1024;
  const auto parts = split_jws(id_token, limits);
  if (!parts) return std::nullopt;
  auto parsed = parse_json(parts->payload, {});
  if (!parsed || !parsed->is_object()) return std::nullopt;
  return std::move(parsed->get_object());
}

std::string date_text(TimePoint time) {
  const auto seconds = static_cast<std::time_t>(unix_seconds(time));
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32];
  return std::string(text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts));
}

}  // namespace

Result<std::shared_ptr<OAuthClient>> make_oauth_client(const std::string& url, const SignInArguments& arguments,
                                                       std::shared_ptr<TokenStore> store,
                                                       std::shared_ptr<Terminal> terminal, bool interactive) {
  OAuthClientOptions options;
  ClientDescription description;
  description.name = "leanmcp command line";
  options.describe(std::move(description)).store(std::move(store)).profile(arguments.profile);
  options.scope(arguments.scope).legacy_endpoints(arguments.old_endpoints);
  options.private_addresses(arguments.private_addresses);
  if (!arguments.client_document.empty()) options.client_document(arguments.client_document);
  if (!arguments.client_id.empty()) {
    Secret secret;
    if (!arguments.client_secret_file.empty()) {
      auto text = read_whole(arguments.client_secret_file);
      if (!text) return text.error();
      while (text->ends_with('\n') || text->ends_with('\r')) text->pop_back();
      secret = Secret(std::move(*text));
    }
    options.registered(OAuthClientIdentity(arguments.client_id, std::move(secret)), arguments.issuer);
  }
  if (interactive) {
    LoopbackOptions where;
    where.port(arguments.port);
    options.browser(std::make_shared<TerminalBrowser>(std::move(terminal), url, !arguments.no_browser, arguments.agreed,
                                                      std::move(where)));
  }
  return std::make_shared<OAuthClient>(url, std::move(options), std::make_shared<HttpClient>());
}

json::object describe_sign_in(const SavedSignIn& sign_in, TokenStore& store) {
  json::object out{{"server", sign_in.resource}, {"issuer", sign_in.issuer}};
  if (!sign_in.profile.empty()) out["profile"] = sign_in.profile;
  const auto kept = store.load(tokens_name(sign_in.issuer, sign_in.resource, sign_in.profile));
  const auto tokens = kept && *kept ? restore_tokens(**kept) : std::nullopt;
  if (!tokens) return out;
  const auto client = store.load(identity_name(sign_in.issuer, sign_in.profile));
  const auto identity = client && *client ? restore_identity(**client) : std::nullopt;
  if (identity) out["client_id"] = identity->first.client_id;
  out["scope"] = tokens->first.scope;
  if (tokens->first.expires) out["expires"] = date_text(*tokens->first.expires);
  out["renewable"] = !tokens->first.refresh_token.empty();
  const auto claims = claims_of(tokens->first.id_token);
  if (!claims) return out;
  for (const auto& [claim, name] :
       {std::pair("sub", "subject"), std::pair("name", "name"), std::pair("email", "email")})
    if (const json::value* const value = claims->if_contains(claim); value && value->is_string()) out[name] = *value;
  return out;
}

void show_sign_in(const json::object& description, const std::string& indent) {
  const auto text = [&](const char* name) {
    const json::value* const value = description.if_contains(name);
    return value && value->is_string() ? shown(value->get_string()) : std::string();
  };
  const auto line = [&](const char* title, const std::string& value) {
    if (!value.empty()) std::cout << indent << title << value << '\n';
  };
  std::string person = text("name").empty() ? text("subject") : text("name");
  if (!text("email").empty()) person += (person.empty() ? "" : ", ") + text("email");
  line("person   ", person);
  line("issuer   ", text("issuer"));
  line("client   ", text("client_id"));
  line("scope    ", text("scope"));
  const json::value* const renewable = description.if_contains("renewable");
  const bool renews = renewable && renewable->is_bool() && renewable->get_bool();
  std::string until = text("expires");
  if (renews) until += until.empty() ? "renewed without asking" : ", renewed without asking";
  line("until    ", until);
}
