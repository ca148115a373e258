#include <leanmcp/http/client.hpp>

#include <leanmcp/http/client_transfer.hpp>

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <map>
#include <mutex>
#include <new>
#include <stdexcept>
#include <thread>

namespace leanmcp::inline v0 {

using detail::Transfer;

std::string_view to_string(HttpClientCause cause) noexcept {
  switch (cause) {
    case HttpClientCause::refused_url:
      return "refused_url";
    case HttpClientCause::refused_header:
      return "refused_header";
    case HttpClientCause::cannot_resolve:
      return "cannot_resolve";
    case HttpClientCause::cannot_connect:
      return "cannot_connect";
    case HttpClientCause::tls:
      return "tls";
    case HttpClientCause::timeout:
      return "timeout";
    case HttpClientCause::too_large:
      return "too_large";
    case HttpClientCause::cancelled:
      return "cancelled";
    case HttpClientCause::protocol:
      return "protocol";
  }
  return "unknown";
}

std::string_view ClientResponse::header(std::string_view lower_case_name) const noexcept {
  const auto found =
      std::find_if(headers.begin(), headers.end(), [&](const auto& field) { return field.first == lower_case_name; });
  return found == headers.end() ? std::string_view() : std::string_view(found->second);
}

/// Shared by the client and its thread: a client destroyed by one of its own callbacks leaves the thread to finish.
class HttpClient::Impl : public std::enable_shared_from_this<Impl> {
 public:
  explicit Impl(HttpClientOptions options) : options_(std::move(options)) {
    // Once a process; libcurl 7.84 and later do this under a lock of their own.
    static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
    multi_.reset(curl_multi_init());
    if (ready != CURLE_OK || !multi_) throw std::bad_alloc();
    curl_multi_setopt(multi_.get(), CURLMOPT_MAX_TOTAL_CONNECTIONS, static_cast<long>(options_.max_connections));
    curl_multi_setopt(multi_.get(), CURLMOPT_MAX_HOST_CONNECTIONS,
                      static_cast<long>(options_.max_connections_per_host));
    curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, static_cast<long>(options_.max_connections));
  }

  void start() {
    thread_ = std::thread([self = shared_from_this()] { self->loop(); });
  }

