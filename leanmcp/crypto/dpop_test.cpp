#include "token_fixture_test.hpp"

#include <leanmcp/crypto/dpop.hpp>

#include <leanmcp/base/encoding.hpp>
#include <leanmcp/crypto/jws.hpp>
#include <leanmcp/crypto/replay_window.hpp>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace leanmcp {
namespace {

namespace json = boost::json;

constexpr std::string_view url = "https://mcp.example/mcp";

std::string proof_cause(std::string_view proof, const DpopExpectation& expected = DpopExpectation("POST", url),
                        const DpopRules& rules = {}) {
  const auto verified = verify_dpop_proof(proof, expected, rules, now);
  return verified ? "good" : std::string(to_string(verified.error()));
}

/// A proof with claims changed; a null one is taken away.
std::string with(json::object changes, std::string_view type = "dpop+jwt", const SigningKey& signer = key()) {
  json::object claims{{"jti", "one"}, {"htm", "POST"}, {"htu", url}, {"iat", 1'800'000'000}};
  for (auto& [name, value] : changes) {
    if (value.is_null()) {
      claims.erase(name);
    } else {
      claims[name] = std::move(value);
    }
  }
  return signer.sign_with_key(json::serialize(claims), type);
}

/// A proof under any header, signed with our key.
std::string under(const std::string& header) {
  return sign_jws(header, R"({"jti":"one","htm":"POST","htu":"https://mcp.example/mcp","iat":1800000000})", key());
}

TEST(Dpop, MakesWhatItTakes) {
  for (const JwsAlgorithm algorithm : DpopRules().algorithms) {
    const SigningKey signer = SigningKey::generate(algorithm);
    DpopRequest request("POST", "https://mcp.example/mcp?page=2#top");
    request.access_token = "token";
    request.nonce = "n-1";
    DpopExpectation expected("POST", url);
    expected.access_token = "token";
    expected.thumbprint = signer.thumbprint();
    expected.nonces = {"n-2", "n-1"};
    const auto proof = verify_dpop_proof(make_dpop_proof(signer, request, now), expected, {}, now);
    ASSERT_TRUE(proof) << to_string(proof.error());
    EXPECT_EQ(proof->thumbprint, signer.thumbprint());
    EXPECT_EQ(proof->nonce, "n-1");
    EXPECT_EQ(proof->algorithm, algorithm);
  }
  const DpopRequest request("GET", url);
  EXPECT_NE(make_dpop_proof(key(), request, now), make_dpop_proof(key(), request, now)) << "an id of its own";
}

TEST(Dpop, EachCauseHasItsName) {
  EXPECT_EQ(proof_cause(with({})), "good");
  EXPECT_EQ(proof_cause(std::string(9000, 'a')), "proof too large");
  EXPECT_EQ(proof_cause("a.b"), "not a JWS");
  EXPECT_EQ(proof_cause(with({}) + "="), "not a JWS");
  const std::string jwk = key().public_key().jwk();
  EXPECT_EQ(proof_cause(under(R"({"typ":"dpop+jwt","alg":"ES256"})")), "broken header") << "no key";
  EXPECT_EQ(proof_cause(under(R"({"typ":"dpop+jwt","alg":"ES256","jwk":"x"})")), "broken header");
  EXPECT_EQ(proof_cause(under(R"({"typ":"dpop+jwt","alg":"ES256","alg":"ES256","jwk":)" + jwk + "}")), "broken header");
  EXPECT_EQ(proof_cause(under(R"({"typ":"dpop+jwt","alg":"ES256","crit":["x"],"jwk":)" + jwk + "}")), "broken header");
  EXPECT_EQ(proof_cause(under(R"({"typ":"dpop+jwt","alg":"ES256","jku":"https://x","jwk":)" + jwk + "}")),
            "broken header");
  EXPECT_EQ(proof_cause(with({}, "jwt")), "typ is not dpop+jwt");
  EXPECT_EQ(proof_cause(with({}, "")), "broken header");
  for (const char* const alg : {"none", "HS256", "ES384K", "RS384"})
    EXPECT_EQ(proof_cause(under(R"({"typ":"dpop+jwt","alg":")" + std::string(alg) + R"(","jwk":)" + jwk + "}")),
              "algorithm not allowed")
        << alg;
  EXPECT_EQ(proof_cause(under(R"({"typ":"dpop+jwt","alg":"ES384","jwk":)" + jwk + "}")),
            "no usable public key in the header");
  EXPECT_EQ(proof_cause(under(R"({"typ":"dpop+jwt","alg":"ES256","jwk":{"kty":"EC"}})")),
            "no usable public key in the header");
  EXPECT_EQ(
      proof_cause(under(R"({"typ":"dpop+jwt","alg":"ES256","jwk":)" + std::string(key().private_jwk().reveal()) + "}")),
      "a private key in the header");
  EXPECT_EQ(proof_cause(under(R"({"typ":"dpop+jwt","alg":"ES256","jwk":{"kty":"oct","k":"AAAA"}})")),
            "a private key in the header");
  const std::string other = SigningKey::generate(JwsAlgorithm::es256).public_key().jwk();
  EXPECT_EQ(proof_cause(under(R"({"typ":"dpop+jwt","alg":"ES256","jwk":)" + other + "}")), "wrong signature");
  EXPECT_EQ(proof_cause(key().sign_with_key("[]", "dpop+jwt")), "broken claims");
  EXPECT_EQ(proof_cause(key().sign_with_key(R"({"jti":"a","jti":"b"})", "dpop+jwt")), "broken claims");
  for (const char* const name : {"jti", "htm", "htu", "iat"})
    EXPECT_EQ(proof_cause(with({{name, nullptr}})), "broken claims");
  EXPECT_EQ(proof_cause(with({{"iat", "1800000000"}})), "broken claims");
  EXPECT_EQ(proof_cause(with({{"nonce", 7}})), "broken claims");
  EXPECT_EQ(proof_cause(with({{"jti", ""}})), "no usable jti");
  EXPECT_EQ(proof_cause(with({{"jti", std::string(300, 'j')}})), "no usable jti");
  EXPECT_EQ(proof_cause(with({{"htm", "GET"}})), "for another method");
  EXPECT_EQ(proof_cause(with({{"htm", "post"}})), "for another method") << "methods are compared by case";
  EXPECT_EQ(proof_cause(with({{"iat", 1'799'999'699}})), "made too long ago");
  EXPECT_EQ(proof_cause(with({{"iat", -1e300}})), "made too long ago");
  EXPECT_EQ(proof_cause(with({{"iat", 1'800'000'031}})), "made in the future");
  EXPECT_EQ(proof_cause(with({{"iat", 1'799'999'700.5}})), "good");
  DpopRules small;
  small.rsa_bits = 2048;
  small.algorithms = {JwsAlgorithm::rs256};
  EXPECT_EQ(
      proof_cause(with({}, "dpop+jwt", SigningKey::generate(JwsAlgorithm::rs256)), DpopExpectation("POST", url), small),
      "good");
  EXPECT_EQ(proof_cause(with({}, "dpop+jwt", SigningKey::generate(JwsAlgorithm::rs256, 2560)),
                        DpopExpectation("POST", url), small),
            "no usable public key in the header");
}

TEST(Dpop, IsBoundToTheToken) {
  DpopExpectation expected("POST", url);
  expected.access_token = "token";
  EXPECT_EQ(proof_cause(with({}), expected), "no hash of the access token");
  EXPECT_EQ(proof_cause(with({{"ath", dpop_token_hash("other")}}), expected), "for another access token");
  EXPECT_EQ(proof_cause(with({{"ath", "token"}}), expected), "for another access token");
  EXPECT_EQ(proof_cause(with({{"ath", dpop_token_hash("token")}}), expected), "good");
  expected.thumbprint = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";
  EXPECT_EQ(proof_cause(with({{"ath", dpop_token_hash("token")}}), expected),
            "made with another key than the token is bound to");
}

TEST(Dpop, NoncesAreAskedFor) {
  DpopExpectation expected("POST", url);
  expected.nonces = {"fresh", "older"};
  EXPECT_EQ(proof_cause(with({}), expected), "no nonce");
  EXPECT_EQ(proof_cause(with({{"nonce", "stale"}}), expected), "the nonce is not good any more");
  EXPECT_EQ(proof_cause(with({{"nonce", "older"}}), expected), "good");
}

TEST(Dpop, TargetsAreComparedInTheirOneForm) {
  const auto form = [](std::string_view text) { return dpop_target(text).value_or("none"); };
  EXPECT_EQ(form("https://mcp.example/mcp"), "https://mcp.example/mcp");
  EXPECT_EQ(form("HTTPS://MCP.Example:443/mcp?a=1#b"), "https://mcp.example/mcp");
  EXPECT_EQ(form("http://mcp.example:80"), "http://mcp.example/");
  EXPECT_EQ(form("https://mcp.example:80/"), "https://mcp.example:80/");
  EXPECT_EQ(form("https://mcp.example:/"), "https://mcp.example/");
  EXPECT_EQ(form("https://mcp.example/a/../%6dcp/./x"), "https://mcp.example/mcp/x");
  EXPECT_EQ(form("https://mcp.example/a%2fb"), "https://mcp.example/a%2Fb") << "not the same as a/b";
  EXPECT_EQ(form("https://mcp.example/A"), "https://mcp.example/A");
  EXPECT_EQ(form("https://mcp.example/a/b/.."), "https://mcp.example/a/");
  EXPECT_EQ(form("https://mcp.example/../../a/."), "https://mcp.example/a/");
  EXPECT_EQ(form("https://mcp.example/a//b/%2e%2E/c%c3%a9"), "https://mcp.example/a//c%C3%A9");
  EXPECT_EQ(form("https://mcp.example:08443/"), "https://mcp.example:8443/");
  EXPECT_EQ(form("https://mcp.example:99999/"), "none");
  EXPECT_EQ(form("https://[::1]:8443/x"), "https://[::1]:8443/x");
  for (const char* const text : {"", "mcp", "/mcp", "ftp://a/b", "https:///x", "https://u@a/b", "https://a b/",
                                 "https:x", "https://a::/x", "https://a:1:2/", "https://a/\n", "javascript:alert(1)"})
    EXPECT_EQ(form(text), "none") << text;
  EXPECT_EQ(proof_cause(with({{"htu", "https://MCP.example:443/mcp?x=1#y"}})), "good");
  EXPECT_EQ(proof_cause(with({{"htu", "https://mcp.example/mcp/"}})), "for another URL");
  EXPECT_EQ(proof_cause(with({{"htu", "http://mcp.example/mcp"}})), "for another URL");
  EXPECT_EQ(proof_cause(with({{"htu", "https://mcp.example.evil/mcp"}})), "for another URL");
  EXPECT_EQ(proof_cause(with({{"htu", "junk"}}), DpopExpectation("POST", "junk")), "for another URL");
}

TEST(ReplayWindow, EachIdOnce) {
  ReplayWindow window(std::chrono::seconds(10), 3);
  using Use = ReplayWindow::Use;
  EXPECT_EQ(window.use("a", now), Use::first);
  EXPECT_EQ(window.use("a", now), Use::again);
  EXPECT_EQ(window.use("a", now + std::chrono::milliseconds(9999)), Use::again);
  EXPECT_EQ(window.use("a", now + std::chrono::seconds(10)), Use::first);
  EXPECT_EQ(window.use("b", now + std::chrono::seconds(10)), Use::first);
  EXPECT_EQ(window.use(std::string(100'000, 'c'), now + std::chrono::seconds(11)), Use::first);
  EXPECT_EQ(window.use("d", now + std::chrono::seconds(12)), Use::full);
  EXPECT_EQ(window.use("a", now + std::chrono::seconds(12)), Use::again) << "a full window forgets nothing";
  EXPECT_EQ(window.use("d", now + std::chrono::seconds(20)), Use::first);
  EXPECT_EQ(window.size(), 2U);
}

TEST(ReplayWindow, OfManyThreadsOneIsFirst) {
  ReplayWindow window(std::chrono::seconds(10), 10'000);
  std::atomic<int> first = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 500; ++i)
        if (window.use(std::to_string(i), now) == ReplayWindow::Use::first) ++first;
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(first, 500);
}

TEST(DpopNonces, AreGoodForAWhile) {
  const DpopNonces nonces(Secret(std::string(32, 'k')), std::chrono::seconds(100));
  const auto good = [&](const std::string& nonce, std::chrono::seconds later) {
    for (const std::string& accepted : nonces.accepted(now + later))
      if (accepted == nonce) return true;
    return false;
  };
  const std::string nonce = nonces.current(now);
  EXPECT_EQ(nonce.size(), 22U);
  EXPECT_TRUE(good(nonce, std::chrono::seconds(0)));
  EXPECT_TRUE(good(nonce, std::chrono::seconds(100)));
  EXPECT_TRUE(good(nonce, std::chrono::seconds(-100))) << "another instance's clock";
  EXPECT_FALSE(good(nonce, std::chrono::seconds(200)));
  EXPECT_FALSE(good(DpopNonces::random().current(now), std::chrono::seconds(0)));
  EXPECT_THROW(DpopNonces(Secret("short"), std::chrono::seconds(1)), std::invalid_argument);
}

}  // namespace
}  // namespace leanmcp
