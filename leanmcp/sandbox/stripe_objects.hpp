#pragma once

#include <boost/json.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Stripe's objects as JSON, in the shape of the pinned API version.
namespace leanmcp::inline v0::sandbox {

inline constexpr std::int64_t seconds_a_day = 86'400;

/// `prefix` and 24 random characters, as Stripe's ids look.
std::string new_id(std::string_view prefix);

/// The price of that id: any id with `price_` is one. Ids with "year" or "annual" in them cost 99.00 a year, those with
/// "once", "pack", "credit" or "lifetime" 5.00 once, those with "usage" or "metered" 0.02 a use, all others 9.99 a
/// month. nullopt for another id.
std::optional<boost::json::object> price_object(std::string_view id);

boost::json::object list_object(boost::json::array data, bool has_more, std::string_view url);

enum class PriceKind { recurring, metered, one_time };
PriceKind price_kind(const boost::json::object& price);

/// The lines of a checkout session from its decoded `line_items`; nullopt when a price is unknown, a quantity is no
/// number, or a metered price has one.
std::optional<boost::json::array> session_lines(const boost::json::value& line_items);
std::int64_t total_of(const boost::json::array& lines);

boost::json::object customer_object(const boost::json::object& params, std::int64_t now);
boost::json::object session_object(const boost::json::object& params, const boost::json::array& lines,
                                   std::string_view base_url, std::int64_t now);
boost::json::object subscription_object(const boost::json::object& session, const boost::json::array& lines,
                                        const boost::json::object& subscription_data, std::int64_t now);
boost::json::object invoice_object(const boost::json::object& subscription, std::int64_t amount, bool paid,
                                   std::int64_t now);
/// The payment of a session in mode `payment`, and the charge that paid it.
boost::json::object payment_object(const boost::json::object& session, const boost::json::object& payment_data,
                                   std::string_view status, std::int64_t now);
boost::json::object charge_object(const boost::json::object& payment, std::int64_t now);
boost::json::object event_object(std::string_view type, const boost::json::object& about, std::int64_t now,
                                 std::string_view idempotency_key);

/// The period that follows one from `start`.
std::int64_t period_end(const boost::json::object& price, std::int64_t start);

/// Text of a member, empty when absent, null or no string.
std::string text_of(const boost::json::object& object, std::string_view name);
std::int64_t integer_of(const boost::json::object& object, std::string_view name);
/// An integer written as text, as forms carry it.
std::optional<std::int64_t> parse_integer(std::string_view text);

}  // namespace leanmcp::inline v0::sandbox
