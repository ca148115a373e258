#pragma once

#include <leanmcp/protocol/form_field.hpp>

#include <boost/json/value.hpp>

namespace leanmcp::inline v0::detail {

/// A default as the JSON value that an answer with it would have; null for none.
json::value to_json(const FormDefault& value);

/// A bound as JSON: an integer where it is one, so that it is written without an exponent.
json::value bound_to_json(double bound);

}  // namespace leanmcp::inline v0::detail
