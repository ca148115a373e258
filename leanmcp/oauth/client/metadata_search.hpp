#pragma once

#include <leanmcp/http/client.hpp>
#include <leanmcp/oauth/client/metadata.hpp>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace leanmcp::inline v0 {

/// Looks for one document in the places where it may be. No I/O: names the next place and is told what came of it.
///
/// A place without a usable JSON object (a status of 3xx or 4xx, no JSON) sends the search on to the next one; a
/// document that says the wrong thing ends it, and so does a failure that leaves open whether there is a document,
/// since going on would let whoever can cut a connection choose the place.
template <class T>
class MetadataSearch {
 public:
  using Read = std::function<Result<T, DiscoveryFault>(std::string_view text)>;
  MetadataSearch(std::vector<std::string> places, Read read) : places_(std::move(places)), read_(std::move(read)) {}

  /// The URL to fetch now; null when the search is over.
  const std::string* next() const noexcept {
    return found_ || ended_ || at_ == places_.size() ? nullptr : &places_[at_];
  }

  void take(const HttpClient::Outcome& outcome) {
    if (!next()) return;
    ++at_;
    if (!outcome || outcome->status >= 500 || outcome->status == 429) {
      ended_ = DiscoveryFault::unreachable;
      return;
    }
    if (outcome->status != 200) return;
    auto read = read_(outcome->body);
    if (read) {
      found_ = std::move(*read);
    } else if (read.error() == DiscoveryFault::malformed) {
      malformed_ = true;
    } else {
      ended_ = read.error();
    }
  }

  /// Once it is over.
  Result<T, DiscoveryFault> result() const {
    if (found_) return *found_;
    return ended_.value_or(malformed_ ? DiscoveryFault::malformed : DiscoveryFault::absent);
  }

 private:
  const std::vector<std::string> places_;
  const Read read_;
  std::size_t at_ = 0;
  std::optional<T> found_;
  std::optional<DiscoveryFault> ended_;
  bool malformed_ = false;
};

}  // namespace leanmcp::inline v0
