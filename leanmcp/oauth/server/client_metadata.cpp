#include <leanmcp/oauth/server/client_metadata.hpp>

#include <leanmcp/crypto/jws_algorithm.hpp>
#include <leanmcp/crypto/public_keys.hpp>
#include <leanmcp/crypto/strict_json.hpp>
#include <leanmcp/oauth/server/core.hpp>
#include <leanmcp/oauth/server/redirect_uri.hpp>

#include <boost/json.hpp>

#include <algorithm>
#include <array>
#include <optional>

namespace leanmcp::inline v0::as {

namespace json = boost::json;

namespace {

constexpr std::size_t most_depth = 8;
constexpr std::size_t most_redirects = 10;
constexpr std::size_t most_list = 32;
constexpr std::size_t longest_client_name = 200;
constexpr std::size_t longest_scope = 1024;
constexpr std::size_t longest_url = 2048;
constexpr std::size_t most_inline_key_bytes = 8 * 1024;

using Checked = Result<void, OAuthError>;
using Texts = std::vector<std::string>;

OAuthError bad(std::string sentence) {
  return OAuthError("invalid_client_metadata", std::move(sentence), "client metadata");
}

/// A text member, or nullopt; an empty text is as good as none. Anything else there is an error.
Result<std::optional<std::string>, OAuthError> text(const json::object& from, const char* name, std::size_t most) {
  const json::value* const value = from.if_contains(name);
  if (!value || value->is_null()) return std::optional<std::string>();
  const json::string* const said = value->if_string();
  if (!said || said->size() > most) return bad(std::string(name) + " must be a text and not too long.");
  if (said->empty()) return std::optional<std::string>();
  return std::optional<std::string>(std::string(*said));
}

Result<std::optional<Texts>, OAuthError> texts(const json::object& from, const char* name, std::size_t most) {
  const json::value* const value = from.if_contains(name);
  if (!value || value->is_null()) return std::optional<Texts>();
  const json::array* const list = value->if_array();
  if (!list || list->size() > most) return bad(std::string(name) + " must be a list and not too long.");
  Texts out;
  for (const json::value& one : *list) {
    const json::string* const said = one.if_string();
    if (!said || said->size() > longest_url) return bad(std::string(name) + " must be a list of texts.");
    out.emplace_back(*said);
  }
  return std::optional<Texts>(std::move(out));
}

bool holds(const Texts& list, std::string_view text) { return std::find(list.begin(), list.end(), text) != list.end(); }

bool is_scope_token(std::string_view word) {
  return !word.empty() &&
         std::all_of(word.begin(), word.end(), [](char c) { return c > 0x20 && c < 0x7f && c != '"' && c != '\\'; });
}

class Reader {
 public:
  Reader(const json::object& from, MetadataSource source) : from_(from), source_(source) {}

  Result<ClientRecord, OAuthError> read() {
    // In this order, so that what is wrong first is said.
    using Step = Checked (Reader::*)();
    for (const Step step : {&Reader::method, &Reader::type, &Reader::redirects, &Reader::grants, &Reader::responses,
                            &Reader::names, &Reader::scopes, &Reader::keys, &Reader::binding})
      if (auto done = (this->*step)(); !done) return std::move(done).error();
    return std::move(out_);
  }

 private:
  bool is_document() const { return source_ == MetadataSource::document; }

  Checked method() {
    const auto said = text(from_, "token_endpoint_auth_method", 64);
    if (!said) return said.error();
    // RFC 7591, section 2: client_secret_basic where nothing is said. A document cannot share a secret.
    const std::string name = said->value_or(is_document() ? "none" : "client_secret_basic");
    constexpr std::array methods{ClientMethod::none, ClientMethod::basic, ClientMethod::post,
                                 ClientMethod::private_key_jwt};
    const auto found =
        std::find_if(methods.begin(), methods.end(), [&](ClientMethod one) { return to_string(one) == name; });
    if (found == methods.end()) return bad("token_endpoint_auth_method is not supported.");
    out_.method = *found;
    if (!is_document()) return {};
    if (out_.method == ClientMethod::basic || out_.method == ClientMethod::post || from_.contains("client_secret") ||
        from_.contains("client_secret_expires_at"))
      return bad("A metadata document must not have a secret.");
    return {};
  }

  Checked type() {
    const auto said = text(from_, "application_type", 16);
    if (!said) return said.error();
    // OpenID Connect takes "web" where nothing is said; MCP's clients are native apps and do not say so.
    out_.application_type = said->value_or("native");
    if (out_.application_type != "native" && out_.application_type != "web")
      return bad("application_type must be native or web.");
    return {};
  }

  Checked redirects() {
    auto said = texts(from_, "redirect_uris", most_redirects);
    if (!said || !*said || (*said)->empty())
      return OAuthError("invalid_redirect_uri", "redirect_uris must be a list of 1 to 10 URIs.", "redirect uri");
    for (const std::string& uri : **said)
      if (auto checked = check_redirect_uri(uri, out_.application_type); !checked) return checked;
    out_.redirect_uris = std::move(**said);
    return {};
  }

  Checked grants() {
    auto said = texts(from_, "grant_types", most_list);
    if (!said) return said.error();
    for (const std::string& type : said->value_or(Texts{"authorization_code"})) {
      const bool offered = type == "authorization_code" || type == "refresh_token";
      if (!offered && !is_document()) return bad("grant_types may be authorization_code and refresh_token.");
      if (offered && !holds(out_.grant_types, type)) out_.grant_types.push_back(type);
    }
    if (!holds(out_.grant_types, "authorization_code")) return bad("grant_types must include authorization_code.");
    return {};
  }

