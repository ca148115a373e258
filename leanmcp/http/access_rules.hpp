#pragma once

#include <leanmcp/base/result.hpp>
#include <leanmcp/http/server_options.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace leanmcp::inline v0::detail {

/// Which Host and Origin are served (DNS rebinding), and what browsers of allowed origins are told (Fetch standard,
/// section 3.2, CORS).
class AccessRules {
 public:
  /// Fails on a public URL or an origin that is none.
  static Result<AccessRules> make(const HttpServerOptions& options, bool on_loopback);

  /// `authority` as in a Host field, with or without a port.
  bool host_allowed(std::string_view authority) const;
  bool checks_origins() const noexcept { return check_origins_; }
  bool origin_allowed(std::string_view origin) const;

  /// The lines that let a page of that origin read the answer. `origin` is allowed; with `any` all are.
  void append_cors(std::string& out, std::string_view origin, bool any = false) const;
  /// The further lines of the answer to a preflight for `wanted_headers`.
  static void append_preflight(std::string& out, std::string_view methods, std::string_view wanted_headers);

 private:
  AccessRules() = default;

  struct Place {
    std::string host;
    std::string port;
  };
  static bool split(std::string_view authority, std::string_view& host, std::string_view& port);
  static bool is_loopback_name(std::string_view host);

  bool check_hosts_ = false;
  bool check_origins_ = true;
  bool any_origin_ = false;
  bool loopback_origins_ = false;
  std::vector<Place> hosts_;
  std::vector<std::string> origins_;
};

}  // namespace leanmcp::inline v0::detail
