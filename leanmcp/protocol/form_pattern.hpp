#pragma once

#include <leanmcp/base/result.hpp>

#include <memory>
#include <string_view>

namespace leanmcp::inline v0::detail {

/// A compiled regular expression. Matching takes time linear in the text, whatever the expression. Immutable.
class FormPattern {
 public:
  FormPattern() = default;
  FormPattern(const FormPattern&) = delete;
  FormPattern& operator=(const FormPattern&) = delete;
  virtual ~FormPattern() = default;
  /// Whether the expression matches somewhere in the text.
  virtual bool matches(std::string_view text) const = 0;
};

/// The message says what is wrong with the expression.
Result<std::shared_ptr<const FormPattern>> compile_form_pattern(std::string_view expression);

}  // namespace leanmcp::inline v0::detail
