#pragma once

#include <string.h>

#include <string>
#include <string_view>
#include <utility>

namespace leanmcp::inline v0 {

/// Text that must not be seen: an API key, a token, a key's bytes. It has no stream operator, no conversion to a
/// string and no comparison; `reveal()` is the one door, and its uses can be searched for. Zeroed when destroyed.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}
  Secret(const Secret&) = default;
  Secret(Secret&& other) noexcept : text_(std::move(other.text_)) { other.wipe(); }
  Secret& operator=(const Secret& other) {
    if (this != &other) {
      wipe();
      text_ = other.text_;
    }
    return *this;
  }
  Secret& operator=(Secret&& other) noexcept {
    if (this != &other) {
      wipe();
      text_ = std::move(other.text_);
      other.wipe();
    }
    return *this;
  }
  ~Secret() { wipe(); }

  bool empty() const noexcept { return text_.empty(); }
  std::string_view reveal() const noexcept { return text_; }

 private:
  void wipe() noexcept {
    // All of it: a short text that was moved from still stands in the object. A memset that no compiler leaves out.
    text_.resize(text_.capacity());
    ::explicit_bzero(text_.data(), text_.size());
    text_.clear();
  }
  std::string text_;
};

}  // namespace leanmcp::inline v0
