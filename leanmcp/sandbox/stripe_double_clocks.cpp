// Time: test clocks as Stripe's API has them, and faults that were asked for.

#include <leanmcp/sandbox/stripe_double_impl.hpp>

namespace leanmcp::inline v0::sandbox {

namespace {

namespace json = boost::json;

constexpr std::int64_t longest_jump = 3'660 * seconds_a_day;

}  // namespace

std::int64_t StripeDouble::Impl::seconds_for(std::string_view customer_id) const {
  const auto customer = customers_.find(customer_id);
  if (customer == customers_.end()) return seconds();
  const auto clock = clocks_.find(text_of(customer->second, "test_clock"));
  return clock == clocks_.end() ? seconds() : integer_of(clock->second, "frozen_time");
}

std::int64_t StripeDouble::Impl::seconds_for(const json::object& object) const {
  const bool is_customer = text_of(object, "object") == "customer";
  return seconds_for(std::string_view(text_of(object, is_customer ? "id" : "customer")));
}

ApiAnswer StripeDouble::Impl::clocks(const std::string& method, const std::vector<std::string>& path,
                                     const Params& params) {
  const auto frozen = parse_integer(text_of(params, "frozen_time"));
  if (path.size() == 3 && method == "POST") {
    if (!frozen || *frozen < 0)
      return api_error(400, "parameter_missing", "Missing required param: frozen_time.", "frozen_time");
    const std::string name = text_of(params, "name");
    json::object clock{{"id", new_id("clock_")},
                       {"object", "test_helpers.test_clock"},
                       {"created", seconds()},
                       {"deletes_after", seconds() + 30 * seconds_a_day},
                       {"frozen_time", *frozen},
                       {"livemode", false},
                       {"name", name.empty() ? json::value(nullptr) : json::value(name)},
                       {"status", "ready"},
                       {"status_details", json::object()}};
    clocks_[text_of(clock, "id")] = clock;
    return ApiAnswer{200, std::move(clock)};
  }
  if (path.size() == 3 && method == "GET") return list(clocks_, "/v1/test_helpers/test_clocks", params);
  json::object* const clock = path.size() > 3 ? find(clocks_, path[3]) : nullptr;
  if (!clock) return no_such("billingclock", path.size() > 3 ? path[3] : "");
  if (path.size() == 4 && method == "GET") return ApiAnswer{200, *clock};
  if (path.size() == 4 && method == "DELETE") {
    clocks_.erase(path[3]);
    return ApiAnswer{200, json::object{{"id", path[3]}, {"object", "test_helpers.test_clock"}, {"deleted", true}}};
  }
  if (path.size() != 5 || method != "POST" || path[4] != "advance")
    return api_error(404, "", "Unrecognized request URL");
  const std::int64_t before = integer_of(*clock, "frozen_time");
  if (!frozen || *frozen <= before || *frozen - before > longest_jump)
    return api_error(400, "", "`frozen_time` must be later than the clock's, by ten years at most.", "frozen_time");
  (*clock)["frozen_time"] = *frozen;
  tick();
  emit("test_helpers.test_clock.ready", *clock);
  return ApiAnswer{200, *clock};
}

bool StripeDouble::Impl::fail_next(std::string_view path, int status, int times, std::string should_retry) {
  constexpr std::size_t most = 100;
  const bool fits = path.starts_with("/v1/") && status >= 400 && status <= 599 && times >= 1 && times <= 1'000;
  if (!fits || faults_.size() >= most) return false;
  PlannedFault fault;
  fault.path = path;
  fault.status = status;
  fault.times = times;
  fault.should_retry = std::move(should_retry);
  faults_.push_back(std::move(fault));
  return true;
}

std::optional<ApiAnswer> StripeDouble::Impl::planned_fault(std::string_view path) {
  for (auto fault = faults_.begin(); fault != faults_.end(); ++fault) {
    if (!path.starts_with(fault->path)) continue;
    ApiAnswer out = api_error(fault->status, "", "The sandbox was told to fail.");
    if (fault->status >= 500) out.body.get_object()["error"].get_object()["type"] = "api_error";
    out.should_retry = fault->should_retry;
    if (--fault->times == 0) faults_.erase(fault);
    return out;
  }
  return std::nullopt;
}

}  // namespace leanmcp::inline v0::sandbox
