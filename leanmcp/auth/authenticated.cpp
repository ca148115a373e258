#include <leanmcp/auth/authenticated.hpp>

#include <leanmcp/auth/auth_denial.hpp>
#include <leanmcp/auth/authenticate_hook.hpp>

#include <algorithm>

namespace leanmcp::inline v0 {

namespace {

using User = std::shared_ptr<const AuthUser>;

Task<Result<User, Denial>> load(std::shared_ptr<AuthProvider> provider, Principal principal, std::string token,
                                bool soft, TimePoint now) {
  using Out = Result<User, Denial>;
  if (principal.is_machine()) {
    AuthDenial why(AuthCode::invalid_token, "a machine's token has no profile");
    why.soft = soft;
    Out refused = denial_of(why, *provider, now);
    co_return std::move(refused);
  }
  auto asking = provider->user(std::move(principal), std::move(token));
  auto loaded = co_await std::move(asking);
  if (!loaded) {
    AuthDenial why(loaded.error().code, loaded.error().reason);
    why.soft = soft;
    why.retry_after = loaded.error().retry_after;
    Out refused = denial_of(why, *provider, now);
    co_return std::move(refused);
  }
  Out user = std::move(*loaded);
  co_return std::move(user);
}

/// The token that decides: the header's, else that of `_meta`, else the process's own.
std::string_view first_token(const PresentedTokens& presented, const DpopGuard* dpop) {
  const AuthorizationForm form = presented.header.form;
  if (form == AuthorizationForm::bearer || (form == AuthorizationForm::dpop && dpop)) return presented.header.token;
  return presented.meta.empty() ? presented.ambient : presented.meta;
}

Task<Result<User, Denial>> give(User user) {
  Result<User, Denial> out = std::move(user);
  co_return std::move(out);
}

}  // namespace

void AuthenticateHook::need(const std::vector<std::string>& scopes) {
  for (const auto& scope : scopes)
    if (std::find(needed_.begin(), needed_.end(), scope) == needed_.end()) needed_.push_back(scope);
}

Verdict AuthenticateHook::deny(Call& call, AuthCode code, std::string reason, const PresentedTokens& presented) const {
  return deny(call, AuthDenial(code, std::move(reason)), presented);
}

Verdict AuthenticateHook::deny(Call& call, AuthDenial why, const PresentedTokens& presented) const {
  why.scopes = needed_;
  why.soft = presented.soft;
  why.sent_dpop = presented.header.form == AuthorizationForm::dpop;
  if (const auto& verified = call.info().verified; verified && !verified->authority) {
    verified->authority = provider_.get();
    verified->meta_token = Secret(std::string(presented.meta));
    verified->refusal = std::make_shared<const AuthDenial>(why);
  }
  return Verdict::deny(denial_of(why, *provider_, call.now()));
}

Verdict AuthenticateHook::before(Call& call) {
  const RequestInfo& info = call.info();
  if (info.channel == Channel::memory && info.credentials.assumed_user) {
    call.set_principal(info.credentials.assumed_user->principal);
    call.set_user_loader([user = info.credentials.assumed_user] { return give(user); });
    return Verdict::proceed();
  }
  PresentedTokens presented = presented_tokens(info, call.meta());
  if (info.verified && info.verified->authority == provider_.get() &&
      info.verified->meta_token.reveal() == presented.meta && !presented.malformed) {
    if (const void* const refusal = info.verified->refusal.get())
      return deny(call, *static_cast<const AuthDenial*>(refusal), presented);
    accept(call, info.verified->principal, info.verified->token.reveal());
    return Verdict::proceed();
  }
  if (presented.malformed) return deny(call, AuthCode::invalid_token, "malformed credentials", presented);
  const std::string_view first = first_token(presented, provider_->dpop());
  if (first.empty()) return deny(call, AuthCode::missing_token, "no token in the request", presented);
  const bool two = !presented.meta.empty() && first.data() != presented.meta.data();

  auto now = provider_->verify_now(first, call.now());
  if (now && !two) return settle(call, Decided(&*now, 1), first, presented);
  std::vector<std::string> tokens(1, std::string(first));
  if (two) tokens.emplace_back(presented.meta);
  if (!now) return Verdict::later(ask(call, std::move(tokens), presented));
  std::vector<Result<Principal, AuthFault>> decided(1, std::move(*now));
  auto other = provider_->verify_now(presented.meta, call.now());
  if (!other) return Verdict::later(ask(call, std::move(tokens), presented));
  decided.push_back(std::move(*other));
  return settle(call, decided, first, presented);
}

Task<Verdict> AuthenticateHook::ask(Call& call, std::vector<std::string> tokens, PresentedTokens presented) const {
  std::vector<Result<Principal, AuthFault>> decided;
  for (const std::string& token : tokens) {
    auto verifying = provider_->verify(token, call.now());
    Result<Principal, AuthFault> result = co_await std::move(verifying);
    decided.push_back(std::move(result));
  }
  Verdict verdict = settle(call, decided, tokens.front(), presented);
  co_return std::move(verdict);
}

Verdict AuthenticateHook::settle(Call& call, Decided decided, std::string_view token,
                                 const PresentedTokens& presented) const {
  for (const auto& result : decided) {
    if (result) continue;
    AuthDenial why(result.error().code, result.error().reason);
    why.retry_after = result.error().retry_after;
    return deny(call, std::move(why), presented);
  }
  const Principal& principal = *decided.front();
  if (principal.key().empty()) return deny(call, AuthCode::invalid_token, "the token names no subject", presented);
  for (const auto& other : decided)
    if (other->key() != principal.key())
      return deny(call, AuthCode::invalid_token, "header and _meta carry tokens of two principals", presented);
  // A token beside the header's is not what the proof is for: it may be bound to nothing.
  for (std::size_t i = 1; i < decided.size(); ++i)
    if (bound_key(*decided[i])) return deny(call, AuthCode::invalid_token, "a bound token in _meta", presented);
  if (auto refused = check_binding(call, principal, token, presented)) return std::move(*refused);
  accept(call, principal, token);
  return Verdict::proceed();
}

std::optional<Verdict> AuthenticateHook::check_binding(Call& call, const Principal& principal, std::string_view token,
                                                       const PresentedTokens& presented) const {
  const bool dpop = presented.header.form == AuthorizationForm::dpop;
  const auto thumbprint = bound_key(principal);
  DpopGuard* const guard = provider_->dpop();
  if (!thumbprint) {
    if (dpop) return deny(call, AuthCode::invalid_token, "a token that is bound to no key came as DPoP", presented);
    if (guard && guard->required()) return deny(call, AuthCode::invalid_token, "not bound to a key", presented);
    return std::nullopt;
  }
  if (thumbprint->empty())
    return deny(call, AuthCode::invalid_token, "bound to a key in a way that is not supported", presented);
  if (!dpop) return deny(call, AuthCode::invalid_token, "a bound token came as Bearer", presented);
  const auto fault = guard->check(call.info().credentials, provider_->resource_url(), token, *thumbprint, call.now());
  if (!fault) return std::nullopt;
  AuthDenial why(AuthCode::invalid_token, fault->reason);
  why.use_nonce = fault->nonce;
  return deny(call, std::move(why), presented);
}

std::string AuthenticateHook::token_of(const Call& call) const {
  const PresentedTokens presented = presented_tokens(call.info(), call.meta());
  if (const auto& verified = call.info().verified; verified && verified->authority == provider_.get() &&
                                                   !verified->refusal &&
                                                   verified->meta_token.reveal() == presented.meta)
    return std::string(verified->token.reveal());
  return std::string(first_token(presented, provider_->dpop()));
}

void AuthenticateHook::accept(Call& call, const Principal& principal, std::string_view token) const {
  if (const auto& verified = call.info().verified; verified && !verified->authority) {
    verified->authority = provider_.get();
    verified->principal = principal;
    verified->token = Secret(std::string(token));
    verified->meta_token = Secret(std::string(presented_tokens(call.info(), call.meta()).meta));
  }
  call.set_principal(principal);
  // The call keeps this hook, by its entry; what the profile is asked with is there when it is asked for.
  call.set_user_loader(
      [this, &call] { return load(provider_, *call.principal(), token_of(call), tells_softly(call), call.now()); });
}

AuthenticateHook* authenticate_hook_of(const Entry& entry) {
  for (const auto& hook : entry.hooks)
    if (auto* const found = dynamic_cast<AuthenticateHook*>(hook.get())) return found;
  return nullptr;
}

bool tells_softly(const Call& call) { return presented_tokens(call.info(), call.meta()).soft; }

Decorator authenticated(std::shared_ptr<AuthProvider> provider) {
  return Decorator([provider = std::move(provider)](EntryDraft& draft) {
    if (!provider) return draft.fail("authenticated() got no provider");
    if (const auto canonical = provider->check_resource(); !canonical) return draft.fail(canonical.error().message());
    // The method's own declaration replaces its service's.
    std::erase_if(draft.entry.hooks, [](const auto& hook) { return hook->stage() == Stage::authenticate; });
    draft.entry.hooks.push_back(std::make_shared<AuthenticateHook>(provider));
  });
}

}  // namespace leanmcp::inline v0
