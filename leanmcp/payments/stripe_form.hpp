#pragma once

#include <boost/json/fwd.hpp>

#include <string>
#include <string_view>

namespace leanmcp::inline v0 {

/// Encodes parameters as Stripe's v1 API reads them (application/x-www-form-urlencoded with brackets):
/// `line_items[0][price]=price_1&metadata[k]=v`. null gives `k=`, which unsets; an empty array or object gives
/// nothing; booleans are `true` and `false`; numbers are written as JavaScript writes them. Everything outside
/// `A-Z a-z 0-9 - _ . ~ [ ]` is percent-encoded byte by byte. Same output as the official stripe-node 23.
std::string stripe_form(const boost::json::object& parameters);

/// Percent-encodes one path segment or query value by the same rule, brackets included.
std::string stripe_escape(std::string_view text);

}  // namespace leanmcp::inline v0
