#pragma once

#include <leanmcp/sandbox/form_text.hpp>
#include <leanmcp/sandbox/stripe_double.hpp>
#include <leanmcp/sandbox/stripe_objects.hpp>

#include <boost/json.hpp>

#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace leanmcp::inline v0::sandbox {

/// What an API call comes to: a status and JSON.
struct ApiAnswer {
  int status = 200;
  boost::json::value body;
  /// The header Stripe-Should-Retry; none when empty.
  std::string should_retry = {};
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

  // stripe_double_clocks.cpp
  bool fail_next(std::string_view path, int status, int times, std::string should_retry);

  // stripe_double_payments.cpp
  bool refund(std::string_view payment_id, std::int64_t amount);
  bool dispute(std::string_view payment_id, std::string_view status);
  bool card(std::string_view customer_id, bool declines);
  bool pay_due(std::string_view subscription_id);
  bool change_plan(std::string_view subscription_id, std::string_view price_id);

  // stripe_double.cpp
  bool pay(std::string_view session_id, Payment payment);
  bool settle(std::string_view session_id, bool paid);
  bool expire(std::string_view session_id);
  bool set_status(std::string_view subscription_id, std::string_view status);
  bool cancel(std::string_view subscription_id, bool at_period_end);
  bool resume(std::string_view subscription_id);
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
    boost::json::object payment_data;
  };
  /// An answer that was asked for instead of the real one.
  struct PlannedFault {
    std::string path;
    int status = 500;
    int times = 1;
    std::string should_retry;
  };
  using Params = boost::json::object;

  // stripe_double_api.cpp
  ApiAnswer dispatch(const std::string& method, const std::vector<std::string>& path, const Params& params);
  ApiAnswer customers(const std::string& method, const std::vector<std::string>& path, const Params& params);
  ApiAnswer sessions(const std::string& method, const std::vector<std::string>& path, const Params& params);
  ApiAnswer subscriptions(const std::string& method, const std::vector<std::string>& path, const Params& params);
  ApiAnswer events(const std::vector<std::string>& path, const Params& params);
  ApiAnswer create_session(const Params& params);
  ApiAnswer change_subscription(boost::json::object& subscription, const Params& params);
  ApiAnswer create_portal(const Params& params);
  ApiAnswer create_meter_event(const Params& params);
  // stripe_double_payments.cpp
  ApiAnswer refunds(const std::string& method, const std::vector<std::string>& path, const Params& params);
  boost::json::object* charge_of(std::string_view payment_id);
  void pay_once(boost::json::object& session, const Cart& cart, Payment payment);
  /// The money of a payment arrives, or fails.
  void settle_payment(boost::json::object& payment, bool paid);
  bool card_declines(const boost::json::object& subscription) const;
  // stripe_double_clocks.cpp
  ApiAnswer clocks(const std::string& method, const std::vector<std::string>& path, const Params& params);
  /// What the time is for a customer: that of its test clock, if it has one.
  std::int64_t seconds_for(std::string_view customer_id) const;
  std::int64_t seconds_for(const boost::json::object& object) const;
  std::optional<ApiAnswer> planned_fault(std::string_view path);

  // stripe_double_api.cpp
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
  Objects payments_;
  Objects charges_;
  Objects refunds_;
  Objects disputes_;
  Objects clocks_;
  /// Prices that were asked for or sold: what the portal offers.
  Objects known_prices_;
  /// Customers whose card is declined from now on.
  std::set<std::string, std::less<>> declining_;
  std::vector<PlannedFault> faults_;
  std::map<std::string, Cart, std::less<>> carts_;
  /// Oldest first.
  std::vector<boost::json::object> events_;
  std::size_t taken_ = 0;
  std::map<std::string, Remembered, std::less<>> remembered_;
  /// Of the call that is being answered.
  std::string idempotency_key_;
};

}  // namespace leanmcp::inline v0::sandbox
