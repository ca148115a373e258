#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace leanmcp::inline v0 {

/// One challenge of `WWW-Authenticate` (RFC 9110, section 11.6.1): a scheme and its parameters.
class Challenge {
 public:
  explicit Challenge(std::string scheme) : scheme_(std::move(scheme)) {}
  /// Adds a parameter; control characters are left out of the value, so that nothing can split a header.
  Challenge& add(std::string name, std::string_view value);
  const std::string& scheme() const noexcept { return scheme_; }
  const std::vector<std::pair<std::string, std::string>>& parameters() const noexcept { return parameters_; }
  /// The parameter's value by its name in lower case, or nullptr.
  const std::string* find(std::string_view name) const noexcept;
  /// `Bearer error="invalid_token", scope="read"`.
  std::string text() const;

 private:
  std::string scheme_;
  std::vector<std::pair<std::string, std::string>> parameters_;
};

/// All challenges of one field value, names of parameters in lower case. nullopt when it does not follow the grammar,
/// a parameter comes twice in a challenge, or it is larger than 16 KiB. A token68 goes under the empty name.
std::optional<std::vector<Challenge>> parse_challenges(std::string_view value);

}  // namespace leanmcp::inline v0
