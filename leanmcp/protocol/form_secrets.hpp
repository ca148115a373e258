#pragma once

#include <string_view>

namespace leanmcp::inline v0::detail {

/// Whether a field of this name would carry a password, key, token or payment credential. Works on the words of the
/// name, whatever joins them (`apiKey`, `api_key`, `API-KEY`), so that `max_tokens` and `shipping` pass.
bool names_a_secret(std::string_view name);

/// The same for a label, where only plain phrases count, since a label is prose.
bool label_asks_for_a_secret(std::string_view label);

}  // namespace leanmcp::inline v0::detail
