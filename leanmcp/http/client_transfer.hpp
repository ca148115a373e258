#pragma once

#include <leanmcp/http/client.hpp>

#include <curl/curl.h>

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace leanmcp::inline v0::detail {

/// One request on its libcurl handle. Made on the caller's thread, used on the client's.
class Transfer {
 public:
  Transfer(HttpClient::RequestId id, ClientRequest request, HttpClient::Callback done)
      : id_(id), request_(std::move(request)), done_(std::move(done)) {}
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  /// Checks the request and sets up the handle; a fault when it must not be sent.
  std::optional<HttpClientFault> prepare(const HttpClientOptions& options);

  HttpClient::RequestId id() const noexcept { return id_; }
  CURL* handle() const noexcept { return easy_.get(); }
  /// When the request is to end unless something arrives before; none without an idle timeout.
  std::optional<std::chrono::steady_clock::time_point> idle_deadline() const noexcept;
  /// Hands over the outcome of a finished transfer; the last use of this object.
  void complete(CURLcode code) { done_(outcome(code)); }
  void fail(HttpClientFault fault) { done_(std::move(fault)); }

 private:
  struct EasyDelete {
    void operator()(CURL* easy) const noexcept { curl_easy_cleanup(easy); }
  };
  struct ListDelete {
    void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
  };
  struct UrlDelete {
    void operator()(CURLU* url) const noexcept { curl_url_cleanup(url); }
  };

  std::optional<HttpClientFault> prepare_url(const HttpClientOptions& options);
  std::optional<HttpClientFault> prepare_addresses();
  std::optional<HttpClientFault> prepare_headers();
  void prepare_method();
  void prepare_limits(const HttpClientOptions& options);
  bool add_header(const std::string& line);
  HttpClient::Outcome outcome(CURLcode code);
  HttpClientFault fault_of(CURLcode code) const;

  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
  static curl_socket_t on_socket(void* self, curlsocktype purpose, curl_sockaddr* address);
  static int on_connection(void* self, char* address, char* local_address, int port, int local_port);
  bool take_header(std::string_view line);
  bool take_body(std::string_view piece);
  bool stop(HttpClientCause cause, std::string_view why);

  HttpClient::RequestId id_;
  ClientRequest request_;
  HttpClient::Callback done_;
  std::unique_ptr<CURLU, UrlDelete> url_;
  std::unique_ptr<curl_slist, ListDelete> headers_;
  std::unique_ptr<curl_slist, ListDelete> resolved_;
  std::unique_ptr<CURL, EasyDelete> easy_;
  std::array<char, CURL_ERROR_SIZE> curl_error_{};

  std::chrono::steady_clock::time_point last_arrival_;
  ClientResponse response_;
  std::optional<HttpClientFault> stopped_;
  std::size_t header_bytes_ = 0;
  std::size_t body_bytes_ = 0;
  std::size_t max_header_bytes_ = 0;
  std::size_t max_body_bytes_ = 0;
  bool head_done_ = false;
  bool sent_ = false;
  bool loopback_only_ = false;
  bool public_only_ = false;
  bool address_refused_ = false;
  bool address_allowed_ = false;
};

}  // namespace leanmcp::inline v0::detail
