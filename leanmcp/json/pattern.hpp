#pragma once

#include <leanmcp/base/result.hpp>

#include <cstddef>
#include <memory>
#include <string_view>

namespace leanmcp::inline v0::detail {

/// A compiled regular expression. Matching takes time linear in the text, whatever the expression. Immutable.
class Pattern {
 public:
  Pattern() = default;
  Pattern(const Pattern&) = delete;
  Pattern& operator=(const Pattern&) = delete;
  virtual ~Pattern() = default;
  /// Whether the expression matches somewhere in the text.
  virtual bool matches(std::string_view text) const = 0;
  /// What it takes in memory, in nodes of some bytes each.
  virtual std::size_t nodes() const = 0;
};

/// The message says what is wrong with the expression.
Result<std::shared_ptr<const Pattern>> compile_pattern(std::string_view expression);

}  // namespace leanmcp::inline v0::detail
