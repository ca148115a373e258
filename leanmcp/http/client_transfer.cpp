#include <leanmcp/http/client_transfer.hpp>

#include <leanmcp/http/client_address.hpp>
#include <leanmcp/http/header_name.hpp>

#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <limits>

namespace leanmcp::inline v0::detail {
namespace {

constexpr std::size_t max_url_bytes = 16 * 1024;

/// RFC 9110, section 9.2.2: not idempotent.
bool must_not_repeat(std::string_view method) noexcept { return method == "POST" || method == "PATCH"; }

std::string_view trimmed(std::string_view text) noexcept {
  constexpr std::string_view blank = " \t\r\n";
  const auto first = text.find_first_not_of(blank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

std::string url_part(CURLU* url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, flags) != CURLUE_OK || !text) return {};
  std::string out(text);
  curl_free(text);
  return out;
}

HttpClientFault refused(HttpClientCause cause, std::string why) { return HttpClientFault{cause, std::move(why)}; }

long milliseconds(std::chrono::milliseconds time) noexcept {
  return static_cast<long>(std::clamp<std::int64_t>(time.count(), 0, std::numeric_limits<int>::max()));
}

/// A timeout of zero or less has run out already; libcurl would take zero for "none".
long timeout_ms(std::chrono::milliseconds time) noexcept { return std::max(1L, milliseconds(time)); }

bool is_tls_failure(CURLcode code) noexcept {
  switch (code) {
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_SHUTDOWN_FAILED:
    case CURLE_SSL_CLIENTCERT:
    case CURLE_USE_SSL_FAILED:
      return true;
    default:
      return false;
  }
}

}  // namespace

std::optional<HttpClientFault> Transfer::prepare(const HttpClientOptions& options) {
  easy_.reset(curl_easy_init());
  url_.reset(curl_url());
  if (!easy_ || !url_) return refused(HttpClientCause::protocol, "out of memory");
  if (auto fault = prepare_url(options)) return fault;
  if (auto fault = prepare_addresses()) return fault;
  if (auto fault = prepare_headers()) return fault;
  prepare_method();
  prepare_limits(options);

  CURL* const easy = easy_.get();
  curl_easy_setopt(easy, CURLOPT_PRIVATE, this);
  curl_easy_setopt(easy, CURLOPT_CURLU, url_.get());
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, curl_error_.data());
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!options.ca_file.empty()) {
    curl_easy_setopt(easy, CURLOPT_CAINFO, options.ca_file.c_str());
    curl_easy_setopt(easy, CURLOPT_CAPATH, nullptr);
  }
  curl_easy_setopt(easy, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  curl_easy_setopt(easy, CURLOPT_USERAGENT, options.user_agent.c_str());
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &Transfer::on_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &Transfer::on_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, &Transfer::on_socket);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, this);
  curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, &Transfer::on_connection);
  curl_easy_setopt(easy, CURLOPT_PREREQDATA, this);
  if (request_.fresh_connection) curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
  return std::nullopt;
}

std::optional<HttpClientFault> Transfer::prepare_url(const HttpClientOptions& options) {
  const auto refuse = [](std::string why) { return refused(HttpClientCause::refused_url, std::move(why)); };
  const std::string& text = request_.url;
  // A backslash is a slash to some parsers and not to others; libcurl's own rules are looser than RFC 3986.
  const bool clean = std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f && c != '\\'; });
  if (text.empty() || text.size() > max_url_bytes || !clean) return refuse("malformed URL");
  if (curl_url_set(url_.get(), CURLUPART_URL, text.c_str(), CURLU_DISALLOW_USER) != CURLUE_OK)
    return refuse("malformed URL, unsupported scheme or credentials in it");
  curl_url_set(url_.get(), CURLUPART_FRAGMENT, nullptr, 0);

  const std::string scheme = url_part(url_.get(), CURLUPART_SCHEME);
  const bool loopback = is_loopback_host(to_lower(url_part(url_.get(), CURLUPART_HOST)));
  if (scheme != "https" && scheme != "http") return refuse("scheme is not http or https");
  if (scheme == "http" && !loopback && !options.allow_plain_http)
    return refuse("plain http to a host that is not loopback");

  const bool client_guards = options.addresses == AddressPolicy::public_only;
  public_only_ = client_guards || request_.addresses == AddressPolicy::public_only;
  loopback_only_ = loopback;
  if (public_only_ && loopback) return refuse("a loopback address");
  if (client_guards && !options.proxy.empty()) return refuse("an address policy cannot hold behind a proxy");
  if (public_only_ && is_special_literal(url_part(url_.get(), CURLUPART_HOST))) return refuse("a special address");
  // The proxy's own address is the user's choice, and what it connects to is not seen here.
  if (!options.proxy.empty()) public_only_ = false;
  // An empty string keeps libcurl from asking the environment. What is on this machine needs no proxy.
  curl_easy_setopt(easy_.get(), CURLOPT_PROXY, loopback ? "" : options.proxy.c_str());
  curl_easy_setopt(easy_.get(), CURLOPT_NOPROXY, "");
  return std::nullopt;
}

