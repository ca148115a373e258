#pragma once

#include <leanmcp/auth/auth_denial.hpp>
#include <leanmcp/auth/provider.hpp>
#include <leanmcp/auth/presented_token.hpp>
#include <leanmcp/server/call.hpp>
#include <leanmcp/server/entry.hpp>

#include <memory>
#include <span>
#include <string>
#include <vector>

namespace leanmcp::inline v0 {

/// Verifies the tokens of a request and makes their principal the call's.
class AuthenticateHook final : public Hook {
 public:
  explicit AuthenticateHook(std::shared_ptr<AuthProvider> provider) : provider_(std::move(provider)) {}
  Stage stage() const override { return Stage::authenticate; }
  const void* authority() const override { return provider_.get(); }
  Verdict before(Call& call) override;

  const std::shared_ptr<AuthProvider>& provider() const noexcept { return provider_; }
  /// What the entry's other decorators need, for the challenge. At registration only.
  void need(const std::vector<std::string>& scopes);
  const std::vector<std::string>& needed() const noexcept { return needed_; }

 private:
  using Decided = std::span<const Result<Principal, AuthFault>>;
  Task<Verdict> ask(Call& call, std::vector<std::string> tokens, PresentedTokens presented) const;
  Verdict settle(Call& call, Decided decided, std::string_view token, const PresentedTokens& presented) const;
  /// How the token is bound to a key, and whether the request proves that it has the key.
  std::optional<Verdict> check_binding(Call& call, const Principal& principal, std::string_view token,
                                       const PresentedTokens& presented) const;
  void accept(Call& call, const Principal& principal, std::string_view token) const;
  /// The token that the call was let in with.
  std::string token_of(const Call& call) const;
  Verdict deny(Call& call, AuthCode code, std::string reason, const PresentedTokens& presented) const;
  /// Denies, and remembers it for whatever else the request asks for.
  Verdict deny(Call& call, AuthDenial why, const PresentedTokens& presented) const;

  const std::shared_ptr<AuthProvider> provider_;
  std::vector<std::string> needed_;
};

/// The entry's authenticating hook, or null.
AuthenticateHook* authenticate_hook_of(const Entry& entry);
/// Whether this call's refusals are told as tool results.
bool tells_softly(const Call& call);

}  // namespace leanmcp::inline v0
