#pragma once

#include <leanmcp/base/result.hpp>
#include <leanmcp/base/task.hpp>

#include <functional>
#include <string>
#include <string_view>

namespace leanmcp::inline v0 {

/// How the person gets to the authorization server and the answer comes back. Used by one sign-in at a time.
class AuthorizationBrowser {
 public:
  virtual ~AuthorizationBrowser() = default;
  /// Gets ready to receive the answer, and says where: the redirect URI, as it is registered.
  virtual Task<Result<std::string>> prepare() = 0;
  /// Sends the person to `url` and waits for the query of the redirect. `is_answer` tells whether a query belongs to
  /// this request; others are turned away and the waiting goes on.
  virtual Task<Result<std::string>> visit(std::string url, std::function<bool(std::string_view query)> is_answer) = 0;
};

}  // namespace leanmcp::inline v0
