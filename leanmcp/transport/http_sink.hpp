#pragma once

#include <leanmcp/http/server.hpp>
#include <leanmcp/protocol/message.hpp>
#include <leanmcp/server/request.hpp>
#include <leanmcp/transport/resumable_stream.hpp>

#include <boost/json.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace leanmcp::inline v0 {

/// The headers of a request, for the engine.
class ExchangeHeaders final : public HeaderView {
 public:
  explicit ExchangeHeaders(const HttpRequest& request) : request_(request) {}
  std::optional<std::string_view> find(std::string_view name) const override;
  std::size_t count(std::string_view name) const override { return request_.header_count(name); }
  void each(const std::function<void(std::string_view, std::string_view)>& visit) const override;

 private:
  const HttpRequest& request_;
};

/// Answers one POST: a single JSON answer when nothing is sent before it, an SSE stream otherwise. Owns the parsed
/// message, whose memory comes from one buffer of its own.
class HttpSink final : public RequestSink, public std::enable_shared_from_this<HttpSink> {
 public:
  explicit HttpSink(HttpExchange exchange, std::chrono::milliseconds keep_alive_every);
  ~HttpSink() override;

  /// Parses the body; false when it is no JSON within the limits.
  bool parse(std::string_view body);
  const json::value& message() const noexcept { return *message_; }

  /// Makes this the answer of a legacy session: streams are resumable and a lost connection cancels nothing.
  void set_session(std::shared_ptr<Session> session, std::shared_ptr<StreamStore> streams, bool primes);
  /// Headers that go with whatever is answered.
  void add_header(std::string name, std::string value) { headers_.emplace_back(std::move(name), std::move(value)); }
  /// Called once, right before the answer goes out.
  void before_respond(std::function<void(HttpSink&)> hook) { before_respond_ = std::move(hook); }

  Executor& executor() noexcept override { return exchange_.executor(); }
  void notify(std::string message) override;
  void ask(std::string message) override { notify(std::move(message)); }
  void respond(Reply reply) override;
  void on_cancel(std::function<void()> cancelled) override;
  void cancelled() override;
  /// Ends the stream, one without a single message if none is open yet.
  void end_without_answer();
  bool close_stream(int retry_ms) override;

  /// Answers without a body (202).
  void accept();
  void respond_error(std::string_view id, int code, std::string_view text, int http_status, std::string_view data = {});
  HttpExchange& exchange() noexcept { return exchange_; }

 private:
  void open_stream();
  void keep_alive();
  void write_event(std::string message);
  void stop_keep_alive() noexcept;

  HttpExchange exchange_;
  const std::chrono::milliseconds keep_alive_every_;
  /// Enough for an ordinary message, and small enough for the whole object to come from the pool of frames.
  alignas(std::max_align_t) unsigned char buffer_[3072];
  json::monotonic_resource memory_{buffer_, sizeof buffer_};
  std::optional<json::value> message_;
  std::shared_ptr<Session> session_;
  std::shared_ptr<StreamStore> streams_;
  bool primes_ = false;
  std::shared_ptr<ResumableStream> stream_;
  std::vector<std::pair<std::string, std::string>> headers_;
  std::function<void(HttpSink&)> before_respond_;
  Executor::TimerId keep_alive_timer_ = 0;
  bool streaming_ = false;
  bool answered_ = false;
};

}  // namespace leanmcp::inline v0
