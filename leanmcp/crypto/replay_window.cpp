#include <leanmcp/crypto/replay_window.hpp>

#include <leanmcp/base/encoding.hpp>
#include <leanmcp/base/random.hpp>
#include <leanmcp/crypto/digest.hpp>

#include <deque>
#include <mutex>
#include <stdexcept>
#include <unordered_set>

namespace leanmcp::inline v0 {

struct ReplayWindow::Data {
  struct Seen {
    TimePoint until;
    /// Points into the set, whose elements stay where they are.
    const std::string* digest;
  };
  std::chrono::seconds keep;
  std::size_t capacity;
  std::mutex mutex;
  std::unordered_set<std::string> digests;
  std::deque<Seen> in_order;
};

ReplayWindow::ReplayWindow(std::chrono::seconds keep, std::size_t capacity) : data_(std::make_unique<Data>()) {
  data_->keep = keep;
  data_->capacity = capacity;
}
ReplayWindow::ReplayWindow(ReplayWindow&&) noexcept = default;
ReplayWindow& ReplayWindow::operator=(ReplayWindow&&) noexcept = default;
ReplayWindow::~ReplayWindow() = default;

ReplayWindow::Use ReplayWindow::use(std::string_view id, TimePoint now) {
  std::string digest = sha256(id);
  const std::lock_guard lock(data_->mutex);
  while (!data_->in_order.empty() && data_->in_order.front().until <= now) {
    data_->digests.erase(*data_->in_order.front().digest);
    data_->in_order.pop_front();
  }
  if (data_->digests.count(digest) != 0) return Use::again;
  if (data_->digests.size() >= data_->capacity) return Use::full;
  const auto added = data_->digests.insert(std::move(digest)).first;
  data_->in_order.push_back({now + data_->keep, &*added});
  return Use::first;
}

std::size_t ReplayWindow::size() const {
  const std::lock_guard lock(data_->mutex);
  return data_->digests.size();
}

DpopNonces::DpopNonces(Secret key, std::chrono::seconds lifetime) : key_(std::move(key)), lifetime_(lifetime) {
  if (key_.reveal().size() < 32 || lifetime_.count() < 1)
    throw std::invalid_argument("nonces need a key of 32 bytes and a lifetime");
}

DpopNonces DpopNonces::random(std::chrono::seconds lifetime) { return DpopNonces(Secret(random_id(32)), lifetime); }

std::string DpopNonces::at(std::int64_t slot) const {
  return base64url_encode(hmac_sha256(key_.reveal(), "dpop-nonce:" + std::to_string(slot)).substr(0, 16));
}

std::string DpopNonces::current(TimePoint now) const { return at(unix_seconds(now) / lifetime_.count()); }

std::vector<std::string> DpopNonces::accepted(TimePoint now) const {
  const std::int64_t slot = unix_seconds(now) / lifetime_.count();
  std::vector<std::string> out;
  for (const std::int64_t step : {0, -1, 1}) out.push_back(at(slot + step));
  return out;
}

}  // namespace leanmcp::inline v0
