#pragma once

#include <leanmcp/http/request_parser.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace leanmcp::inline v0::detail {

/// The bytes of one request and what was found in them. Shared with whoever answers it.
class RequestStore {
 public:
  HttpRequest request;
  std::unique_ptr<char[]> bytes;
  std::size_t capacity = 0;
  std::size_t used = 0;
  /// What `request.peer()` views.
  std::shared_ptr<const std::string> peer;
};

/// Turns the bytes of a connection into requests, one after another (RFC 9112). No sockets, no time.
///
/// Bytes go into `space()` and are told by `commit`. `advance` says `head` once per request, when its headers are
/// there, then `complete` when its body is; `next` goes on to what lies behind it.
class RequestReader {
 public:
  struct Limits {
    std::size_t header_bytes = 16 * 1024;
    std::size_t header_fields = 100;
    std::size_t body_bytes = 4 * 1024 * 1024;
  };
  enum class Status { need_more, head, complete, failed };

  RequestReader(const Limits& limits, std::string peer, bool tls);

  /// Room for at least one byte more.
  std::span<char> space();
  /// What room there is behind a complete request, which must not move any more. Never empty at first.
  std::span<char> tail() const noexcept {
    return {store_->bytes.get() + store_->used, store_->capacity - store_->used};
  }
  void commit(std::size_t size) noexcept { store_->used += size; }
  void append(std::string_view bytes);

  Status advance();
  /// The status code that answers what has failed.
  int fault() const noexcept { return fault_; }

  const std::shared_ptr<RequestStore>& store() const noexcept { return store_; }
  const HttpRequest& request() const noexcept { return store_->request; }
  /// Of the target when that has one, else the Host field; empty when there is neither.
  std::string_view authority() const noexcept;
  bool has_body() const noexcept { return chunked_ || length_ != 0; }
  bool keep_alive() const noexcept { return parser_->keep_alive(); }
  /// 100-continue was asked for and nothing of the body has come yet.
  bool wants_continue() const noexcept { return expects_ && store_->used == parsed_; }
  /// Some bytes of a request have come.
  bool begun() const noexcept { return store_->used != 0; }
  /// Bytes behind the complete request.
  std::size_t left_over() const noexcept { return store_->used - end_; }
  std::size_t capacity() const noexcept { return store_->capacity; }

  /// Forgets the complete request. Its store is left to the exchange when that still holds it.
  void next();

 private:
  enum class Stage { before, head, body, complete, failed };

  Status fail(int status) noexcept;
  Status read_head();
  Status check_head();
  Status check_target();
  Status read_body();
  Status read_chunks();
  Status complete(std::size_t end, std::size_t body_size);
  void use_store(std::shared_ptr<RequestStore> store);
  void grow(std::size_t least);
  std::string_view bytes(std::size_t begin, std::size_t size) const noexcept {
    return {store_->bytes.get() + begin, size};
  }

  const Limits limits_;
  const std::shared_ptr<const std::string> peer_;
  const bool tls_;
  std::shared_ptr<RequestStore> store_;
  std::optional<RequestParser> parser_;
  Stage stage_ = Stage::before;
  int fault_ = 0;
  /// Offsets in the store: where the request begins, how far it is parsed, where it ends.
  std::size_t begin_ = 0;
  std::size_t parsed_ = 0;
  std::size_t end_ = 0;
  std::size_t body_begin_ = 0;
  std::size_t length_ = 0;
  HttpRequest::Span authority_;
  bool chunked_ = false;
  bool expects_ = false;
};

}  // namespace leanmcp::inline v0::detail
