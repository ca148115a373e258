#pragma once

#include <leanmcp/base/result.hpp>
#include <leanmcp/client/types.hpp>

#include <boost/json/fwd.hpp>

#include <string>
#include <string_view>
#include <vector>

/// Shows a content block on standard output: texts as they are, without what could steer the terminal; bytes by their
/// type and size.
void show_block(const leanmcp::ContentBlock& block);
/// The text, when it is safe to show; else what it is and how long.
void show_text(std::string_view text);

/// Arguments from the text of a JSON object (or nothing) and pairs `name=value` and `name:=json`, which go before it.
leanmcp::Result<boost::json::object> arguments_of(const std::string& text, const std::vector<std::string>& pairs);
