#pragma once

#include <leanmcp/base/result.hpp>

#include <boost/json.hpp>

#include <string_view>

namespace leanmcp::inline v0::detail {

/// Why a text is no JSON object that may be trusted.
enum class StrictFault { not_an_object, too_deep, repeated_member };

/// Parses an object (RFC 8259), refusing a member that is there twice, at any depth: two readers of such a text could
/// see two different ones (RFC 7515, section 4; RFC 8725, section 2.6). The caller bounds the size. The object lives in
/// `storage`.
Result<boost::json::object, StrictFault> strict_object(std::string_view text, std::size_t most_depth,
                                                       boost::json::storage_ptr storage = {});

/// The text of a member; nullptr when it is missing or something else.
inline const boost::json::string* text_member(const boost::json::object& object, std::string_view name) {
  const boost::json::value* const value = object.if_contains(name);
  return value ? value->if_string() : nullptr;
}

}  // namespace leanmcp::inline v0::detail
