#include <leanmcp/auth/authenticated.hpp>

#include <leanmcp/protocol/codes.hpp>
#include <leanmcp/protocol/message.hpp>

#include <boost/json.hpp>

#include <algorithm>

namespace leanmcp::inline v0 {

namespace {

constexpr std::size_t most_token_bytes = 16 * 1024;

struct Tokens {
  std::string header;
  std::string meta;
  std::string ambient;
  bool malformed = false;
  bool from_header() const { return !header.empty(); }
};

bool is_bearer(std::string_view scheme) {
  constexpr std::string_view bearer = "bearer";
  return std::equal(scheme.begin(), scheme.end(), bearer.begin(), bearer.end(),
                    [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; });
}

Tokens find_tokens(const Call& call) {
  Tokens tokens;
  const Credentials& credentials = call.info().credentials;
  if (credentials.authorization_headers > 1) tokens.malformed = true;
  if (credentials.authorization_headers == 1) {
    std::string_view value = credentials.authorization_header;
    const auto space = value.find(' ');
    if (space != std::string_view::npos && is_bearer(value.substr(0, space))) {
      value.remove_prefix(space);
      while (value.starts_with(' ')) value.remove_prefix(1);
      tokens.header = value;
    }
    if (tokens.header.empty()) tokens.malformed = true;
  }
  if (const json::object* const meta = call.meta()) {
    if (const json::value* const authorization = meta->if_contains("authorization")) {
      const json::object* const object = authorization->if_object();
      const json::value* const type = object ? object->if_contains("type") : nullptr;
      const json::value* const token = object ? object->if_contains("token") : nullptr;
      if (!token || !token->is_string() || (type && (!type->is_string() || !is_bearer(type->get_string())))) {
        tokens.malformed = true;
      } else {
        tokens.meta = token->get_string();
      }
    }
  }
  tokens.ambient = credentials.ambient_token.reveal();
  if (std::max(tokens.header.size(), tokens.meta.size()) > most_token_bytes) tokens.malformed = true;
  return tokens;
}

/// A quoted-string of RFC 9110, section 5.6.4, from text that has no control characters.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (c >= 0x20 && c != 0x7f) out += c;
  }
  return out + "\"";
}

std::string join(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words) out.append(out.empty() ? "" : " ").append(word);
  return out;
}

const char* action_of(AuthCode code) {
  switch (code) {
    case AuthCode::missing_token: return "authenticate";
    case AuthCode::invalid_token: return "refresh_or_reauthenticate";
    case AuthCode::verification_failed: return "retry";
    case AuthCode::insufficient_scope: return "request_scope";
  }
  return "";
}

const char* message_of(AuthCode code) {
  switch (code) {
    case AuthCode::missing_token: return "Sign in first: this needs an access token.";
    case AuthCode::invalid_token: return "The access token is not valid here: it may have expired.";
    case AuthCode::verification_failed: return "The access token cannot be checked right now; try again.";
    case AuthCode::insufficient_scope: return "The access token does not allow this.";
  }
  return "";
}

Denial denial_for(AuthCode code, std::string reason, bool as_tool_result, const AuthProvider* provider,
                  const std::vector<std::string>& needed) {
  Denial denial;
  denial.word = to_string(code);
  denial.message = message_of(code);
  denial.action = action_of(code);
  denial.reason = std::move(reason);
  denial.as_tool_result = as_tool_result;
  std::string challenge = "Bearer";
  const auto add = [&](std::string_view name, const std::string& value) {
    challenge.append(challenge.size() == 6 ? " " : ", ").append(name).append("=").append(quoted(value));
  };
  switch (code) {
    case AuthCode::missing_token:
    case AuthCode::invalid_token:
      denial.rpc_code = code::unauthenticated;
      denial.http_status = 401;
      if (code == AuthCode::invalid_token) add("error", "invalid_token");
      break;
    case AuthCode::insufficient_scope:
      denial.rpc_code = code::insufficient_scope;
      denial.http_status = 403;
      add("error", "insufficient_scope");
      break;
    case AuthCode::verification_failed:
      denial.rpc_code = code::unavailable;
      denial.http_status = 503;
      denial.headers.emplace_back("Retry-After", "5");
      return denial;
  }
  const std::vector<std::string>& scope = needed.empty() && provider ? provider->scopes() : needed;
  if (provider && !provider->metadata_url().empty()) add("resource_metadata", provider->metadata_url());
  if (!scope.empty()) {
    add("scope", join(scope));
    denial.data = "\"scopes\":[";
    for (const auto& word : scope) {
      if (denial.data.back() != '[') denial.data += ',';
      append_json_string(denial.data, word);
    }
    denial.data += ']';
  }
  denial.headers.emplace_back("WWW-Authenticate", challenge);
  return denial;
}

class AuthenticateHook final : public Hook {
 public:
  explicit AuthenticateHook(std::shared_ptr<AuthProvider> provider) : provider_(std::move(provider)) {}
  Stage stage() const override { return Stage::authenticate; }
  const AuthProvider* provider() const { return provider_.get(); }

