#include <leanmcp/base/encoding.hpp>
#include <leanmcp/oauth/client/issuer_rules.hpp>

#include <gtest/gtest.h>

namespace leanmcp::inline v0 {
namespace {

using Issuers = std::vector<std::string>;

TEST(ChooseIssuer, RegisteredThenUsedThenFirst) {
  const Issuers offered{"https://a", "https://b", "https://c"};
  EXPECT_EQ(choose_issuer(offered, "", ""), "https://a");
  EXPECT_EQ(choose_issuer(offered, "", "https://c"), "https://c");
  EXPECT_EQ(choose_issuer(offered, "https://b", "https://c"), "https://b");
  EXPECT_EQ(choose_issuer(offered, "", "https://gone"), "https://a") << "a migration";
  EXPECT_EQ(choose_issuer({}, "", ""), std::nullopt);
}

TEST(ChooseIssuer, RegisteredElsewhereIsNoChoice) {
  EXPECT_EQ(choose_issuer({"https://a"}, "https://b", ""), std::nullopt);
  EXPECT_EQ(choose_issuer({"https://a"}, "https://a/", "https://a"), std::nullopt) << "byte for byte";
}

std::string jwt(const std::string& claims) { return "e30." + base64url_encode(claims) + ".c2ln"; }

TEST(WorkloadToken, AudienceIsTheIssuer) {
  EXPECT_TRUE(is_for_issuer(jwt("{\"aud\":\"https://as\"}"), "https://as"));
  EXPECT_TRUE(is_for_issuer(jwt("{\"aud\":[\"x\",\"https://as\"]}"), "https://as"));
  for (const std::string& text :
       {jwt("{\"aud\":\"https://as/\"}"), jwt("{\"aud\":[]}"), jwt("{\"aud\":[[\"https://as\"]]}"), jwt("{\"aud\":1}"),
        jwt("{}"), jwt("[]"), jwt("x"), std::string("opaque"), std::string("a.b!.c"), std::string()})
    EXPECT_FALSE(is_for_issuer(text, "https://as")) << text;
}

TEST(Rfc8252Section7_3, PortOfALoopbackAddressIsFree) {
  EXPECT_TRUE(same_redirect("http://127.0.0.1:1/cb", "http://127.0.0.1:2/cb"));
  EXPECT_TRUE(same_redirect("http://127.0.0.1/cb", "http://127.0.0.1:2/cb"));
  EXPECT_TRUE(same_redirect("http://[::1]:1/cb?x=y", "http://[::1]:2/cb?x=y"));
  EXPECT_TRUE(same_redirect("https://app.example/cb", "https://app.example/cb"));
}

TEST(Rfc8252Section7_3, NothingElseIs) {
  for (const auto& [kept, now] :
       {std::pair("http://127.0.0.1:1/cb", "http://127.0.0.1:2/other"),
        std::pair("http://127.0.0.1:1/cb", "http://[::1]:1/cb"),
        std::pair("http://127.0.0.1:1/cb", "http://127.0.0.2:1/cb"),
        std::pair("http://localhost:1/cb", "http://localhost:2/cb"),
        std::pair("http://127.0.0.1:1/cb", "https://127.0.0.1:1/cb"),
        std::pair("http://127.0.0.1:1/cb", "http://127.0.0.1:1/cb?a"),
        std::pair("https://app.example/cb", "https://app.example:444/cb"), std::pair("", "http://127.0.0.1:1/cb"),
        std::pair("http://u@127.0.0.1:1/cb", "http://127.0.0.1:2/cb")})
    EXPECT_FALSE(same_redirect(kept, now)) << kept << " " << now;
}

}  // namespace
}  // namespace leanmcp::inline v0
