#pragma once

#include <leanmcp/sandbox/form_text.hpp>
#include <leanmcp/sandbox/stripe_double.hpp>
#include <leanmcp/sandbox/stripe_objects.hpp>

#include <boost/json.hpp>

#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace leanmcp::inline v0::sandbox {

/// What an API call comes to: a status and JSON.
struct ApiAnswer {
  int status = 200;
  boost::json::value body;
};

ApiAnswer api_error(int status, std::string_view code, std::string_view message, std::string_view param = {});

ApiAnswer no_such(std::string_view what, std::string_view id, std::string_view param = "id", int status = 404);
/// Stripe's limits on metadata: the fault, or nothing.
std::string metadata_fault(const boost::json::object& params);

class StripeDouble::Impl {
 public:
  using Objects = std::map<std::string, boost::json::object, std::less<>>;

  Impl(StripeDoubleOptions options, std::shared_ptr<const Clock> clock)
      : options_(std::move(options)), clock_(std::move(clock)) {}

  // stripe_double_api.cpp
  Answer api(const Request& request);

  // stripe_double.cpp
  bool pay(std::string_view session_id, Payment payment);
  bool settle(std::string_view session_id, bool paid);
  bool expire(std::string_view session_id);
  bool set_status(std::string_view subscription_id, std::string_view status);
  bool cancel(std::string_view subscription_id, bool at_period_end);
  void advance(std::chrono::seconds by);
  std::optional<std::string> object(std::string_view kind, std::string_view id);
  std::optional<std::string> portal(std::string_view id);
  std::vector<std::string> take_events();
  TimePoint now() const { return clock_->now() + offset_; }

  mutable std::mutex mutex;

 private:
  struct Remembered {
    std::string request;
    ApiAnswer answer;
  };
  struct Cart {
    boost::json::array lines;
    boost::json::object subscription_data;
  };
  using Params = boost::json::object;

  // stripe_double_api.cpp
  ApiAnswer dispatch(const std::string& method, const std::vector<std::string>& path, const Params& params);
  ApiAnswer customers(const std::string& method, const std::vector<std::string>& path, const Params& params);
  ApiAnswer sessions(const std::string& method, const std::vector<std::string>& path, const Params& params);
  ApiAnswer subscriptions(const std::string& method, const std::vector<std::string>& path, const Params& params);
  ApiAnswer events(const std::vector<std::string>& path, const Params& params);
  ApiAnswer create_session(const Params& params);
  ApiAnswer create_portal(const Params& params);
  ApiAnswer create_meter_event(const Params& params);
  ApiAnswer one(const Objects& objects, std::string_view id, const Params& params);
  ApiAnswer list(const Objects& objects, std::string_view url, const Params& params);
  ApiAnswer list_events(const Params& params);
  boost::json::object expanded(boost::json::object object, const Params& params);

  // stripe_double.cpp
  std::int64_t seconds() const { return unix_seconds(now()); }
  void emit(std::string_view type, const boost::json::object& about);
  void update_subscription(boost::json::object& subscription, std::string_view status);
  void expire_session(boost::json::object& session);
  void renew(boost::json::object& subscription);
  void tick();
  void bill(boost::json::object& subscription, std::int64_t amount, bool paid);
  boost::json::object* find(Objects& objects, std::string_view id);

  const StripeDoubleOptions options_;
  const std::shared_ptr<const Clock> clock_;
  std::chrono::seconds offset_{0};

  Objects customers_;
  Objects sessions_;
  Objects subscriptions_;
  Objects invoices_;
  Objects portals_;
  Objects meter_events_;
  std::map<std::string, Cart, std::less<>> carts_;
  /// Oldest first.
  std::vector<boost::json::object> events_;
  std::size_t taken_ = 0;
  std::map<std::string, Remembered, std::less<>> remembered_;
  /// Of the call that is being answered.
  std::string idempotency_key_;
};

}  // namespace leanmcp::inline v0::sandbox