  Checked responses() {
    const auto said = texts(from_, "response_types", most_list);
    if (!said) return said.error();
    const Texts types = said->value_or(Texts{"code"});
    if (!holds(types, "code") || (!is_document() && types.size() != 1)) return bad("response_types may be code only.");
    return {};
  }

  Checked names() {
    auto name = text(from_, "client_name", longest_client_name);
    if (!name) return name.error();
    out_.name = name->value_or("");
    for (const char* const member : {"client_uri", "logo_uri", "tos_uri", "policy_uri"}) {
      const auto uri = text(from_, member, longest_url);
      if (!uri) return uri.error();
      if (!*uri) continue;
      UriParts parts;
      if (!split_uri(**uri, parts) || (parts.scheme != "https" && parts.scheme != "http") || parts.has_user)
        return bad(std::string(member) + " must be an http or https URL.");
      if (std::string_view(member) == "client_uri") out_.client_uri = **uri;
    }
    return {};
  }

  Checked scopes() {
    const auto said = text(from_, "scope", longest_scope);
    if (!said) return said.error();
    std::string_view rest = *said ? std::string_view(**said) : std::string_view();
    while (!rest.empty()) {
      const auto end = std::min(rest.find(' '), rest.size());
      const std::string_view word = rest.substr(0, end);
      rest.remove_prefix(std::min(end + 1, rest.size()));
      if (!is_scope_token(word)) return bad("scope must be words with single spaces between them.");
      if (!holds(out_.scopes, word)) out_.scopes.emplace_back(word);
    }
    return {};
  }

  Checked keys() {
    const json::value* const set = from_.if_contains("jwks");
    const auto uri = text(from_, "jwks_uri", longest_url);
    if (!uri) return uri.error();
    if (set && *uri) return bad("jwks and jwks_uri must not both be there.");
    if (set) {
      out_.jwks = json::serialize(*set);
      if (out_.jwks.size() > most_inline_key_bytes) return bad("jwks is too large.");
      const auto parsed = PublicKeys::parse(out_.jwks);
      if (!parsed) return bad("jwks has no key that can be used.");
      for (const SkippedKey& skipped : parsed->skipped())
        if (skipped.fault == JwkFault::private_key || skipped.fault == JwkFault::symmetric_key)
          return bad("jwks must hold public keys only.");
    }
    if (*uri) {
      UriParts parts;
      const bool good = split_uri(**uri, parts) && !parts.has_user && !parts.has_fragment &&
                        (parts.scheme == "https" || (parts.scheme == "http" && is_loopback_name(parts.host)));
      if (!good) return bad("jwks_uri must be an https URL.");
      out_.jwks_uri = **uri;
    }
    if (out_.method == ClientMethod::private_key_jwt && out_.jwks.empty() && out_.jwks_uri.empty())
      return bad("private_key_jwt needs jwks or jwks_uri.");
    auto algorithm = text(from_, "token_endpoint_auth_signing_alg", 16);
    if (!algorithm) return algorithm.error();
    if (*algorithm) {
      const auto known = jws_algorithm(**algorithm);
      if (!known || is_symmetric(*known)) return bad("token_endpoint_auth_signing_alg is not supported.");
      out_.assertion_algorithm = **algorithm;
    }
    return {};
  }

  Checked binding() {
    const json::value* const said = from_.if_contains("dpop_bound_access_tokens");
    if (!said) return {};
    if (!said->is_bool()) return bad("dpop_bound_access_tokens must be true or false.");
    out_.dpop_bound = said->get_bool();
    return {};
  }

  const json::object& from_;
  MetadataSource source_;
  ClientRecord out_;
};

json::array list_of(const Texts& texts) { return json::array(texts.begin(), texts.end()); }

}  // namespace

std::string_view to_string(ClientMethod method) noexcept {
  switch (method) {
    case ClientMethod::none:
      return "none";
    case ClientMethod::basic:
      return "client_secret_basic";
    case ClientMethod::post:
      return "client_secret_post";
    case ClientMethod::private_key_jwt:
      return "private_key_jwt";
  }
  return "none";
}

Result<ClientRecord, OAuthError> read_client_metadata(std::string_view json_text, MetadataSource source) {
  const auto object = detail::strict_object(json_text, most_depth);
  if (!object) return bad("The client metadata must be a JSON object without repeated members.");
  return Reader(*object, source).read();
}

std::string consent_digest(const ClientRecord& client) {
  ClientRecord shown = client;
  shown.created = TimePoint();
  return digest_of(client_information(shown));
}

std::string client_information(const ClientRecord& client) {
  json::object out{{"client_id", client.client_id},
                   {"client_id_issued_at", unix_seconds(client.created)},
                   {"redirect_uris", list_of(client.redirect_uris)},
                   {"grant_types", list_of(client.grant_types)},
                   {"response_types", json::array{"code"}},
                   {"token_endpoint_auth_method", to_string(client.method)},
                   {"application_type", client.application_type}};
  if (!client.name.empty()) out["client_name"] = client.name;
  if (!client.client_uri.empty()) out["client_uri"] = client.client_uri;
  if (!client.jwks_uri.empty()) out["jwks_uri"] = client.jwks_uri;
  if (!client.assertion_algorithm.empty()) out["token_endpoint_auth_signing_alg"] = client.assertion_algorithm;
  if (client.dpop_bound) out["dpop_bound_access_tokens"] = true;
  if (!client.scopes.empty()) {
    std::string scope;
    for (const std::string& one : client.scopes) scope.append(scope.empty() ? "" : " ").append(one);
    out["scope"] = scope;
  }
  boost::system::error_code failed;
  if (!client.jwks.empty()) {
    json::value set = json::parse(client.jwks, failed);
    if (!failed) out["jwks"] = std::move(set);
  }
  std::string body = json::serialize(out);
  body.pop_back();
  return body;
}

}  // namespace leanmcp::inline v0::as
