#pragma once

#include <leanmcp/server/call.hpp>

#include <functional>

namespace leanmcp::inline v0 {

/// An author's function behind one signature. Made by `make_handler`; immutable and called from many threads at once.
struct Handler {
  /// The described struct the function takes, or null.
  const TypeInfo* input = nullptr;
  /// The described struct the function gives, or null.
  const TypeInfo* output = nullptr;
  bool takes_raw = false;
  bool takes_principal = false;
  bool takes_user = false;
  bool takes_context = false;
  /// Exactly one of the two is set. `plain` runs to its end; `coroutine` may wait.
  std::function<ResultBody(Call&)> plain;
  std::function<Task<ResultBody>(Call&)> coroutine;
};

}  // namespace leanmcp::inline v0