  Verdict before(Call& call) override {
    if (call.info().channel == Channel::memory && call.info().credentials.assumed_user) {
      assume(call, call.info().credentials.assumed_user);
      return Verdict::proceed();
    }
    const Tokens tokens = find_tokens(call);
    const bool soft = call.info().channel == Channel::stdio || (!tokens.from_header() && !tokens.meta.empty());
    if (tokens.malformed)
      return Verdict::deny(denial_for(AuthCode::invalid_token, "malformed credentials", soft, provider_.get(), {}));
    std::vector<std::string> found;
    if (!tokens.header.empty()) found.push_back(tokens.header);
    if (!tokens.meta.empty()) found.push_back(tokens.meta);
    if (found.empty() && !tokens.ambient.empty()) found.push_back(tokens.ambient);
    if (found.empty())
      return Verdict::deny(denial_for(AuthCode::missing_token, "no token in the request", soft, provider_.get(), {}));

    std::vector<Result<Principal, AuthFault>> decided;
    for (const std::string& token : found) {
      auto now = provider_->verify_now(token, call.now());
      if (!now) return Verdict::later(ask(call, std::move(found), soft));
      decided.push_back(std::move(*now));
    }
    return settle(call, decided, found.front(), soft);
  }

 private:
  Task<Verdict> ask(Call& call, std::vector<std::string> tokens, bool soft) const {
    std::vector<Result<Principal, AuthFault>> decided;
    for (const std::string& token : tokens) {
      auto verifying = provider_->verify(token, call.now());
      Result<Principal, AuthFault> result = co_await std::move(verifying);
      decided.push_back(std::move(result));
    }
    Verdict verdict = settle(call, decided, tokens.front(), soft);
    co_return std::move(verdict);
  }

  Verdict settle(Call& call, const std::vector<Result<Principal, AuthFault>>& decided, const std::string& token,
                 bool soft) const {
    for (const auto& result : decided)
      if (!result) return Verdict::deny(denial_for(result.error().code, result.error().reason, soft, provider_.get(), {}));
    const Principal& principal = *decided.front();
    if (principal.key().empty())
      return Verdict::deny(denial_for(AuthCode::invalid_token, "the token names no subject", soft, provider_.get(), {}));
    for (const auto& other : decided) {
      if (other->key() != principal.key())
        return Verdict::deny(denial_for(AuthCode::invalid_token, "header and _meta carry tokens of two principals", soft,
                                        provider_.get(), {}));
    }
    call.set_principal(principal);
    call.set_user_loader([provider = provider_, principal, token, soft] { return load(provider, principal, token, soft); });
    return Verdict::proceed();
  }

  static Task<Result<std::shared_ptr<const AuthUser>, Denial>> load(std::shared_ptr<AuthProvider> provider,
                                                                    Principal principal, std::string token, bool soft) {
    using Out = Result<std::shared_ptr<const AuthUser>, Denial>;
    if (principal.is_machine()) {
      Out refused = denial_for(AuthCode::invalid_token, "a machine's token has no profile", soft, provider.get(), {});
      co_return std::move(refused);
    }
    auto asking = provider->user(std::move(principal), std::move(token));
    auto loaded = co_await std::move(asking);
    if (!loaded) {
      Out refused = denial_for(loaded.error().code, loaded.error().reason, soft, provider.get(), {});
      co_return std::move(refused);
    }
    Out user = std::move(*loaded);
    co_return std::move(user);
  }

  static void assume(Call& call, const std::shared_ptr<const AuthUser>& user) {
    call.set_principal(user->principal);
    call.set_user_loader([user] { return give(user); });
  }
  static Task<Result<std::shared_ptr<const AuthUser>, Denial>> give(std::shared_ptr<const AuthUser> user) {
    Result<std::shared_ptr<const AuthUser>, Denial> out = std::move(user);
    co_return std::move(out);
  }

  const std::shared_ptr<AuthProvider> provider_;
};

class ScopeHook final : public Hook {
 public:
  ScopeHook(std::vector<std::string> needed, bool all) : needed_(std::move(needed)), all_(all) {}
  Stage stage() const override { return Stage::authorize; }
  const AuthProvider* provider = nullptr;

  Verdict before(Call& call) override {
    const Principal* const principal = call.principal();
    const auto has = [&](const std::string& scope) { return principal && principal->has_scope(scope); };
    const bool fine = all_ ? std::all_of(needed_.begin(), needed_.end(), has)
                           : std::any_of(needed_.begin(), needed_.end(), has);
    if (fine) return Verdict::proceed();
    const bool soft = call.info().channel == Channel::stdio || call.info().credentials.authorization_headers == 0;
    return Verdict::deny(denial_for(AuthCode::insufficient_scope, "lacks scope " + join(needed_), soft, provider, needed_));
  }

 private:
  const std::vector<std::string> needed_;
  const bool all_;
};

Decorator scope_decorator(std::vector<std::string> needed, bool all) {
  return Decorator([needed = std::move(needed), all](EntryDraft& draft) {
    if (needed.empty()) return draft.fail("scopes() names no scope");
    auto hook = std::make_shared<ScopeHook>(needed, all);
    for (const auto& other : draft.entry.hooks)
      if (const auto* const authenticate = dynamic_cast<const AuthenticateHook*>(other.get()))
        hook->provider = authenticate->provider();
    if (!hook->provider) return draft.fail("scopes() needs authenticated(provider) before it");
    draft.entry.hooks.push_back(std::move(hook));
  });
}

}  // namespace

Decorator authenticated(std::shared_ptr<AuthProvider> provider) {
  return Decorator([provider = std::move(provider)](EntryDraft& draft) {
    if (!provider) return draft.fail("authenticated() got no provider");
    // The method's own declaration replaces its service's.
    std::erase_if(draft.entry.hooks, [](const auto& hook) { return hook->stage() == Stage::authenticate; });
    draft.entry.hooks.push_back(std::make_shared<AuthenticateHook>(provider));
  });
}

Decorator scopes(std::vector<std::string> all_of) { return scope_decorator(std::move(all_of), true); }
Decorator any_scope(std::vector<std::string> one_of) { return scope_decorator(std::move(one_of), false); }

}  // namespace leanmcp::inline v0
