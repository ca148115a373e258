#pragma once

#include <leanmcp/base/executor.hpp>
#include <leanmcp/http/request.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace leanmcp::inline v0 {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

/// One request that is being answered. Copies share it; the request stays readable while a copy exists.
///
/// `request()`, `executor()`, copying and dropping are allowed on any thread; everything else on the connection's loop
/// only (`executor().post(…)` from elsewhere). Answer once, by `respond` or by `begin_stream` … `end`; later answers
/// are ignored. After the peer is gone all calls do nothing. When the last copy is dropped without an answer the peer
/// gets 500, or a begun stream is cut off.
///
/// Header values with control characters and names that are no token are left out and logged as an error: nothing that
/// a handler passes on can split a response. Framing headers (Content-Length, Transfer-Encoding, Connection) are the
/// server's; given by a handler, they are left out too.
class HttpExchange {
 public:
  class Impl;

  explicit HttpExchange(std::shared_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}

  const HttpRequest& request() const noexcept;
  /// The connection's loop. It may be posted to even after the server is gone; nothing is run then.
  Executor& executor() const noexcept;

  /// The whole answer. `content_type` may be empty when there is no body. The body of an answer to HEAD, and with 204
  /// and 304, is not sent.
  void respond(int status, std::string_view content_type, std::string_view body, const HttpHeaders& headers);
  void respond(int status, std::string_view content_type, std::string_view body);
  /// As `respond`, with header lines made before, each ending in CR LF. They are not checked.
  void respond_prepared(int status, std::string_view content_type, std::string_view body,
                        std::string_view header_lines);

  /// Begins an answer of unknown length: chunked for HTTP/1.1, up to the connection's end for HTTP/1.0.
  void begin_stream(int status, std::string_view content_type, const HttpHeaders& headers);
  void begin_stream(int status, std::string_view content_type);
  /// Hands over one piece; what is written within one turn of the loop leaves together. False when the peer is gone.
  /// A peer that reads so slowly that more than `HttpServerOptions::most_buffered` bytes wait is cut off.
  bool write(std::string_view piece);
  void end();

  /// Bytes that wait for the peer to read.
  std::size_t buffered() const noexcept;
  /// False once the peer is gone or the answer is complete.
  bool open() const noexcept;
  /// Calls `gone` on the loop, never within this call, when the peer goes away (or is cut off) before the answer is
  /// complete. Dropped uncalled otherwise. Several can be set.
  void on_disconnect(std::function<void()> gone);

 private:
  std::shared_ptr<Impl> impl_;
};

}  // namespace leanmcp::inline v0
