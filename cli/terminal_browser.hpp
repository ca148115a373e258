#pragma once

#include "terminal.hpp"

#include <leanmcp/oauth/client/loopback_listener.hpp>

#include <atomic>
#include <memory>
#include <string>
#include <thread>

/// Signs a person in from the terminal: shows the address whole, opens it after consent, and waits for the browser at a
/// loopback address. Where no browser can be opened the person opens it anywhere, and pastes back where it ended.
class TerminalBrowser final : public leanmcp::AuthorizationBrowser {
 public:
  /// `server` is named to the person. `launch` false: never opens a browser. `agreed`: consent was given beforehand.
  TerminalBrowser(std::shared_ptr<Terminal> terminal, std::string server, bool launch, bool agreed,
                  leanmcp::LoopbackOptions options);
  ~TerminalBrowser() override;

  leanmcp::Task<leanmcp::Result<std::string>> prepare() override;
  leanmcp::Task<leanmcp::Result<std::string>> visit(std::string url,
                                                    std::function<bool(std::string_view)> is_answer) override;

 private:
  leanmcp::Task<leanmcp::Result<void>> send(std::string url);
  /// Reads lines until one is the address that is waited for, on a thread of its own.
  void read_pasted();
  void stop_reading();

  const std::shared_ptr<Terminal> terminal_;
  const std::string server_;
  const bool launch_;
  const bool agreed_;
  leanmcp::LoopbackListener listener_;
  std::string redirect_uri_;
  int wake_ = -1;
  std::thread reader_;
};
