#include <leanmcp/sandbox/identity_double.hpp>

#include <leanmcp/base/random.hpp>
#include <leanmcp/crypto/digest.hpp>
#include <leanmcp/sandbox/html.hpp>
#include <leanmcp/sandbox/identity_impl.hpp>

#include <algorithm>

namespace leanmcp::inline v0::sandbox {
namespace {

namespace json = boost::json;

constexpr std::size_t max_entries = 10'000;

template <class Map>
void drop_expired(Map& entries, std::int64_t now) {
  for (auto entry = entries.begin(); entry != entries.end();)
    entry = entry->second.expires_at < now ? entries.erase(entry) : std::next(entry);
  // Made-up sign-ins are nothing to keep: when there are too many, all of them go.
  if (entries.size() > max_entries) entries.clear();
}

}  // namespace

void Person::add_claims(json::object& claims) const {
  claims["email"] = email();
  claims["email_verified"] = true;
  claims["name"] = given_name + " " + family_name;
  claims["given_name"] = given_name;
  claims["family_name"] = family_name;
}

std::optional<Person> find_person(std::string_view name) {
  const bool plain = !name.empty() && name.size() <= 40 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
  });
  if (!plain) return std::nullopt;
  Person out;
  out.name = name;
  out.given_name = name;
  if (out.given_name.front() >= 'a' && out.given_name.front() <= 'z')
    out.given_name.front() = static_cast<char>(out.given_name.front() - 'a' + 'A');
  out.family_name = name == "ada" ? "Lovelace" : name == "grace" ? "Hopper" : name == "alan" ? "Turing" : "Example";
  return out;
}

Answer json_answer(const json::object& body, int status) {
  return Answer{status, "application/json", json::serialize(body), {{"Cache-Control", "no-store"}}};
}

Answer oauth_error(int status, std::string_view error, std::string_view description) {
  return json_answer({{"error", error}, {"error_description", description}}, status);
}

void IdentityDouble::Impl::prune() {
  drop_expired(codes_, now());
  drop_expired(refresh_tokens_, now());
  drop_expired(access_tokens_, now());
}

Answer IdentityDouble::Impl::discovery() const {
  const std::string& issuer = options_.issuer;
  return json_answer({
      {"issuer", issuer},
      {"authorization_endpoint", issuer + "/authorize"},
      {"token_endpoint", issuer + "/token"},
      {"userinfo_endpoint", issuer + "/userinfo"},
      {"jwks_uri", issuer + "/jwks"},
      {"registration_endpoint", issuer + "/register"},
      {"revocation_endpoint", issuer + "/revoke"},
      {"response_types_supported", {"code"}},
      {"response_modes_supported", {"query"}},
      {"grant_types_supported", {"authorization_code", "refresh_token", "client_credentials"}},
      {"subject_types_supported", {"public"}},
      {"id_token_signing_alg_values_supported", {"RS256"}},
      {"token_endpoint_auth_methods_supported", {"none", "client_secret_basic", "client_secret_post"}},
      {"code_challenge_methods_supported", {"S256"}},
      {"scopes_supported", {"openid", "profile", "email", "offline_access"}},
      {"claims_supported", {"sub", "email", "email_verified", "name", "given_name", "family_name"}},
      {"authorization_response_iss_parameter_supported", true},
      {"client_id_metadata_document_supported", true},
  });
}

Answer IdentityDouble::Impl::userinfo(const Request& request) {
  constexpr std::string_view bearer = "Bearer ";
  const std::string_view header = request.header("authorization");
  const auto found =
      header.starts_with(bearer) ? access_tokens_.find(sha256(header.substr(bearer.size()))) : access_tokens_.end();
  if (found == access_tokens_.end() || found->second.expires_at <= now()) {
    Answer refused = oauth_error(401, "invalid_token", "The access token is unknown or expired");
    refused.headers.emplace_back("WWW-Authenticate", "Bearer error=\"invalid_token\"");
    return refused;
  }
  const auto person = find_person(found->second.user);
  if (!person) return oauth_error(403, "insufficient_scope", "The token belongs to a machine");
  json::object claims{{"sub", person->subject()}};
  person->add_claims(claims);
  return json_answer(claims);
}

Answer IdentityDouble::Impl::register_client(const Request& request) const {
  boost::system::error_code fault;
  const json::value sent = json::parse(request.body, fault);
  if (fault || !sent.is_object()) return oauth_error(400, "invalid_client_metadata", "Expected a JSON object");
  const json::value* const uris = sent.get_object().if_contains("redirect_uris");
  if (!uris || !uris->is_array() || uris->get_array().empty())
    return oauth_error(400, "invalid_redirect_uri", "redirect_uris is missing");
  json::object client{{"client_id", "client-" + random_id(9)}, {"client_id_issued_at", now()}};
  for (const std::string_view name : {"redirect_uris", "client_name", "grant_types", "response_types", "scope"})
    if (const json::value* const value = sent.get_object().if_contains(name)) client[name] = *value;
  client["token_endpoint_auth_method"] = "none";
  return json_answer(client, 201);
}

std::optional<Answer> IdentityDouble::Impl::handle(const Request& request) {
  prune();
  const bool get = request.method == "GET" || request.method == "HEAD";
  const bool post = request.method == "POST";
  const std::string& path = request.path;
  if (get && (path == "/.well-known/openid-configuration" || path == "/.well-known/oauth-authorization-server"))
    return discovery();
  if (get && path == "/jwks") return Answer{200, "application/json", signer_->jwks(), {}};
  if ((get || post) && path == "/authorize") return authorize(request);
  if (post && path == "/token") return token(request);
  if (request.method == "GET" && path == "/token") return quick_token(request, true);
  if (post && path == "/sandbox/token") return quick_token(request, false);
  if ((get || post) && path == "/userinfo") return userinfo(request);
  if (post && path == "/register") return register_client(request);
  if (post && path == "/revoke") return revoke(request);
  return std::nullopt;
}

IdentityDouble::IdentityDouble(IdentityDoubleOptions options, std::shared_ptr<TokenSigner> signer,
                               std::shared_ptr<const Clock> clock)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(signer), std::move(clock))) {}
IdentityDouble::~IdentityDouble() = default;

std::optional<Answer> IdentityDouble::handle(const Request& request) {
  const std::lock_guard lock(impl_->mutex);
  return impl_->handle(request);
}

}  // namespace leanmcp::inline v0::sandbox
