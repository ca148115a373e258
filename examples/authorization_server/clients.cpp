#include "config.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <fstream>
#include <sstream>

using namespace leanmcp;

namespace {

namespace json = boost::json;

/// One entry of the file. The first thing that is wrong is kept.
class Entry {
 public:
  explicit Entry(const json::object& object) : object_(object) {}

  std::string text(std::string_view name) {
    used_.emplace_back(name);
    const json::value* const value = object_.if_contains(name);
    if (!value) return {};
    if (value->is_string()) return std::string(value->get_string());
    return fail(name, "is no text"), std::string();
  }
  std::vector<std::string> list(std::string_view name) {
    used_.emplace_back(name);
    std::vector<std::string> out;
    const json::value* const value = object_.if_contains(name);
    if (!value) return out;
    if (!value->is_array()) return fail(name, "is no list"), out;
    for (const json::value& one : value->get_array()) {
      if (!one.is_string()) return fail(name, "is no list of texts"), out;
      out.emplace_back(one.get_string());
    }
    return out;
  }
  bool flag(std::string_view name) {
    used_.emplace_back(name);
    const json::value* const value = object_.if_contains(name);
    if (!value) return false;
    if (!value->is_bool()) return fail(name, "is neither true nor false"), false;
    return value->get_bool();
  }
  std::string document(std::string_view name) {
    used_.emplace_back(name);
    const json::value* const value = object_.if_contains(name);
    return value ? json::serialize(*value) : std::string();
  }
  void fail(std::string_view name, const std::string& why) {
    if (fault_.empty()) fault_ = std::string(name) + " " + why;
  }
  /// What is wrong, unknown members too: a slip of the pen would otherwise be silent.
  std::string fault() const {
    if (!fault_.empty()) return fault_;
    for (const auto& member : object_)
      if (std::find(used_.begin(), used_.end(), std::string(member.key())) == used_.end())
        return std::string(member.key()) + " is not known";
    return {};
  }

 private:
  const json::object& object_;
  std::vector<std::string> used_;
  std::string fault_;
};

Result<ConfiguredClient> client_of(const json::object& object) {
  Entry entry(object);
  ConfiguredClient client(entry.text("client_id"));
  if (client.record.client_id.empty()) entry.fail("client_id", "is missing");
  client.name(entry.text("client_name"));
  for (std::string& uri : entry.list("redirect_uris")) client.redirect_uri(std::move(uri));
  for (std::string& type : entry.list("grant_types")) client.grant_type(std::move(type));
  std::istringstream scopes(entry.text("scope"));
  for (std::string name; scopes >> name;) client.scope(std::move(name));
  if (entry.text("application_type") == "web") client.web();
  if (entry.flag("dpop_bound_access_tokens")) client.dpop_bound();

  std::string method = entry.text("token_endpoint_auth_method");
  Secret secret(entry.text("client_secret"));
  std::string jwks = entry.document("jwks"), jwks_uri = entry.text("jwks_uri");
  std::string algorithm = entry.text("token_endpoint_auth_signing_alg");
  if (method.empty()) method = secret.empty() ? "none" : "client_secret_basic";
  if (method == "client_secret_basic" || method == "client_secret_post") {
    if (secret.empty()) entry.fail("client_secret", "is missing");
    client.secret(std::move(secret), method.ends_with("post") ? as::ClientMethod::post : as::ClientMethod::basic);
  } else if (method == "private_key_jwt") {
    client.keys(std::move(jwks), algorithm.empty() ? "ES256" : std::move(algorithm));
    client.record.jwks_uri = std::move(jwks_uri);
  } else if (method != "none") {
    entry.fail("token_endpoint_auth_method", "is not known: " + method);
  }
  if (const std::string fault = entry.fault(); !fault.empty()) return Error(fault);
  return client;
}

Result<TrustedIssuer> issuer_of(const json::object& object) {
  Entry entry(object);
  const std::string kind = entry.text("kind");
  if (kind != "id_jag" && kind != "workload") entry.fail("kind", "is neither id_jag nor workload");
  const auto needed = [&](const char* name) {
    std::string text = entry.text(name);
    if (text.empty()) entry.fail(name, "is missing");
    return text;
  };
  std::string issuer = needed("issuer"), jwks_uri = needed("jwks_uri");
  std::vector<std::string> algorithms = entry.list("algorithms");
  if (algorithms.empty()) entry.fail("algorithms", "are missing");
  TrustedIssuer out(kind == "id_jag" ? TrustedIssuer::Kind::id_jag : TrustedIssuer::Kind::workload, std::move(issuer),
                    std::move(jwks_uri), std::move(algorithms));
  out.audience(entry.text("audience"))
      .same_people_as(entry.text("same_people_as"))
      .single_use(entry.flag("single_use"));
  // `subject=client`: as which client a workload comes.
  for (const std::string& pair : entry.list("subjects")) {
    const auto equals = pair.rfind('=');
    if (equals == pair.npos)
      entry.fail("subjects", "are not all subject=client");
    else
      out.subject(pair.substr(0, equals), pair.substr(equals + 1));
  }
  if (const std::string fault = entry.fault(); !fault.empty()) return Error(fault);
  return out;
}

template <class Read>
auto read_list(const std::string& file, const Read& read)
    -> Result<std::vector<typename decltype(read(json::object()))::value_type>> {
  std::ifstream in(file);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in) return Error(file + " cannot be read");
  boost::system::error_code fault;
  const json::value parsed = json::parse(text.str(), fault);
  if (fault || !parsed.is_array()) return Error(file + " is no JSON list");
  std::vector<typename decltype(read(json::object()))::value_type> out;
  for (const json::value& entry : parsed.get_array()) {
    if (!entry.is_object()) return Error(file + " is no list of objects");
    auto one = read(entry.get_object());
    if (!one) return Error(file + ", entry " + std::to_string(out.size() + 1) + ": " + one.error().message());
    out.push_back(std::move(*one));
  }
  return out;
}

}  // namespace

Result<std::vector<ConfiguredClient>> read_clients(const std::string& file) { return read_list(file, client_of); }

Result<std::vector<TrustedIssuer>> read_trusted_issuers(const std::string& file) { return read_list(file, issuer_of); }