std::optional<HttpClientFault> Transfer::prepare_addresses() {
  if (request_.connect_to.empty()) return std::nullopt;
  // With '+' libcurl forgets it in time; it replaces what libcurl has for the name.
  std::string line =
      "+" + url_part(url_.get(), CURLUPART_HOST) + ":" + url_part(url_.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT) + ":";
  for (std::size_t i = 0; i < request_.connect_to.size(); ++i) {
    const std::string& address = request_.connect_to[i];
    if (address.find_first_not_of("0123456789abcdefABCDEF:.") != address.npos)
      return refused(HttpClientCause::refused_url, "not a literal address");
    line.append(i == 0 ? "" : ",").append(address.find(':') == address.npos ? address : "[" + address + "]");
  }
  resolved_.reset(curl_slist_append(nullptr, line.c_str()));
  if (!resolved_) return refused(HttpClientCause::protocol, "out of memory");
  curl_easy_setopt(easy_.get(), CURLOPT_RESOLVE, resolved_.get());
  return std::nullopt;
}

bool Transfer::add_header(const std::string& line) {
  curl_slist* const longer = curl_slist_append(headers_.get(), line.c_str());
  if (!longer) return false;
  static_cast<void>(headers_.release());
  headers_.reset(longer);
  return true;
}

std::optional<HttpClientFault> Transfer::prepare_headers() {
  const auto refuse = [](std::string why) { return refused(HttpClientCause::refused_header, std::move(why)); };
  bool content_type = false;
  for (const auto& [name, value] : request_.headers) {
    if (!is_token(name)) return refuse("a header's name is no token");
    if (!is_field_value(value)) return refuse("control character in header " + name);
    const std::string key = to_lower(name);
    if (key == "content-length" || key == "transfer-encoding" || key == "connection" || key == "expect")
      return refuse("header " + name + " is not the caller's to set");
    content_type = content_type || key == "content-type";
    const std::string_view text = trimmed(value);
    // libcurl removes a header written `Name:` and sends an empty one for `Name;`.
    if (!add_header(text.empty() ? name + ";" : name + ": " + std::string(text))) return refuse("out of memory");
  }
  if (!content_type && !add_header("Content-Type:")) return refuse("out of memory");
  if (!add_header("Expect:")) return refuse("out of memory");
  curl_easy_setopt(easy_.get(), CURLOPT_HTTPHEADER, headers_.get());

  const std::string& method = request_.method;
  const bool upper = std::all_of(method.begin(), method.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
  if (method.empty() || method.size() > 16 || !upper || method == "CONNECT" || method == "TRACE")
    return refuse("method cannot be sent");
  return std::nullopt;
}

void Transfer::prepare_method() {
  CURL* const easy = easy_.get();
  const std::string& method = request_.method;
  // HTTP/2 servers that take leave refuse requests that were on their way, which on_connection could not tell from
  // those that got lost.
  if (must_not_repeat(method)) curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  const bool body = !request_.body.empty() || method == "POST" || method == "PUT" || method == "PATCH";
  if (body) {
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request_.body.data());
    if (method != "POST") curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method.c_str());
  } else if (method == "HEAD") {
    curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
  } else if (method != "GET") {
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method.c_str());
  }
}

void Transfer::prepare_limits(const HttpClientOptions& options) {
  CURL* const easy = easy_.get();
  const auto total = request_.total_timeout.value_or(options.total_timeout);
  const bool endless = request_.total_timeout && request_.total_timeout->count() == 0;
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, timeout_ms(options.connect_timeout));
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, endless ? 0L : timeout_ms(total));
  last_arrival_ = std::chrono::steady_clock::now();
  max_header_bytes_ = options.max_header_bytes;
  const auto unlimited = std::numeric_limits<std::size_t>::max();
  max_body_bytes_ = request_.max_body_bytes.value_or(request_.on_data ? unlimited : options.max_body_bytes);
}

bool Transfer::stop(HttpClientCause cause, std::string_view why) {
  if (!stopped_) stopped_ = HttpClientFault{cause, std::string(why)};
  return false;
}

std::optional<std::chrono::steady_clock::time_point> Transfer::idle_deadline() const noexcept {
  if (!request_.idle_timeout) return std::nullopt;
  return last_arrival_ + *request_.idle_timeout;
}

std::size_t Transfer::on_header(char* data, std::size_t size, std::size_t count, void* self) {
  const std::size_t length = size * count;
  try {
    return static_cast<Transfer*>(self)->take_header(std::string_view(data, length)) ? length : 0;
  } catch (...) {
    static_cast<Transfer*>(self)->stop(HttpClientCause::cancelled, "a callback threw");
    return 0;
  }
}

