#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace leanmcp::inline v0 {

/// Parameters of a query or of a form body (application/x-www-form-urlencoded), in order.
using FormParameters = std::vector<std::pair<std::string, std::string>>;

/// Adds a parameter unless its value is empty.
inline void add_present(FormParameters& form, std::string name, std::string_view value) {
  if (!value.empty()) form.emplace_back(std::move(name), std::string(value));
}

/// `a=b&c=d`; everything but unreserved characters (RFC 3986, section 2.3) percent-encoded.
std::string encode_form(const FormParameters& parameters);
/// One name or value by the same rule.
std::string encode_form_text(std::string_view text);
/// The pairs; nullopt when the text is longer than that, has over 64 pairs, or a broken escape.
std::optional<FormParameters> decode_form(std::string_view text, std::size_t most_bytes = 16 * 1024);

}  // namespace leanmcp::inline v0
