#pragma once

#include <leanmcp/base/clock.hpp>
#include <leanmcp/base/result.hpp>
#include <leanmcp/crypto/public_keys.hpp>
#include <leanmcp/http/client.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace leanmcp::inline v0::as {

/// Why there is no document. What the peer is told is always the same.
enum class RemoteFault {
  bad_url,      ///< not https, or not of the form that is taken
  blocked,      ///< one of the host's addresses is not a public one: nothing was sent
  unreachable,  ///< no address, no connection, time ran out, 5xx
  refused,      ///< another status than 200, redirects too
  too_large,
  malformed,  ///< not what was asked for
  busy,       ///< too many are being read, or this one is and there is no need to wait for it
};
std::string_view to_string(RemoteFault fault) noexcept;

struct RemoteDocument {
  std::string body;
  /// How long it may be kept: what the host says, between 5 minutes and 24 hours.
  std::chrono::seconds lifetime{300};
};

/// How names become addresses: literal addresses, or none.
using ResolveHost =
    std::function<std::vector<std::string>(const std::string& host, std::chrono::milliseconds patience)>;

/// Documents at URLs that clients name: metadata documents and key sets. Every address of the host must be public
/// (or, in tests, the host loopback); the connection goes to one of the addresses that were looked at, and its other
/// end is checked again. No redirects, no cookies, no credentials. The same URL is read once at a time. Of what clients
/// name, four threads read or wait at once, two of them for one host, so that slow hosts hold up nobody else; `busy`
/// above that. Thread-safe; blocks for at most 10 seconds.
class RemoteDocuments {
 public:
  /// `trusted` is for URLs of the configuration, `guarded` must have AddressPolicy::public_only.
  RemoteDocuments(std::shared_ptr<HttpClient> trusted, std::shared_ptr<HttpClient> guarded, bool loopback_allowed);
  RemoteDocuments(std::shared_ptr<HttpClient> trusted, std::shared_ptr<HttpClient> guarded, bool loopback_allowed,
                  ResolveHost resolve);
  ~RemoteDocuments();

  Result<RemoteDocument, RemoteFault> read(const std::string& url, std::size_t most_bytes);
  /// For a document of which an older copy serves meanwhile: `busy` at once where another thread is reading it, or
  /// where its host was away less than 30 seconds ago.
  Result<RemoteDocument, RemoteFault> read_again(const std::string& url, std::size_t most_bytes, TimePoint now);

  /// The key set at a URL, from memory while it is fresh. Read again for a key id that it lacks, at most twice a
  /// minute; while another thread reads it, what is in memory serves. `from_configuration`: the URL is the operator's
  /// own, so that it may be any address.
  Result<PublicKeys, RemoteFault> keys(const std::string& url, std::string_view key_id, bool from_configuration,
                                       TimePoint now);

 private:
  struct Data;
  std::unique_ptr<Data> data_;
};

}  // namespace leanmcp::inline v0::as
