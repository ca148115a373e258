#pragma once

#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

namespace leanmcp::inline v0 {

/// A failure that a peer or the outside world can cause.
///
/// `message` may be sent to the peer; `detail` is for the log only and is never sent.
/// `data` is JSON text that goes with the message to the peer, or empty.
/// Neither part may hold a secret: an Error is made to be printed.
class Error {
 public:
  Error() = default;
  explicit Error(std::string message, std::string detail = {})
      : message_(std::move(message)), detail_(std::move(detail)) {}

  /// The public reason, one sentence, safe to send.
  const std::string& message() const noexcept { return message_; }
  /// The private reason, for logs; empty when the public one says it all.
  const std::string& detail() const noexcept { return detail_; }
  /// JSON text of the structured detail sent beside the message; empty when there is none.
  const std::string& data() const noexcept { return data_; }

  Error& with_detail(std::string detail) & {
    detail_ = std::move(detail);
    return *this;
  }
  Error&& with_detail(std::string detail) && { return std::move(with_detail(std::move(detail))); }
  Error& with_data(std::string json_text) & {
    data_ = std::move(json_text);
    return *this;
  }
  Error&& with_data(std::string json_text) && { return std::move(with_data(std::move(json_text))); }

 private:
  std::string message_;
  std::string detail_;
  std::string data_;
};

/// Thrown by `Result::value()` and `Result::error()` when the other alternative is held: a bug in the caller.
class BadResultAccess : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

/// A value or the reason why there is none. Errors a peer can cause travel in this type, never as exceptions.
/// `E` is `Error`, or an enumeration with one enumerator per cause. Not thread-safe, like any value.
template <class T, class E = Error>
class [[nodiscard]] Result {
  static_assert(!std::is_same_v<T, E>, "a Result needs two different types");

 public:
  using value_type = T;
  using error_type = E;

  template <class U = T>
    requires(std::is_convertible_v<U &&, T> && !std::is_convertible_v<U &&, E> &&
             !std::is_same_v<std::remove_cvref_t<U>, Result>)
  Result(U&& value) : state_(std::in_place_index<0>, std::forward<U>(value)) {}
  Result(E error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool has_value() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  T& value() & {
    check(0);
    return *std::get_if<0>(&state_);
  }
  const T& value() const& {
    check(0);
    return *std::get_if<0>(&state_);
  }
  T&& value() && {
    check(0);
    return std::move(*std::get_if<0>(&state_));
  }
  E& error() & {
    check(1);
    return *std::get_if<1>(&state_);
  }
  const E& error() const& {
    check(1);
    return *std::get_if<1>(&state_);
  }
  E&& error() && {
    check(1);
    return std::move(*std::get_if<1>(&state_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

 private:
  void check(std::size_t index) const {
    if (state_.index() != index)
      throw BadResultAccess(index == 0 ? "Result::value() of a failure" : "Result::error() of a success");
  }
  std::variant<T, E> state_;
};

template <class E>
class [[nodiscard]] Result<void, E> {
 public:
  using value_type = void;
  using error_type = E;

  Result() = default;
  Result(E error) : failed_(true), error_(std::move(error)) {}
  bool has_value() const noexcept { return !failed_; }
  explicit operator bool() const noexcept { return has_value(); }
  void value() const {
    if (failed_) throw BadResultAccess("Result::value() of a failure");
  }
  E& error() & {
    check();
    return error_;
  }
  const E& error() const& {
    check();
    return error_;
  }
  E&& error() && {
    check();
    return std::move(error_);
  }

 private:
  void check() const {
    if (!failed_) throw BadResultAccess("Result::error() of a success");
  }
  bool failed_ = false;
  E error_{};
};

}  // namespace leanmcp::inline v0
