#include <leanmcp/oauth/client/metadata_search.hpp>

#include <gtest/gtest.h>

namespace leanmcp::inline v0 {
namespace {

using Search = MetadataSearch<std::string>;

Search search() {
  return Search({"one", "two", "three"}, [](std::string_view text) -> Result<std::string, DiscoveryFault> {
    if (text == "bad") return DiscoveryFault::malformed;
    if (text == "wrong") return DiscoveryFault::other_issuer;
    return std::string(text);
  });
}

HttpClient::Outcome document(int status, std::string body = {}) {
  ClientResponse out;
  out.status = status;
  out.body = std::move(body);
  return out;
}

TEST(MetadataSearch, FirstGoodDocumentEndsIt) {
  Search found = search();
  ASSERT_TRUE(found.next());
  EXPECT_EQ(*found.next(), "one");
  found.take(document(404));
  EXPECT_EQ(*found.next(), "two");
  found.take(document(200, "good"));
  EXPECT_FALSE(found.next());
  EXPECT_EQ(*found.result(), "good");
  found.take(document(200, "later"));
  EXPECT_EQ(*found.result(), "good");
}

TEST(MetadataSearch, WhatIsNoDocumentLeadsToTheNextPlace) {
  for (const int status : {204, 301, 302, 307, 400, 401, 403, 404, 410, 418}) {
    Search going = search();
    going.take(document(status, "good"));
    ASSERT_TRUE(going.next()) << status;
  }
  Search going = search();
  going.take(document(200, "bad"));
  going.take(document(404));
  ASSERT_TRUE(going.next());
  going.take(document(404));
  EXPECT_FALSE(going.next());
  EXPECT_EQ(going.result().error(), DiscoveryFault::malformed);
  Search none = search();
  for (int i = 0; i < 3; ++i) none.take(document(404));
  EXPECT_EQ(none.result().error(), DiscoveryFault::absent);
}

TEST(MetadataSearch, FailureThatLeavesItOpenEndsIt) {
  for (const int status : {500, 502, 503, 429}) {
    Search ended = search();
    ended.take(document(status));
    EXPECT_FALSE(ended.next()) << status;
    EXPECT_EQ(ended.result().error(), DiscoveryFault::unreachable);
  }
  for (const HttpClientCause cause : {HttpClientCause::cannot_connect, HttpClientCause::timeout, HttpClientCause::tls,
                                      HttpClientCause::too_large, HttpClientCause::refused_url}) {
    Search ended = search();
    ended.take(HttpClientFault{cause, {}});
    EXPECT_FALSE(ended.next());
    EXPECT_EQ(ended.result().error(), DiscoveryFault::unreachable);
  }
}

TEST(MetadataSearch, DocumentThatSaysTheWrongThingEndsIt) {
  Search ended = search();
  ended.take(document(200, "wrong"));
  EXPECT_FALSE(ended.next());
  EXPECT_EQ(ended.result().error(), DiscoveryFault::other_issuer);
}

TEST(MetadataSearch, WithoutPlacesThereIsNothing) {
  Search nothing({}, [](std::string_view) -> Result<std::string, DiscoveryFault> { return std::string(); });
  EXPECT_FALSE(nothing.next());
  EXPECT_EQ(nothing.result().error(), DiscoveryFault::absent);
}

}  // namespace
}  // namespace leanmcp::inline v0
