#pragma once

#include <leanmcp/auth/fetcher.hpp>
#include <leanmcp/auth/provider.hpp>
#include <leanmcp/base/manual_executor.hpp>
#include <leanmcp/crypto/signing_key.hpp>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace leanmcp::test {

/// The network as a test decides: answers by URL at once, or keeps requests until they are answered by hand.
class FakeNetwork {
 public:
  struct Answer {
    Answer() = default;
    Answer(int status, std::string body, HttpFields headers = {})
        : status(status), body(std::move(body)), headers(std::move(headers)) {}
    int status = 200;
    std::string body;
    HttpFields headers;
  };

  void serve(const std::string& url, std::string body, HttpFields headers = {}) {
    answers[url] = Answer(200, std::move(body), std::move(headers));
  }
  void fail(const std::string& url, int status, std::string body = "{}", HttpFields headers = {}) {
    answers[url] = Answer(status, std::move(body), std::move(headers));
  }
  int asked(const std::string& url) const {
    int count = 0;
    for (const auto& request : requests) count += request.url == url;
    return count;
  }

  Fetcher fetcher() {
    return [this](ClientRequest request, HttpClient::Callback done) {
      requests.push_back(request);
      if (held) {
        waiting.emplace_back(std::move(request), std::move(done));
        return;
      }
      answer(request, done);
    };
  }
  /// Answers what was held, in order.
  void release() {
    held = false;
    while (!waiting.empty()) {
      auto [request, done] = std::move(waiting.front());
      waiting.pop_front();
      answer(request, done);
    }
  }

  std::map<std::string, Answer> answers;
  std::vector<ClientRequest> requests;
  bool held = false;
  bool down = false;
  std::deque<std::pair<ClientRequest, HttpClient::Callback>> waiting;

 private:
  void answer(const ClientRequest& request, const HttpClient::Callback& done) {
    if (down) {
      HttpClientFault fault;
      fault.cause = HttpClientCause::cannot_connect;
      return done(std::move(fault));
    }
    ClientResponse response;
    const auto found = answers.find(request.url);
    response.status = found == answers.end() ? 404 : found->second.status;
    if (found != answers.end()) {
      response.body = found->second.body;
      response.headers = found->second.headers;
    }
    done(std::move(response));
  }
};

inline std::string key_set(const std::vector<SigningKey>& keys) {
  std::string out = "{\"keys\":[";
  for (const auto& key : keys) out.append(out.back() == '[' ? "" : ",").append(key.public_jwk());
  return out + "]}";
}

/// Runs a task to its end; nullopt when it waits for something that does not come.
template <class T>
std::optional<T> finish(ManualExecutor& executor, Task<T> task) {
  std::optional<T> out;
  spawn(executor, std::move(task), [&out](RunOutcome<T> outcome) { out = std::move(outcome.value); });
  executor.run();
  return out;
}

/// A clock, a network and a key, and what one asks a provider with them.
struct World {
  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  FakeNetwork network;
  ManualExecutor executor;

  static const SigningKey& key() {
    static const SigningKey one = SigningKey::generate(SigningKey::Algorithm::rs256);
    return one;
  }
  static const SigningKey& other_key() {
    static const SigningKey one = SigningKey::generate(SigningKey::Algorithm::rs256);
    return one;
  }
  long long seconds() const { return unix_seconds(clock->now()); }
  /// `{"iss":…,…}` with iat and exp put in; `members` begins without a comma.
  std::string claims(const std::string& members, long long life = 3600) const {
    return "{\"iat\":" + std::to_string(seconds()) + ",\"exp\":" + std::to_string(seconds() + life) + "," + members +
           "}";
  }
  std::string token(const std::string& members, const std::string& type = "JWT", long long life = 3600) const {
    return key().sign(claims(members, life), type);
  }
  Result<Principal, AuthFault> verify(AuthProvider& provider, const std::string& text) {
    if (auto now = provider.verify_now(text, clock->now())) return std::move(*now);
    return finish(executor, provider.verify(text, clock->now())).value();
  }
  /// "" for a good token, else the reason.
  std::string reason(AuthProvider& provider, const std::string& text) {
    const auto result = verify(provider, text);
    return result ? "" : result.error().reason;
  }
  Result<std::shared_ptr<const AuthUser>, AuthFault> user(AuthProvider& provider, const std::string& text) {
    auto who = verify(provider, text);
    if (!who) return who.error();
    return finish(executor, provider.user(*who, text)).value();
  }
  Result<TokenSet, AuthFault> refresh(AuthProvider& provider, RefreshRequest request = RefreshRequest(Secret("rt"))) {
    return finish(executor, provider.refresh(std::move(request))).value();
  }
};

}  // namespace leanmcp::test
