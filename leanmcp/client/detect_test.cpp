#include <leanmcp/client/detect.hpp>

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace leanmcp {
namespace {

using detail::judge_probe;
using detail::ProbeReply;
using detail::ProbeStep;
using detail::ProbeVerdict;

const std::vector<Version> all(supported_versions.begin(), supported_versions.end());
const std::vector<Version> only_modern = {Version::v2026_07_28};
const std::vector<Version> only_legacy = {Version::v2025_11_25, Version::v2025_06_18};

ProbeVerdict result(const char* text, const std::vector<Version>& wanted = all) {
  const json::object object = json::parse(text).as_object();
  return judge_probe(ProbeReply{&object, nullptr}, wanted, newest_version, 1);
}
ProbeVerdict error(const char* text, const std::vector<Version>& wanted = all, int attempt = 1) {
  const json::object object = json::parse(text).as_object();
  return judge_probe(ProbeReply{nullptr, &object}, wanted, newest_version, attempt);
}

TEST(Detect, DiscoverResultIsModern) {
  const auto verdict = result(R"({"supportedVersions":["2026-07-28","2025-11-25"],"capabilities":{}})");
  EXPECT_EQ(verdict.step, ProbeStep::modern);
  EXPECT_EQ(verdict.version, Version::v2026_07_28);
}

TEST(Detect, ModernServerThatOffersOnlyOlderRevisionsIsInitialized) {
  const auto verdict = result(R"({"supportedVersions":["2025-06-18","2025-11-25"]})");
  EXPECT_EQ(verdict.step, ProbeStep::initialize);
  EXPECT_EQ(verdict.version, Version::v2025_11_25);
  EXPECT_EQ(result(R"({"supportedVersions":["2025-11-25"]})", only_modern).step, ProbeStep::unsupported);
  EXPECT_EQ(result(R"({"supportedVersions":["2031-01-01"]})").step, ProbeStep::unsupported);
}

TEST(Detect, ResultOfAnotherShapeIsALegacyServer) {
  EXPECT_EQ(result("{}").step, ProbeStep::initialize);
  EXPECT_EQ(result(R"({"supportedVersions":"2026-07-28"})").step, ProbeStep::initialize);
  EXPECT_EQ(result("{}", only_modern).step, ProbeStep::unsupported);
}

TEST(Detect, UnsupportedVersionIsTriedAgainWithWhatTheServerNames) {
  const char* const text = R"({"code":-32022,"message":"","data":{"supported":["2026-07-28"]}})";
  EXPECT_EQ(error(text).step, ProbeStep::probe_again);
  EXPECT_EQ(error(text, all, 2).step, ProbeStep::probe_again);
  EXPECT_EQ(error(text, all, 3).step, ProbeStep::unsupported);  // it will never be content
  EXPECT_EQ(error(text, only_legacy).step, ProbeStep::unsupported);
  EXPECT_EQ(error(R"({"code":-32022,"message":"","data":{"supported":["2025-11-25"]}})").step, ProbeStep::initialize);
  EXPECT_EQ(error(R"({"code":-32022,"message":""})").step, ProbeStep::unsupported);
}

TEST(Detect, OtherModernErrorsNeverFallBack) {
  EXPECT_EQ(error(R"({"code":-32020,"message":""})").step, ProbeStep::refused);
  EXPECT_EQ(error(R"({"code":-32021,"message":""})").step, ProbeStep::refused);
}

TEST(Detect, AnythingElseFallsBackWhateverItsCode) {
  for (const char* const text : {R"({"code":-32600,"message":""})", R"({"code":-32602,"message":""})",
                                 R"({"code":-32000,"message":""})", R"({"code":0,"message":""})", "{}"}) {
    const auto verdict = error(text);
    EXPECT_EQ(verdict.step, ProbeStep::initialize) << text;
    EXPECT_EQ(verdict.version, Version::v2025_11_25);
    EXPECT_FALSE(verdict.perhaps_modern);
  }
  EXPECT_EQ(judge_probe(ProbeReply(), all, newest_version, 1).step, ProbeStep::initialize);
}

TEST(Detect, UnknownMethodMayBeAModernServerWithoutDiscover) {
  const auto verdict = error(R"({"code":-32601,"message":""})");
  EXPECT_EQ(verdict.step, ProbeStep::initialize);
  EXPECT_TRUE(verdict.perhaps_modern);
  EXPECT_EQ(error(R"({"code":-32601,"message":""})", only_modern).step, ProbeStep::modern);
}

TEST(Detect, OldTransportIsSuspectedOfItsStatusesOnly) {
  EXPECT_TRUE(detail::suggests_http_sse(404, nullptr));
  EXPECT_TRUE(detail::suggests_http_sse(405, nullptr));
  const json::object legacy = {{"code", -32000}};
  EXPECT_TRUE(detail::suggests_http_sse(400, &legacy));
  const json::object modern = {{"code", -32022}};
  EXPECT_FALSE(detail::suggests_http_sse(400, &modern));
  EXPECT_FALSE(detail::suggests_http_sse(500, nullptr));
  EXPECT_FALSE(detail::suggests_http_sse(401, nullptr));
}

TEST(Detect, NegotiatedIsWhatWasWanted) {
  EXPECT_EQ(detail::negotiated("2025-06-18", all), Version::v2025_06_18);
  EXPECT_EQ(detail::negotiated("2024-11-05", all), Version::v2025_03_26);
  EXPECT_FALSE(detail::negotiated("2025-03-26", only_legacy));
  EXPECT_FALSE(detail::negotiated("2026-07-28", all));
  EXPECT_FALSE(detail::negotiated("1.0", all));
}

}  // namespace
}  // namespace leanmcp
