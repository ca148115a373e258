#include <leanmcp/client/input_rounds.hpp>

#include <boost/json.hpp>

namespace leanmcp::inline v0::detail {

namespace {

bool is_known(std::string_view method) {
  return method == "elicitation/create" || method == "sampling/createMessage" || method == "roots/list";
}

}  // namespace

ClientResult<std::optional<InputRequired>> read_result_type(std::shared_ptr<const json::object> result, bool may_ask,
                                                            const RoundLimits& limits) {
  const json::value* const type = result->if_contains("resultType");
  if (!type) return std::optional<InputRequired>();
  if (!type->is_string()) return odd("resultType is no text");
  if (type->get_string() == "complete") return std::optional<InputRequired>();
  if (type->get_string() != "input_required") return odd("a result of a type that was not agreed on");
  if (!may_ask) return odd("the server asks for input where it must not");

  InputRequired asked;
  if (const json::value* const state = result->if_contains("requestState")) {
    if (!state->is_string()) return odd("requestState is no text");
    if (state->get_string().size() > limits.state_bytes)
      return ClientError(ClientCause::too_large, "requestState is too long");
    asked.state = std::string(state->get_string());
  }
  if (const json::value* const requests = result->if_contains("inputRequests")) {
    if (!requests->is_object()) return odd("inputRequests is no object");
    if (requests->get_object().size() > limits.requests)
      return ClientError(ClientCause::too_large, "too many inputRequests");
    for (const auto& [key, value] : requests->get_object()) {
      const json::object* const request = value.if_object();
      const json::value* const method = request ? request->if_contains("method") : nullptr;
      if (!method || !method->is_string() || !is_known(method->get_string()))
        return odd("an input request of an unknown method");
      const json::value* const params = request->if_contains("params");
      if (params && !params->is_object()) return odd("the params of an input request are no object");
      auto held = params ? std::shared_ptr<const json::object>(result, &params->get_object())
                         : std::make_shared<const json::object>();
      asked.requests.emplace_back(std::string(key), std::string(method->get_string()), std::move(held));
    }
  }
  if (!asked.state && asked.requests.empty()) return odd("the server asks for input but not for what");
  return std::optional<InputRequired>(std::move(asked));
}

json::object next_round(const json::object& first_params, const InputRequired& asked,
                        const std::vector<std::pair<std::string, std::string>>& answers) {
  json::object params = first_params;
  params.erase("inputResponses");
  params.erase("requestState");
  if (!asked.requests.empty()) {
    json::object responses;
    for (const auto& [key, text] : answers) responses[key] = json::parse(text);
    params["inputResponses"] = std::move(responses);
  }
  if (asked.state) params["requestState"] = *asked.state;
  return params;
}

}  // namespace leanmcp::inline v0::detail
