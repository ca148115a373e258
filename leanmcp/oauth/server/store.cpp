#include <leanmcp/oauth/server/store.hpp>

#include <leanmcp/base/encoding.hpp>
#include <leanmcp/crypto/digest.hpp>
#include <leanmcp/oauth/server/store_rows.hpp>

#include <boost/json.hpp>

namespace leanmcp::inline v0::as {
namespace {

const std::vector<Migration>& schema() {
  static const std::vector<Migration> steps{
      {1,
       "clients, requests, grants, tokens, keys, people",
       {
           "CREATE TABLE as_clients ("
           "client_id TEXT PRIMARY KEY, origin TEXT NOT NULL, name TEXT NOT NULL, redirect_uris TEXT NOT NULL, "
           "grant_types TEXT NOT NULL, method TEXT NOT NULL, secret_digest TEXT NOT NULL, jwks TEXT NOT NULL, "
           "jwks_uri TEXT NOT NULL, assertion_algorithm TEXT NOT NULL, application_type TEXT NOT NULL, "
           "scopes TEXT NOT NULL, client_uri TEXT NOT NULL, dpop_bound BIGINT NOT NULL, "
           "management_digest TEXT NOT NULL, document_digest TEXT NOT NULL, disabled BIGINT NOT NULL, "
           "created BIGINT NOT NULL, used BIGINT, expires BIGINT)",
           "CREATE INDEX as_clients_origin ON as_clients (origin, created)",

           "CREATE TABLE as_transactions ("
           "id_digest TEXT PRIMARY KEY, client_id TEXT NOT NULL, redirect_uri TEXT NOT NULL, "
           "redirect_uri_given BIGINT NOT NULL, state TEXT NOT NULL, challenge TEXT NOT NULL, scope TEXT NOT NULL, "
           "resource TEXT NOT NULL, nonce TEXT NOT NULL, dpop_thumbprint TEXT NOT NULL, upstream TEXT NOT NULL, "
           "browser_digest TEXT NOT NULL, upstream_state_digest TEXT, upstream_secrets TEXT NOT NULL, "
           "approved BIGINT NOT NULL, remember BIGINT NOT NULL, expires BIGINT NOT NULL)",
           "CREATE UNIQUE INDEX as_transactions_state ON as_transactions (upstream_state_digest)",
           "CREATE INDEX as_transactions_expires ON as_transactions (expires)",
           "CREATE TABLE as_forms ("
           "id_digest TEXT NOT NULL, form_digest TEXT NOT NULL, PRIMARY KEY (id_digest, form_digest))",

           "CREATE TABLE as_grants ("
           "grant_id TEXT PRIMARY KEY, subject TEXT NOT NULL, client_id TEXT NOT NULL, scope TEXT NOT NULL, "
           "resource TEXT NOT NULL, upstream TEXT NOT NULL, profile TEXT NOT NULL, created BIGINT NOT NULL, "
           "expires BIGINT NOT NULL, revoked BIGINT NOT NULL)",
           "CREATE INDEX as_grants_subject ON as_grants (subject)",
           "CREATE INDEX as_grants_client ON as_grants (client_id)",
           "CREATE INDEX as_grants_expires ON as_grants (expires)",

           "CREATE TABLE as_codes ("
           "code_digest TEXT PRIMARY KEY, grant_id TEXT NOT NULL, client_id TEXT NOT NULL, "
           "redirect_uri TEXT NOT NULL, redirect_uri_given BIGINT NOT NULL, challenge TEXT NOT NULL, "
           "scope TEXT NOT NULL, resource TEXT NOT NULL, nonce TEXT NOT NULL, dpop_thumbprint TEXT NOT NULL, "
           "redeemed BIGINT NOT NULL, wrong_tries BIGINT NOT NULL, expires BIGINT NOT NULL)",
           "CREATE INDEX as_codes_grant ON as_codes (grant_id)",
           "CREATE INDEX as_codes_expires ON as_codes (expires)",

           "CREATE TABLE as_refresh ("
           "token_digest TEXT PRIMARY KEY, grant_id TEXT NOT NULL, generation BIGINT NOT NULL, "
           "client_id TEXT NOT NULL, scope TEXT NOT NULL, resource TEXT NOT NULL, dpop_thumbprint TEXT NOT NULL, "
           "used BIGINT, successor TEXT NOT NULL, expires BIGINT NOT NULL)",
           // Two tokens of one generation would be two branches of a family: the last line of defence.
           "CREATE UNIQUE INDEX as_refresh_family ON as_refresh (grant_id, generation)",
           "CREATE INDEX as_refresh_expires ON as_refresh (expires)",

           "CREATE TABLE as_once ("
           "kind TEXT NOT NULL, id_digest TEXT NOT NULL, until_time BIGINT NOT NULL, PRIMARY KEY (kind, id_digest))",
           "CREATE INDEX as_once_until ON as_once (until_time)",
           "CREATE TABLE as_denied (token_id TEXT PRIMARY KEY, until_time BIGINT NOT NULL)",

           "CREATE TABLE as_keys ("
           "key_id TEXT PRIMARY KEY, algorithm TEXT NOT NULL, sealed TEXT NOT NULL, created BIGINT NOT NULL, "
           "active BIGINT NOT NULL, retires BIGINT)",

           "CREATE TABLE as_consents ("
           "subject TEXT NOT NULL, client_id TEXT NOT NULL, redirect_uri TEXT NOT NULL, resource TEXT NOT NULL, "
           "scope TEXT NOT NULL, document_digest TEXT NOT NULL, expires BIGINT NOT NULL, "
           "PRIMARY KEY (subject, client_id, redirect_uri, resource, scope))",
           "CREATE INDEX as_consents_client ON as_consents (client_id)",
           "CREATE TABLE as_pushed ("
           "uri_digest TEXT PRIMARY KEY, client_id TEXT NOT NULL, parameters TEXT NOT NULL, "
           "dpop_thumbprint TEXT NOT NULL, expires BIGINT NOT NULL)",
           "CREATE TABLE as_users ("
           "username TEXT PRIMARY KEY, subject TEXT NOT NULL UNIQUE, password_hash TEXT NOT NULL, "
           "profile TEXT NOT NULL, disabled BIGINT NOT NULL, created BIGINT NOT NULL)",
           "CREATE TABLE as_browsers ("
           "cookie_digest TEXT PRIMARY KEY, subject TEXT NOT NULL, expires BIGINT NOT NULL)",
       }},
  };
  return steps;
}

}  // namespace

Store::Outcome<Store> Store::open(Database database) {
  auto made = migrate(database, "authorization_server", schema());
  if (!made) return made.error();
  return Store(std::move(database));
}

std::string digest_of(std::string_view text) { return hex_encode(sha256(text)); }

namespace rows {

std::string list_text(const std::vector<std::string>& list) {
  boost::json::array array;
  for (const std::string& entry : list) array.emplace_back(entry);
  return boost::json::serialize(array);
}

std::vector<std::string> list_of(std::string_view text) {
  boost::system::error_code fault;
  const boost::json::value parsed = boost::json::parse(text, fault);
  std::vector<std::string> out;
  if (fault || !parsed.is_array()) return out;
  for (const boost::json::value& entry : parsed.get_array())
    if (entry.is_string()) out.emplace_back(entry.get_string());
  return out;
}

}  // namespace rows
}  // namespace leanmcp::inline v0::as
