#include <leanmcp/http/connection.hpp>

#include <leanmcp/http/response_text.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <exception>
#include <limits>

namespace leanmcp::inline v0::detail {

namespace {

/// Pipelined answers leave together up to this size.
constexpr std::size_t most_corked = 64 * 1024;
/// Up to here the read buffer is taken as a connection's own; above it counts as memory of bodies.
constexpr std::size_t free_memory = 64 * 1024;
/// How much is read after an answer to a request that was not read to its end: closing at once would make the peer's
/// system drop the answer (RFC 9112, section 9.6).
constexpr std::size_t most_discarded = 4 * 1024 * 1024;
constexpr std::size_t discard_buffer = 4 * 1024;

constexpr std::uint64_t all_requests = std::numeric_limits<std::uint64_t>::max();

RequestReader::Limits limits_of(const HttpServerOptions& options) {
  RequestReader::Limits limits;
  limits.header_bytes = options.most_header_bytes;
  limits.header_fields = options.most_header_fields;
  limits.body_bytes = options.most_body_bytes;
  return limits;
}

}  // namespace

Connection::Connection(std::shared_ptr<ServerLoop> loop, std::string peer, std::string address, bool tls)
    : loop_(std::move(loop)),
      link_(std::make_shared<Link>()),
      peer_(std::move(peer)),
      address_(std::move(address)),
      reader_(limits_of(loop_->options()), peer_, tls) {
  link_->events = loop_->shared_events();
  link_->connection = this;
}

void Connection::begin() {
  wait_for(Waiting::head);
  start_handshake();
}

void Connection::on_handshake(const ErrorCode& failed) {
  if (phase_ == Phase::closed) return;
  if (failed) return close();
  phase_ = Phase::reading;
  read();
}

void Connection::wait_for(Waiting what) {
  waiting_ = what;
  switch (what) {
    case Waiting::nothing:
      read_deadline_ = 0;
      break;
    case Waiting::idle:
      read_deadline_ = loop_->deadline(loop_->options().keep_alive_time);
      break;
    case Waiting::head:
      read_deadline_ = loop_->deadline(loop_->options().header_time);
      break;
    case Waiting::body:
      read_deadline_ = loop_->deadline(loop_->options().body_time);
  }
}

void Connection::read() {
  if (reading_ || peer_ended_) return;
  if (phase_ == Phase::lingering) {
    sending_.resize(discard_buffer);
    reading_ = true;
    return start_read({sending_.data(), sending_.size()});
  }
  std::span<char> space;
  if (phase_ == Phase::reading) {
    space = reader_.space();
    if (!charge_memory()) return refuse(503);
  } else if (phase_ == Phase::answering) {
    // The request stays where it is while it is looked at; what is read shows at once when the peer goes away.
    space = reader_.tail();
    if (space.empty() || !ahead_.empty()) return;
    read_store_ = reader_.store();
    read_at_ = read_store_->used;
  } else {
    return;
  }
  reading_ = true;
  start_read(space);
}

void Connection::on_read(const ErrorCode& failed, std::size_t size) {
  reading_ = false;
  const std::shared_ptr<RequestStore> store = std::move(read_store_);
  read_store_ = nullptr;
  if (phase_ == Phase::closed) return;
  if (failed) return on_lost_peer(failed == boost::asio::error::eof);
  loop_->stats().bytes_in.add(size);
  if (phase_ == Phase::lingering || phase_ == Phase::parting) {
    discarded_ += size;
    return discarded_ > most_discarded ? close() : read();
  }
  if (!store || store == reader_.store()) {
    reader_.commit(size);
  } else if (phase_ == Phase::answering) {
    ahead_.append(store->bytes.get() + read_at_, size);
  } else {
    reader_.append({store->bytes.get() + read_at_, size});
  }
  if (phase_ == Phase::reading) {
    turn();
  } else {
    read();
  }
}

void Connection::on_lost_peer(bool orderly) {
  peer_ended_ = true;
  if (phase_ == Phase::parting) return;
  // A peer that only ended its own side still gets what was answered before.
  if (orderly && phase_ == Phase::closing) return;
  if (orderly && phase_ == Phase::reading && buffered() != 0) {
    phase_ = Phase::closing;
    return;
  }
  close();
}

void Connection::post_turn() {
  if (std::exchange(turn_posted_, true)) return;
  boost::asio::post(loop_->context(), [self = shared_from_this()] {
    self->turn_posted_ = false;
    self->turn();
  });
}

/// Goes on as far as the bytes at hand allow, one request after another, and sends what came of it in one piece.
void Connection::turn() {
  // A read into the present request's own buffer comes back here by itself.
  if (in_turn_ || writing_ || (reading_ && !read_store_)) return;
  in_turn_ = true;
  Step last = Step::again;
  while (phase_ == Phase::reading && !writing_ && last != Step::hungry) {
    do last = step();
    while (last == Step::again);
    flush();
  }
  in_turn_ = false;
  if (writing_ && phase_ == Phase::reading) return;
  read();
}

Connection::Step Connection::step() {
  if (phase_ != Phase::reading || out_.size() > most_corked) return Step::halt;
  if (std::exchange(answered_, false)) {
    reader_.next();
    reader_.append(ahead_);
    ahead_.clear();
    cors_.clear();
  }
  switch (reader_.advance()) {
    case RequestReader::Status::need_more:
      if (!reader_.begun()) {
        if (waiting_ == Waiting::nothing) wait_for(Waiting::idle);
        if (loop_->shared().stopping) phase_ = Phase::closing;
      } else if (waiting_ == Waiting::nothing || waiting_ == Waiting::idle) {
        wait_for(Waiting::head);
      }
      return Step::hungry;
    case RequestReader::Status::head:
      return on_head();
    case RequestReader::Status::complete:
      dispatch();
      return Step::again;
    case RequestReader::Status::failed:
      break;
  }
  refuse(reader_.fault());
  return Step::halt;
}

Connection::Step Connection::on_head() {
  refusal_ = check_head();
  if (!reader_.has_body()) return Step::again;
  if (refusal_ == 0) {
    wait_for(Waiting::body);
    if (reader_.wants_continue()) out_.append("HTTP/1.1 100 Continue\r\n\r\n");
    return Step::again;
  }
  // A body that is already here is passed over and the connection kept; for the rest of one nobody waits.
  if (reader_.advance() == RequestReader::Status::complete) {
    dispatch();
    return Step::again;
  }
  refuse(refusal_);
  return Step::halt;
}

/// What can be refused before the body; 0 when nothing is.
int Connection::check_head() {
  const HttpRequest& request = reader_.request();
  route_ = loop_->shared().router.find(request.path());
  const std::string_view authority = reader_.authority();
  // A browser always names the host; only HTTP/1.0 may leave it out.
  const bool named = !authority.empty() || request.header_count(KnownHeader::host) != 0;
  if (named && !(route_ && route_->any_host) && !loop_->host_allowed(authority)) return 403;
  if (loop_->shared().rules.checks_origins() && request.header_count(KnownHeader::origin) != 0) {
    const std::string_view origin = request.header(KnownHeader::origin);
    const RouteOrigins origins = route_ ? route_->origins : RouteOrigins::allowed;
    const bool checked = origins == RouteOrigins::allowed;
    if (request.header_count(KnownHeader::origin) > 1) return 403;
    if (checked && !loop_->shared().rules.origin_allowed(origin)) return 403;
    if (origins != RouteOrigins::own) loop_->shared().rules.append_cors(cors_, origin, origins == RouteOrigins::any);
  }
  if (request.path() == "*") return 0;
  if (!route_) return 404;
  if (request.verb() != HttpMethod::options && !route_->handler(request.verb())) return 405;
  return 0;
}

void Connection::dispatch() {
  wait_for(Waiting::nothing);
  phase_ = Phase::answering;
  ++number_;
  streaming_ = false;
  head_only_ = reader_.request().verb() == HttpMethod::head;
  keep_alive_ = reader_.keep_alive() && !loop_->shared().stopping.load(std::memory_order_relaxed);
  if (refusal_ != 0) return answer_refusal(refusal_);
  if (reader_.request().verb() == HttpMethod::options) return answer_options();
  if (loop_->counts().in_flight.load(std::memory_order_relaxed) >= loop_->options().most_in_flight)
    return answer_refusal(503);
  call_handler(*route_->handler(reader_.request().verb()));
  if (phase_ == Phase::answering && !streaming_) {
    in_flight_ = true;
    loop_->counts().in_flight.fetch_add(1, std::memory_order_relaxed);
  }
}

void Connection::call_handler(const HttpHandler& handler) {
  const std::uint64_t number = number_;
  try {
    handler(HttpExchange(std::make_shared<HttpExchange::Impl>(link_, reader_.store(), number)));
    return;
  } catch (const std::exception& bug) {
    loop_->options().log.error("an HTTP handler threw", {{"what", bug.what()}});
  } catch (...) {
    loop_->options().log.error("an HTTP handler threw");
  }
  if (is_open(number)) abandon();
}

void Connection::answer_options() {
  const HttpRequest& request = reader_.request();
  const std::string_view allow = route_ ? std::string_view(route_->allow) : "GET, HEAD, POST, DELETE, OPTIONS";
  std::string lines;
  if (!cors_.empty() && request.header_count(KnownHeader::access_control_request_method) != 0) {
    AccessRules::append_preflight(lines, allow, request.header(KnownHeader::access_control_request_headers));
  } else {
    lines.append("Allow: ").append(allow).append("\r\n");
  }
  respond(204, {}, {}, nullptr, lines);
}

/// Answers what cannot be read on, and closes.
void Connection::refuse(int status) {
  wait_for(Waiting::nothing);
  phase_ = Phase::answering;
  ++number_;
  streaming_ = head_only_ = keep_alive_ = false;
  linger_ = true;
  answer_refusal(status);
}

void Connection::answer_refusal(int status) {
  if (status == 403) {
    // 2025-11-25, Transports, Security Warning: the body may be a JSON-RPC error response that has no id.
    constexpr std::string_view body =
        R"({"jsonrpc":"2.0","error":{"code":-32600,"message":"Forbidden: this Host or Origin is not served here"}})";
    return respond(status, "application/json", body, nullptr, {});
  }
  std::string lines;
  if (status == 405) lines.append("Allow: ").append(route_->allow).append("\r\n");
  if (status == 503) lines.append("Retry-After: 1\r\n");
  respond(status, "text/plain; charset=utf-8", std::string(reason_phrase(status)) + "\n", nullptr, lines);
}

bool Connection::charge_memory() {
  const std::size_t capacity = reader_.capacity();
  if (capacity <= free_memory || capacity <= charged_) return true;
  const std::size_t more = capacity - charged_;
  std::atomic<std::size_t>& all = loop_->counts().body_memory;
  if (all.fetch_add(more, std::memory_order_relaxed) + more > loop_->options().most_body_memory) {
    all.fetch_sub(more, std::memory_order_relaxed);
    return false;
  }
  charged_ = capacity;
  return true;
}

void Connection::release_memory() noexcept {
  if (charged_ != 0) loop_->counts().body_memory.fetch_sub(std::exchange(charged_, 0), std::memory_order_relaxed);
}

void Connection::on_tick(ServerLoop::Ticks now) {
  if (write_deadline_ != 0 && now >= write_deadline_) {
    loop_->stats().cut_off.add(1);
    close();
  } else if (read_deadline_ != 0 && now >= read_deadline_) {
    on_read_deadline();
  }
}

void Connection::on_read_deadline() {
  if (phase_ == Phase::reading && reader_.begun() && !answered_) return refuse(408);
  if (phase_ == Phase::reading) return say_goodbye();
  if (phase_ != Phase::answering && phase_ != Phase::closing) close();
}

/// Ends a connection on which nothing is asked.
void Connection::say_goodbye() {
  phase_ = Phase::closing;
  wait_for(Waiting::nothing);
  flush();
}

bool Connection::idle() const noexcept {
  return phase_ == Phase::reading && (answered_ ? !has_more() : !reader_.begun());
}

void Connection::on_farewell() { close(); }

void Connection::begin_stop() {
  keep_alive_ = false;
  if (phase_ == Phase::handshake) return close();
  if (idle()) say_goodbye();
}

void Connection::close() {
  if (phase_ == Phase::closed) return;
  if (phase_ == Phase::answering) link_->lost = number_;
  phase_ = Phase::closed;
  link_->connection = nullptr;
  link_->finished.store(all_requests, std::memory_order_release);
  read_deadline_ = write_deadline_ = 0;
  leave_flight();
  release_memory();
  close_socket();
  // Later, and not from inside whatever noticed: the connection is still in use on the way out.
  boost::asio::post(loop_->context(), [self = shared_from_this(), gone = std::move(on_disconnect_)] {
    for (const auto& call : gone) call();
  });
  on_disconnect_.clear();
  loop_->remove(entry_, address_);
}

}  // namespace leanmcp::inline v0::detail
