#pragma once

#include <boost/json/fwd.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace leanmcp::inline v0::sandbox {

using FormPairs = std::vector<std::pair<std::string, std::string>>;

/// The pairs of a query or an application/x-www-form-urlencoded body (WHATWG URL standard, section 5.1); nullopt when
/// there are over 1,000, or an escape is broken.
std::optional<FormPairs> parse_form(std::string_view text);

/// The first value of that name; empty when there is none.
std::string form_value(const FormPairs& pairs, std::string_view name);

/// `a[b][0]=c` as `{"a":{"b":["c"]}}`: every leaf a string. nullopt when a name is malformed, used both as a leaf and
/// as a branch, or nested deeper than 10.
std::optional<boost::json::object> nest_form(const FormPairs& pairs);

}  // namespace leanmcp::inline v0::sandbox
