#include <leanmcp/elicitation/page_work.hpp>

namespace leanmcp::inline v0 {

void PageWork::run(HttpExchange exchange, std::function<PageAnswer()> work) {
  const bool taken = pool_.submit([exchange, work = std::move(work)] {
    PageAnswer answer = work();
    exchange.executor().post([exchange, answer = std::move(answer)]() mutable {
      if (answer.redirect.empty()) return respond_page(exchange, answer.page);
      respond_redirect(exchange, answer.redirect, answer.page.cookies);
    });
  });
  if (!taken) exchange.respond(503, "text/plain; charset=utf-8", "The server is busy; try again.");
}

}  // namespace leanmcp::inline v0
