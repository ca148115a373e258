#pragma once

#include <leanmcp/base/clock.hpp>
#include <leanmcp/base/result.hpp>
#include <leanmcp/crypto/seal.hpp>
#include <leanmcp/http/cookie.hpp>
#include <leanmcp/storage/database.hpp>

#include <chrono>
#include <string>
#include <string_view>

namespace leanmcp::inline v0 {

/// Why what a browser brought back is not taken. For the log: the browser gets one and the same page for all.
enum class FlowRefusal {
  unknown,  ///< no such state, or of another kind
  expired,
  other_browser,  ///< the cookie of the browser that began it is missing or another one
  used,
  too_many,  ///< too many are open for one link
  storage,
};
std::string_view to_string(FlowRefusal refusal) noexcept;

/// Journeys of a browser to another site and back (an OAuth authorization request and its callback): each has a state
/// of 256 bits that is good once, and a cookie that ties it to the browser that began it, so that neither a foreign
/// callback (login CSRF) nor a passed-on one does anything. What must be remembered is sealed and stays here; nothing
/// of it travels. Kept in the database, so any instance can take a journey's end.
///
/// Copies share the database. Thread-safe; the functions block.
class BrowserFlows {
 public:
  /// `public_url` is where browsers reach this server: https, or http on loopback, where cookies cannot have the
  /// `__Host-` prefix. The error says what is wrong with it.
  static Result<BrowserFlows> open(Database database, const KeyRing& keys, const std::string& public_url,
                                   std::chrono::milliseconds lifetime = std::chrono::minutes(10));

  struct Begun {
    std::string state;
    /// A Set-Cookie value.
    std::string cookie;
  };
  /// `kind` says what for, `subject` for whom or which link; `payload` comes back from `take`.
  Result<Begun, FlowRefusal> begin(std::string_view kind, std::string_view subject, std::string_view payload,
                                   TimePoint now) const;
  struct Taken {
    std::string subject;
    std::string payload;
    /// A Set-Cookie value that removes the cookie.
    std::string cookie;
  };
  /// Takes the state, once. A state that is not this browser's is not used up.
  Result<Taken, FlowRefusal> take(std::string_view kind, std::string_view state, std::string_view cookie_header,
                                  TimePoint now) const;

  const std::string& public_url() const noexcept { return public_url_; }

 private:
  BrowserFlows(Database database, Sealer sealer, std::string public_url, bool secure,
               std::chrono::milliseconds lifetime)
      : database_(std::move(database)),
        sealer_(std::move(sealer)),
        public_url_(std::move(public_url)),
        secure_(secure),
        lifetime_(lifetime) {}
  std::string cookie_name(std::string_view state_hash) const;

  Database database_;
  Sealer sealer_;
  std::string public_url_;
  bool secure_;
  std::chrono::milliseconds lifetime_;
};

}  // namespace leanmcp::inline v0
