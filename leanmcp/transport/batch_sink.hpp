#pragma once

#include <leanmcp/transport/http_sink.hpp>

#include <memory>
#include <string>
#include <utility>

namespace leanmcp::inline v0 {

/// One message of a batch (2025-03-26): its answer goes into the common array, or on the common stream once one is
/// open.
class BatchSink final : public RequestSink {
 public:
  struct Shared {
    std::shared_ptr<HttpSink> sink;
    std::string answers;
    std::size_t left = 0;
    bool streaming = false;
  };
  explicit BatchSink(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}
  Executor& executor() noexcept override { return shared_->sink->executor(); }
  void notify(std::string message) override {
    shared_->streaming = true;
    shared_->sink->notify(std::move(message));
  }
  void ask(std::string message) override { notify(std::move(message)); }
  void respond(Reply reply) override {
    if (!std::exchange(answered_, true)) end(std::move(reply.body));
  }
  void cancelled() override {
    if (!std::exchange(answered_, true)) end({});
  }
  void on_cancel(std::function<void()>) override {}

 private:
  /// One message of the batch is done; without an answer when it was cancelled.
  void end(std::string answer) {
    Shared& shared = *shared_;
    --shared.left;
    if (!shared.streaming && !answer.empty()) {
      if (!shared.answers.empty()) shared.answers += ',';
      shared.answers += std::exchange(answer, {});
    }
    if (shared.left != 0) {
      if (!answer.empty()) shared.sink->notify(std::move(answer));
      return;
    }
    // What was answered before the stream was opened.
    std::string kept = shared.answers.empty() ? std::string() : "[" + std::exchange(shared.answers, {}) + "]";
    if (answer.empty()) answer.swap(kept);
    if (!kept.empty()) shared.sink->notify(std::move(kept));
    if (answer.empty()) return shared.sink->end_without_answer();
    Reply reply;
    reply.body = std::move(answer);
    shared.sink->respond(std::move(reply));
  }

  std::shared_ptr<Shared> shared_;
  bool answered_ = false;
};

}  // namespace leanmcp::inline v0
