#pragma once

#include <leanmcp/json/fwd.hpp>
#include <leanmcp/json/type_info.hpp>

#include <string>
#include <string_view>

namespace leanmcp::inline v0 {

/// JSON text as people write it: doubles in their shortest form (`9.99`, not `9.99E0`), nothing escaped that need not be.

/// Appends the text as a JSON string with its quotes. Bytes that are no UTF-8 become U+FFFD, so that no text of an author
/// can make a message unreadable.
void append_json_string(std::string& out, std::string_view text);
/// Appends a number; a NaN or infinity becomes null.
void append_json_number(std::string& out, double value);
void append_json(std::string& out, const json::value& value);
/// Appends an object of a described type, without building a value first. Absent optionals are left out. False when
/// something of it has no form in the type's schema (`misfit`); null stands there, or the number of an enumeration.
bool append_json(std::string& out, const TypeInfo& type, const void* object);

std::string json_text(const json::value& value);
std::string json_text(const json::object& object);
std::string json_text(const TypeInfo& type, const void* object);

}  // namespace leanmcp::inline v0
