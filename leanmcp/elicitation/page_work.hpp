#pragma once

#include <leanmcp/base/worker_pool.hpp>
#include <leanmcp/elicitation/page.hpp>

#include <functional>
#include <string>
#include <utility>

namespace leanmcp::inline v0 {

/// A page, or a redirect with the page's cookies.
struct PageAnswer {
  PageAnswer() = default;
  PageAnswer(Page shown) : page(std::move(shown)) {}
  std::string redirect;
  Page page;
};

/// Threads of the pages' own for what blocks (the database, the provider), so that a slow provider never holds up the
/// tools. The work must not outlive its owner: call `stop` first in the owner's destructor.
class PageWork {
 public:
  PageWork() : pool_(2, 200) {}
  void run(HttpExchange exchange, std::function<PageAnswer()> work);
  void stop() { pool_.stop(); }

 private:
  WorkerPool pool_;
};

}  // namespace leanmcp::inline v0
