#include <leanmcp/http/exchange.hpp>

#include <leanmcp/http/connection.hpp>

namespace leanmcp::inline v0 {

HttpExchange::Impl::~Impl() {
  if (link->finished.load(std::memory_order_acquire) >= number) return;
  // Nobody is left who could answer.
  if (link->events->in_this_thread()) {
    if (detail::Connection* const c = connection()) c->abandon();
    return;
  }
  link->events->post([to = link, n = number] {
    if (to->connection && to->connection->is_open(n)) to->connection->abandon();
  });
}

const HttpRequest& HttpExchange::request() const noexcept { return impl_->store->request; }

Executor& HttpExchange::executor() const noexcept { return *impl_->link->events; }

void HttpExchange::respond(int status, std::string_view content_type, std::string_view body,
                           const HttpHeaders& headers) {
  if (auto* const c = impl_->connection()) c->respond(status, content_type, body, &headers, {});
}

void HttpExchange::respond(int status, std::string_view content_type, std::string_view body) {
  if (auto* const c = impl_->connection()) c->respond(status, content_type, body, nullptr, {});
}

void HttpExchange::respond_prepared(int status, std::string_view content_type, std::string_view body,
                                    std::string_view header_lines) {
  if (auto* const c = impl_->connection()) c->respond(status, content_type, body, nullptr, header_lines);
}

void HttpExchange::begin_stream(int status, std::string_view content_type, const HttpHeaders& headers) {
  if (auto* const c = impl_->connection()) c->begin_stream(status, content_type, headers);
}

void HttpExchange::begin_stream(int status, std::string_view content_type) {
  begin_stream(status, content_type, HttpHeaders());
}

bool HttpExchange::write(std::string_view piece) {
  auto* const c = impl_->connection();
  return c && c->write(piece);
}

void HttpExchange::end() {
  if (auto* const c = impl_->connection()) c->end_stream();
}

std::size_t HttpExchange::buffered() const noexcept {
  const auto* const c = impl_->connection();
  return c ? c->buffered() : 0;
}

bool HttpExchange::open() const noexcept { return impl_->connection() != nullptr; }

void HttpExchange::on_disconnect(std::function<void()> gone) {
  if (auto* const c = impl_->connection()) {
    c->on_disconnect(std::move(gone));
  } else if (impl_->link->lost == impl_->number) {
    // Gone before anyone could ask to be told.
    executor().post(std::move(gone));
  }
}

}  // namespace leanmcp::inline v0
