#include <leanmcp/oauth/server/audit_log.hpp>
#include <leanmcp/oauth/server/client_assertion.hpp>
#include <leanmcp/oauth/server/core.hpp>
#include <leanmcp/oauth/server/redirect_uri.hpp>

#include <leanmcp/crypto/signing_key.hpp>

#include <boost/json.hpp>

#include <cstdint>
#include <cstdlib>

using namespace leanmcp;
using namespace leanmcp::as;

// The first byte says which endpoint the rest is for, and as what: the query of an authorization request, the form of
// a token request, the claims of a signed proof or assertion. Whatever comes, nothing breaks, nothing is given out that
// should not be, and no redirect leads to an address that is not registered.
namespace {

constexpr const char* issuer = "https://as.example";
constexpr const char* secret = "secret-of-the-machine-client-0123";

void require(bool good) {
  if (!good) std::abort();
}

struct World {
  SigningKey key = SigningKey::generate(JwsAlgorithm::eddsa);
  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  std::unique_ptr<Core> core;

  World() {
    OAuthServerOptions options(issuer);
    options.protects(ProtectedApi("https://api.example/mcp").scope("read", "Read").scope("write", "Write", false));
    options.client(ConfiguredClient("app").redirect_uri("http://127.0.0.1/cb").redirect_uri("https://app.example/cb"));
    options.client(ConfiguredClient("machine").secret(Secret(secret)).grant_type("client_credentials"));
    options.client(ConfiguredClient("signer")
                       .keys("{\"keys\":[" + key.public_jwk() + "]}", "EdDSA")
                       .grant_type("client_credentials"));
    options.registration(Registration::open).own_users().keys(KeyRing::random()).clock(clock);
    options.client_documents(false);
    // What is counted would end the run after a minute's worth.
    auto& limits = options.limits();
    limits.register_per_address = limits.token_per_client = limits.failures_per_address = 0;
    limits.authorize_per_address = limits.new_documents_per_address = 0;
    auto made = make_core(std::move(options), Database::open("sqlite::memory:").value());
    require(made.has_value());
    core = std::move(*made);
  }
  TimePoint now() const { return clock->now(); }
};

std::string encoded(std::string_view text) {
  constexpr char digits[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    out += '%', out += digits[byte >> 4], out += digits[byte & 15];
  }
  return out;
}

Request form(const std::string& path, std::string body) {
  Request request(HttpMethod::post, path);
  request.body = std::move(body);
  request.headers = {{"content-type", "application/x-www-form-urlencoded"}};
  request.peer = "192.0.2.1";
  return request;
}

void check(const Answer& answer) {
  require(answer.status >= 200 && answer.status < 500);
  if (answer.content_type != "application/json" || answer.body.empty()) return;
  boost::system::error_code failed;
  require(boost::json::parse(answer.body, failed).is_object() && !failed);
}

void authorize(World& world, std::string_view query) {
  Request request(HttpMethod::get, "/authorize");
  request.query = query;
  const Answer answer = answer_authorize(*world.core, request, world.now());
  check(answer);
  for (const auto& [name, value] : answer.headers) {
    for (const char c : value) require(c != '\r' && c != '\n' && c != '\0');
    if (name != "Location") continue;
    const bool registered = value.starts_with("http://127.0.0.1/cb?") || value.starts_with("https://app.example/cb?");
    UriParts parts;
    const bool loopback = split_uri(value, parts) && parts.scheme == "http" && parts.host == "127.0.0.1" &&
                          parts.path == "/cb" && parts.has_query;
    require((registered || loopback) && value.find("iss=") != value.npos);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static World world;
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  Core& core = *world.core;
  switch (data[0] % 6) {
    case 0:
      authorize(world, text);
      break;
    case 1: {
      const Answer answer = answer_token(core, form("/token", std::string(text)), world.now());
      check(answer);
      if (answer.status == 200) require(text.find(secret) != text.npos || text.find('%') != text.npos);
      break;
    }
    case 2: {
      Request request = form("/token", "grant_type=client_credentials&client_id=machine");
      request.headers.emplace_back("authorization", text);
      check(answer_token(core, request, world.now()));
      break;
    }
    case 3: {
      // The claims are the fuzzer's, the signature is good; and the whole proof is the fuzzer's.
      for (const std::string& proof : {world.key.sign_with_key(text, "dpop+jwt"), std::string(text)}) {
        Request request = form("/token", "grant_type=client_credentials");
        request.headers.emplace_back("dpop", proof);
        const auto checked = check_dpop(core, request, "/token", world.now());
        if (checked) require(checked->has_value());
      }
      break;
    }
    case 4: {
      for (const std::string& assertion : {world.key.sign(text, "JWT"), std::string(text)}) {
        const std::string body = "grant_type=client_credentials&client_assertion_type=" + encoded(jwt_assertion_type) +
                                 "&client_assertion=" + encoded(assertion);
        const Answer answer = answer_token(core, form("/token", body), world.now());
        check(answer);
        if (answer.status == 200) require(text.find("signer") != text.npos || text.find('\\') != text.npos);
      }
      break;
    }
    case 5: {
      Request request(HttpMethod::post, "/register");
      request.body = text;
      request.headers = {{"content-type", "application/json"}};
      const Answer answer = answer_register(core, request, world.now());
      check(answer);
      break;
    }
  }
  return 0;
}
