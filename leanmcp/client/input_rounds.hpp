#pragma once

#include <leanmcp/client/error.hpp>
#include <leanmcp/json/fwd.hpp>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace leanmcp::inline v0 {

/// One thing that a server asks its client for: a form or URL for the user (`elicitation/create`), a sample of the
/// client's model (`sampling/createMessage`), or the roots (`roots/list`).
class InputRequest {
 public:
  InputRequest() = default;
  InputRequest(std::string request_key, std::string request_method, std::shared_ptr<const json::object> request_params)
      : key(std::move(request_key)), method(std::move(request_method)), params(std::move(request_params)) {}

  /// The server's name for it within the call; empty for a request of an older revision, which stands alone.
  std::string key;
  std::string method;
  /// Never null.
  std::shared_ptr<const json::object> params;
};

/// A call that is not done: the server needs input first (2026-07-28, Multi Round-Trip Requests).
class InputRequired {
 public:
  InputRequired() = default;
  std::vector<InputRequest> requests;
  /// To be sent back exactly as it came; absent when the server gave none.
  std::optional<std::string> state;
};

namespace detail {

struct RoundLimits {
  std::size_t requests = 64;
  std::size_t state_bytes = 1024 * 1024;
};

/// What kind of result it is (2026-07-28, Overview, ResultType). nullopt: complete. `may_ask` is false for methods
/// whose results must be complete.
ClientResult<std::optional<InputRequired>> read_result_type(std::shared_ptr<const json::object> result, bool may_ask,
                                                            const RoundLimits& limits = RoundLimits());

/// The parameters of the next round: those of the first one with the answers, which are JSON texts by key, and the
/// state. What an earlier round carried is left out.
json::object next_round(const json::object& first_params, const InputRequired& asked,
                        const std::vector<std::pair<std::string, std::string>>& answers);

}  // namespace detail

}  // namespace leanmcp::inline v0
