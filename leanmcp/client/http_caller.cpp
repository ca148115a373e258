#include <leanmcp/client/http_caller.hpp>

#include <leanmcp/base/url.hpp>

namespace leanmcp::inline v0::detail {

namespace {

namespace urls = boost::urls;

bool is_redirect(int status) {
  return status >= 301 && status <= 308 && status != 304 && status != 305 && status != 306;
}

/// A stream may be quiet for long and last for ever; its limits are the session's.
constexpr std::chrono::milliseconds no_limit{0};

HttpClientOptions http_options(const ClientOptions& options) {
  HttpClientOptions http = options.http_;
  // A legacy session holds a stream open beside its requests, and each question may hold one more.
  if (http.max_connections_per_host < 128) http.max_connections_per_host = 128;
  if (http.max_connections < 128) http.max_connections = 128;
  return http;
}

std::string joined(const HttpFields& headers, std::string_view name) {
  std::string out;
  for (const auto& [field, value] : headers) {
    if (field != name) continue;
    if (!out.empty()) out += ", ";
    out += value;
  }
  return out;
}

HttpStreamEnd ended(ClientError error, ClientResponse response = {}) {
  HttpStreamEnd end;
  end.error = std::move(error);
  end.response = std::move(response);
  return end;
}

}  // namespace

std::string origin_of(std::string_view url) {
  const auto parsed = parse_url(url);
  if (!parsed || parsed->has_userinfo() || parsed->encoded_host().empty()) return {};
  const std::string scheme = urls::url(*parsed).normalize_scheme().scheme();
  if (scheme != "http" && scheme != "https") return {};
  urls::url normal(*parsed);
  normal.normalize_authority();
  std::string port(normal.port());
  if (port.empty()) port = scheme == "https" ? "443" : "80";
  return scheme + "://" + std::string(normal.encoded_host()) + ":" + port;
}

std::string resolve_url(std::string_view base, std::string_view reference) {
  const auto from = parse_url(base);
  const auto to = urls::parse_uri_reference(reference);
  if (!from || !to) return {};
  // See parse_url.
  if (to->has_authority() && !to->encoded_path().empty() && !to->is_path_absolute()) return {};
  urls::url out(*from);
  if (!out.resolve(*to)) return {};
  out.remove_fragment();
  return std::string(out.buffer());
}

HttpCaller::HttpCaller(Executor& executor, const ClientOptions& options, std::string origin, TransportSink& sink)
    : executor_(executor), options_(options), origin_(std::move(origin)), sink_(sink), http_(http_options(options)) {}

void HttpCaller::cancel(HttpCall& call) {
  call.cancelled = true;
  if (call.stream) call.stream->cancel();
}

ClientRequest HttpCaller::prepare(const HttpCall& call, const AccessCredentials& credentials) const {
  ClientRequest request(call.method, call.url);
  request.headers = options_.headers_;
  request.headers.insert(request.headers.end(), call.headers.begin(), call.headers.end());
  if (!credentials.token.empty()) {
    request.headers.emplace_back("Authorization", credentials.scheme + " " + std::string(credentials.token.reveal()));
  }
  request.headers.insert(request.headers.end(), credentials.headers.begin(), credentials.headers.end());
  request.body = call.body;
  request.total_timeout = no_limit;
  return request;
}

ClientResult<std::string> HttpCaller::redirect(const HttpCall& call, const ClientResponse& response, int& left) const {
  const std::string target = resolve_url(call.url, response.header("location"));
  if (target.empty() || origin_of(target) != origin_) {
    return ClientError(ClientCause::redirected, "the server sends the client to another host, which is not followed")
        .with_status(response.status);
  }
  const bool keeps_method = response.status == 307 || response.status == 308 || call.method == "GET";
  if (!keeps_method || left-- <= 0) {
    return ClientError(ClientCause::redirected,
                       keeps_method ? "too many redirects" : "a redirect that changes the method")
        .with_status(response.status);
  }
  return target;
}

Task<ClientResult<AccessCredentials>> HttpCaller::credentials(const HttpCall& call) {
  if (!options_.authorizer_ || options_.token_in_meta_) co_return ClientResult<AccessCredentials>(AccessCredentials());
  sink_.on_waiting(call.id, true);
  auto asked = options_.authorizer_->credentials(AuthRequest(call.method, call.url, call.operation));
  auto given = co_await std::move(asked);
  sink_.on_waiting(call.id, false);
  if (!given)
    co_return ClientResult<AccessCredentials>(ClientError(ClientCause::unauthenticated, given.error().message()));
  ClientResult<AccessCredentials> out(std::move(*given));
  co_return std::move(out);
}

Task<ClientResult<bool>> HttpCaller::challenge(const HttpCall& call, const Secret& token,
                                               const ClientResponse& response, unsigned attempt) {
  AuthChallenge challenge;
  challenge.status = response.status;
  challenge.method = call.method;
  challenge.url = call.url;
  challenge.operation = call.operation;
  challenge.token = token;
  challenge.www_authenticate = joined(response.headers, "www-authenticate");
  challenge.headers = response.headers;
  challenge.attempt = attempt;
  sink_.on_waiting(call.id, true);
  auto asked = options_.authorizer_->challenged(std::move(challenge));
  auto answer = co_await std::move(asked);
  sink_.on_waiting(call.id, false);
  if (!answer) {
    co_return ClientResult<bool>(
        ClientError(ClientCause::unauthenticated, answer.error().message()).with_status(response.status));
  }
  if (*answer) sink_.on_new_credentials();
  co_return ClientResult<bool>(*answer);
}

Task<HttpStreamEnd> HttpCaller::run(std::shared_ptr<HttpCall> call) {
  int redirects = options_.limits_.redirects;
  unsigned attempt = 0;
  for (;;) {
    if (origin_of(call->url) != origin_) {
      HttpStreamEnd refused = ended(ClientError(ClientCause::redirected, "not the server's own address"));
      co_return std::move(refused);
    }
    auto getting = credentials(*call);
    auto given = co_await std::move(getting);
    if (!given) {
      HttpStreamEnd refused = ended(std::move(given).error());
      co_return std::move(refused);
    }
    if (call->cancelled) {
      HttpStreamEnd stopped = ended(ClientError(ClientCause::cancelled, "cancelled"));
      co_return std::move(stopped);
    }
    HttpStream::Callbacks callbacks;
    callbacks.on_events = call->on_events;
    const AuthRequest asked(call->method, call->url, call->operation);
    callbacks.on_head = [source = options_.authorizer_, asked, weak = std::weak_ptr(call)](const ClientResponse& head) {
      if (source) source->answered(asked, head);
      const auto held = weak.lock();
      if (held && held->on_head) held->on_head(head);
    };
    call->stream = std::make_shared<HttpStream>(http_, executor_, options_.limits_, std::move(callbacks));
    call->stream->start(prepare(*call, *given));
    HttpStreamEnd end = co_await call->stream->done();
    call->stream.reset();
    const int status = end.response.status;
    if (end.error || status == 0) co_return std::move(end);

    if (is_redirect(status)) {
      auto target = redirect(*call, end.response, redirects);
      if (target) {
        call->url = std::move(*target);
        continue;
      }
      end.error = std::move(target).error();
      co_return std::move(end);
    }
    const bool challenged = status == 401 || (status == 403 && !end.response.header("www-authenticate").empty());
    if (!challenged) {
      if (options_.authorizer_ && !end.was_stream) options_.authorizer_->answered(asked, end.response);
      if (status == 403) end.error = ClientError(ClientCause::forbidden, "the server forbids it").with_status(status);
      co_return std::move(end);
    }
    bool again = false;
    if (options_.authorizer_ && !options_.token_in_meta_ && attempt < static_cast<unsigned>(options_.auth_attempts_)) {
      auto asking = challenge(*call, given->token, end.response, ++attempt);
      auto answer = co_await std::move(asking);
      if (!answer) {
        end.error = std::move(answer).error();
        co_return std::move(end);
      }
      again = *answer;
    }
    if (again) continue;
    end.error = status == 401
                    ? ClientError(ClientCause::unauthenticated, "the server wants credentials").with_status(401)
                    : ClientError(ClientCause::forbidden, "the credentials do not suffice").with_status(403);
    co_return std::move(end);
  }
}

}  // namespace leanmcp::inline v0::detail