  void stop() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    curl_multi_wakeup(multi_.get());
    if (on_own_thread()) {
      thread_.detach();
    } else {
      thread_.join();
    }
  }

  bool on_own_thread() const noexcept { return std::this_thread::get_id() == thread_.get_id(); }

  RequestId send(ClientRequest request, Callback done) {
    const RequestId id = ++last_id_;
    auto transfer = std::make_unique<Transfer>(id, std::move(request), std::move(done));
    {
      const std::lock_guard lock(mutex_);
      starts_.push_back(std::move(transfer));
    }
    curl_multi_wakeup(multi_.get());
    return id;
  }

  void cancel(RequestId id) {
    {
      const std::lock_guard lock(mutex_);
      cancels_.push_back(id);
    }
    curl_multi_wakeup(multi_.get());
  }

 private:
  struct MultiDelete {
    void operator()(CURLM* multi) const noexcept { curl_multi_cleanup(multi); }
  };

  void loop() {
    // The application's signals are not for this thread; a SIGPIPE of a TLS write stays pending here.
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    while (take_commands()) {
      int running = 0;
      curl_multi_perform(multi_.get(), &running);
      collect();
      curl_multi_poll(multi_.get(), nullptr, 0, end_idle(), nullptr);
    }
    finish();
  }

  bool take_commands() {
    std::vector<std::unique_ptr<Transfer>> starts;
    std::vector<RequestId> cancels;
    {
      const std::lock_guard lock(mutex_);
      starts.swap(starts_);
      cancels.swap(cancels_);
      if (stopping_) {
        refused_.insert(refused_.end(), std::make_move_iterator(starts.begin()), std::make_move_iterator(starts.end()));
        return false;
      }
    }
    for (auto& transfer : starts) begin(std::move(transfer));
    for (const RequestId id : cancels) {
      const auto found = active_.find(id);
      if (found == active_.end()) continue;
      const auto transfer = take(found);
      transfer->fail(HttpClientFault{HttpClientCause::cancelled, {}});
    }
    return true;
  }

  void begin(std::unique_ptr<Transfer> transfer) {
    if (auto fault = transfer->prepare(options_)) {
      transfer->fail(std::move(*fault));
      return;
    }
    if (curl_multi_add_handle(multi_.get(), transfer->handle()) != CURLM_OK) {
      transfer->fail(HttpClientFault{HttpClientCause::protocol, "out of memory"});
      return;
    }
    const RequestId id = transfer->id();
    active_.emplace(id, std::move(transfer));
  }

  std::unique_ptr<Transfer> take(std::map<RequestId, std::unique_ptr<Transfer>>::iterator place) {
    auto transfer = std::move(place->second);
    active_.erase(place);
    curl_multi_remove_handle(multi_.get(), transfer->handle());
    return transfer;
  }

  void collect() {
    int left = 0;
    while (const CURLMsg* const message = curl_multi_info_read(multi_.get(), &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      const CURLcode code = message->data.result;
      Transfer* transfer = nullptr;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
      const auto owned = take(active_.find(transfer->id()));
      owned->complete(code);
    }
  }

  /// Ends what has been silent for too long; the milliseconds until the next one may be. libcurl's own low-speed limit
  /// is an average over several seconds, too coarse for a heartbeat.
  int end_idle() {
    const auto now = std::chrono::steady_clock::now();
    std::chrono::milliseconds wait{60'000};  // libcurl shortens it to its own next deadline
    for (auto place = active_.begin(); place != active_.end();) {
      const auto current = place++;
      const auto deadline = current->second->idle_deadline();
      if (!deadline) continue;
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(*deadline - now);
      if (left.count() <= 0) {
        take(current)->fail(HttpClientFault{HttpClientCause::timeout, "nothing arrived within the idle timeout"});
      } else {
        wait = std::min(wait, left);
      }
    }
    return static_cast<int>(wait.count());
  }

  void finish() {
    for (bool more = true; more;) {
      while (!active_.empty()) take(active_.begin())->fail(HttpClientFault{HttpClientCause::cancelled, {}});
      for (auto& transfer : std::exchange(refused_, {}))
        transfer->fail(HttpClientFault{HttpClientCause::cancelled, {}});
      // A callback may have sent anew.
      const std::lock_guard lock(mutex_);
      refused_ = std::exchange(starts_, {});
      more = !refused_.empty();
    }
  }

  const HttpClientOptions options_;
  std::unique_ptr<CURLM, MultiDelete> multi_;
  std::thread thread_;
  std::atomic<RequestId> last_id_ = 0;

  std::mutex mutex_;
  std::vector<std::unique_ptr<Transfer>> starts_;
  std::vector<RequestId> cancels_;
  bool stopping_ = false;

  // The client's thread only.
  std::map<RequestId, std::unique_ptr<Transfer>> active_;
  std::vector<std::unique_ptr<Transfer>> refused_;
};

HttpClient::HttpClient(HttpClientOptions options) : impl_(std::make_shared<Impl>(std::move(options))) {
  impl_->start();
}

HttpClient::~HttpClient() { impl_->stop(); }

HttpClient::RequestId HttpClient::send(ClientRequest request, Callback done) {
  return impl_->send(std::move(request), std::move(done));
}

void HttpClient::cancel(RequestId id) { impl_->cancel(id); }

HttpClient::Outcome HttpClient::fetch(ClientRequest request, std::stop_token stop) {
  if (impl_->on_own_thread()) throw std::logic_error("HttpClient::fetch on the client's own thread waits for itself");
  const auto promise = std::make_shared<std::promise<Outcome>>();
  auto future = promise->get_future();
  const RequestId id =
      impl_->send(std::move(request), [promise](Outcome outcome) { promise->set_value(std::move(outcome)); });
  const std::stop_callback on_stop(stop, [impl = impl_, id] { impl->cancel(id); });
  return future.get();
}

}  // namespace leanmcp::inline v0