std::size_t Transfer::on_body(char* data, std::size_t size, std::size_t count, void* self) {
  const std::size_t length = size * count;
  try {
    return static_cast<Transfer*>(self)->take_body(std::string_view(data, length)) ? length : 0;
  } catch (...) {
    static_cast<Transfer*>(self)->stop(HttpClientCause::cancelled, "a callback threw");
    return 0;
  }
}

curl_socket_t Transfer::on_socket(void* self, curlsocktype, curl_sockaddr* address) {
  auto& transfer = *static_cast<Transfer*>(self);
  const sockaddr& target = address->addr;
  const bool forbidden =
      (transfer.public_only_ && !is_global(target)) || (transfer.loopback_only_ && !is_loopback(target));
  if (forbidden) {
    transfer.address_refused_ = true;
    return CURL_SOCKET_BAD;
  }
  transfer.address_allowed_ = true;
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

int Transfer::on_connection(void* self, char* address, char*, int, int) {
  auto& transfer = *static_cast<Transfer*>(self);
  // A connection of an earlier request may be to an address that this one must not use.
  if (transfer.public_only_ && is_special_literal(address)) {
    transfer.address_refused_ = true;
    transfer.address_allowed_ = false;
    return CURL_PREREQFUNC_ABORT;
  }
  // libcurl sends again by itself what a kept connection lost without a word; the server may have done it all the same
  // (RFC 9110, section 9.2.2).
  const bool again = std::exchange(transfer.sent_, true);
  if (!again || !must_not_repeat(transfer.request_.method)) return CURL_PREREQFUNC_OK;
  transfer.stop(HttpClientCause::protocol, "the server closed the connection without an answer");
  return CURL_PREREQFUNC_ABORT;
}

bool Transfer::take_header(std::string_view line) {
  last_arrival_ = std::chrono::steady_clock::now();
  header_bytes_ += line.size();
  if (header_bytes_ > max_header_bytes_) return stop(HttpClientCause::too_large, "response headers over the limit");
  if (head_done_) return true;  // trailers
  if (line.starts_with("HTTP/")) {
    // A new status line: what came before belonged to a 1xx response.
    response_.headers.clear();
    response_.status = 0;
    const auto space = line.find(' ');
    if (space == std::string_view::npos || line.size() < space + 4)
      return stop(HttpClientCause::protocol, "malformed status line");
    std::from_chars(line.data() + space + 1, line.data() + space + 4, response_.status);
    return true;
  }
  if (trimmed(line).empty()) {
    if (response_.status < 200) return true;
    head_done_ = true;
    if (request_.on_head && !request_.on_head(response_))
      return stop(HttpClientCause::cancelled, "stopped by the head callback");
    return true;
  }
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return stop(HttpClientCause::protocol, "malformed header");
  response_.headers.emplace_back(to_lower(trimmed(line.substr(0, colon))),
                                 std::string(trimmed(line.substr(colon + 1))));
  return true;
}

bool Transfer::take_body(std::string_view piece) {
  last_arrival_ = std::chrono::steady_clock::now();
  body_bytes_ += piece.size();
  if (body_bytes_ > max_body_bytes_) return stop(HttpClientCause::too_large, "response body over the limit");
  if (!request_.on_data) {
    response_.body.append(piece);
    return true;
  }
  return request_.on_data(piece) || stop(HttpClientCause::cancelled, "stopped by the data callback");
}

HttpClient::Outcome Transfer::outcome(CURLcode code) {
  if (stopped_) return std::move(*stopped_);
  if (code != CURLE_OK) return fault_of(code);
  if (response_.status < 200) return HttpClientFault{HttpClientCause::protocol, "no final status"};
  return std::move(response_);
}

HttpClientFault Transfer::fault_of(CURLcode code) const {
  std::string detail = curl_error_[0] != 0 ? curl_error_.data() : curl_easy_strerror(code);
  if (address_refused_ && !address_allowed_)
    return HttpClientFault{HttpClientCause::refused_url, "the host's addresses are not allowed"};
  if (is_tls_failure(code)) return HttpClientFault{HttpClientCause::tls, std::move(detail)};
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      return HttpClientFault{HttpClientCause::cannot_resolve, std::move(detail)};
    case CURLE_COULDNT_CONNECT:
    case CURLE_PROXY:
      return HttpClientFault{HttpClientCause::cannot_connect, std::move(detail)};
    case CURLE_OPERATION_TIMEDOUT:
      return HttpClientFault{HttpClientCause::timeout, std::move(detail)};
    case CURLE_FILESIZE_EXCEEDED:
    case CURLE_OUT_OF_MEMORY:  // also how libcurl 7.88 reports a header line over its own limit
      return HttpClientFault{HttpClientCause::too_large, std::move(detail)};
    default:
      return HttpClientFault{HttpClientCause::protocol, std::move(detail)};
  }
}

}  // namespace leanmcp::inline v0::detail
