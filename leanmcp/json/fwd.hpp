#pragma once

#include <boost/json/fwd.hpp>

namespace leanmcp::inline v0 {

namespace json = boost::json;

}  // namespace leanmcp::inline v0
