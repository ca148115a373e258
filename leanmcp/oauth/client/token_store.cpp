#include <leanmcp/oauth/client/token_store.hpp>

#include <leanmcp/client/types.hpp>
#include <leanmcp/json/parse.hpp>
#include <leanmcp/json/write.hpp>

#include <boost/json.hpp>

#include <set>

namespace leanmcp::inline v0 {

namespace {

/// None of the parts can hold the separator unescaped, so two keys are never one.
std::string joined(std::string_view kind, std::initializer_list<std::string_view> parts) {
  std::string out(kind);
  for (const std::string_view part : parts) out += " " + encode_form_text(part);
  return out;
}

std::int64_t milliseconds(TimePoint time) { return time.time_since_epoch().count(); }

std::optional<TimePoint> time_of(const json::object& in, std::string_view name) {
  const json::value* const value = in.if_contains(name);
  if (!value || !value->is_int64()) return std::nullopt;
  return TimePoint(std::chrono::milliseconds(value->get_int64()));
}

std::optional<json::object> object_of(const Secret& text) {
  auto parsed = parse_json(text.reveal(), ParseLimits());
  if (!parsed || !parsed->is_object()) return std::nullopt;
  return std::move(parsed->get_object());
}

}  // namespace

struct MemoryTokenStore::Held {
  std::mutex mutex;
  std::set<std::string> names;
};

std::shared_ptr<MemoryTokenStore::Held> MemoryTokenStore::make_held() { return std::make_shared<Held>(); }

Result<std::unique_ptr<TokenStore::Lease>> MemoryTokenStore::try_lock(const std::string& name) {
  class HeldName final : public Lease {
   public:
    HeldName(std::shared_ptr<Held> held, std::string name) : held_(std::move(held)), name_(std::move(name)) {}
    ~HeldName() override {
      const std::lock_guard lock(held_->mutex);
      held_->names.erase(name_);
    }

   private:
    const std::shared_ptr<Held> held_;
    const std::string name_;
  };
  const std::lock_guard lock(held_->mutex);
  if (!held_->names.insert(name).second) return std::unique_ptr<Lease>();
  return std::unique_ptr<Lease>(std::make_unique<HeldName>(held_, name));
}

Result<std::optional<Secret>> MemoryTokenStore::load(const std::string& name) {
  const std::lock_guard lock(mutex_);
  const auto found = values_.find(name);
  if (found == values_.end()) return std::optional<Secret>();
  return std::optional<Secret>(found->second);
}

Result<void> MemoryTokenStore::save(const std::string& name, const Secret& value) {
  const std::lock_guard lock(mutex_);
  values_[name] = value;
  return {};
}

Result<void> MemoryTokenStore::erase(const std::string& name) {
  const std::lock_guard lock(mutex_);
  values_.erase(name);
  return {};
}

Result<std::vector<std::string>> MemoryTokenStore::names() {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> out;
  for (const auto& [name, value] : values_) out.push_back(name);
  return out;
}

std::string tokens_name(const std::string& issuer, const std::string& resource, const std::string& profile) {
  return joined("tokens", {issuer, resource, profile});
}
std::string identity_name(const std::string& issuer, const std::string& profile) {
  return joined("client", {issuer, profile});
}
std::string binding_name(const std::string& resource, const std::string& profile) {
  return joined("issuer", {resource, profile});
}

Secret save_tokens(const OAuthTokens& tokens, const Secret& dpop_key) {
  json::object out{
      {"access_token", tokens.access_token.reveal()}, {"token_type", tokens.token_type}, {"scope", tokens.scope}};
  if (!tokens.refresh_token.empty()) out["refresh_token"] = tokens.refresh_token.reveal();
  if (!tokens.id_token.empty()) out["id_token"] = tokens.id_token;
  if (tokens.expires) out["expires"] = milliseconds(*tokens.expires);
  if (tokens.renew_after) out["renew_after"] = milliseconds(*tokens.renew_after);
  if (!dpop_key.empty()) out["dpop_key"] = dpop_key.reveal();
  return Secret(json_text(out));
}

std::optional<std::pair<OAuthTokens, Secret>> restore_tokens(const Secret& text) {
  const auto in = object_of(text);
  if (!in) return std::nullopt;
  OAuthTokens tokens;
  tokens.access_token = Secret(detail::text_or_empty(*in, "access_token"));
  tokens.token_type = detail::text_or_empty(*in, "token_type");
  tokens.scope = detail::text_or_empty(*in, "scope");
  tokens.refresh_token = Secret(detail::text_or_empty(*in, "refresh_token"));
  tokens.id_token = detail::text_or_empty(*in, "id_token");
  tokens.expires = time_of(*in, "expires");
  tokens.renew_after = time_of(*in, "renew_after");
  if (tokens.access_token.empty() || tokens.token_type.empty()) return std::nullopt;
  return std::pair(std::move(tokens), Secret(detail::text_or_empty(*in, "dpop_key")));
}

Secret save_identity(const OAuthClientIdentity& identity, const std::string& redirect_uri) {
  json::object out{{"client_id", identity.client_id}, {"redirect_uri", redirect_uri}};
  if (!identity.secret.empty()) out["client_secret"] = identity.secret.reveal();
  if (identity.method) out["method"] = to_string(*identity.method);
  if (identity.secret_expires) out["secret_expires"] = milliseconds(*identity.secret_expires);
  return Secret(json_text(out));
}

std::optional<std::pair<OAuthClientIdentity, std::string>> restore_identity(const Secret& text) {
  const auto in = object_of(text);
  if (!in) return std::nullopt;
  OAuthClientIdentity identity(detail::text_or_empty(*in, "client_id"),
                               Secret(detail::text_or_empty(*in, "client_secret")));
  if (identity.client_id.empty()) return std::nullopt;
  identity.method = parse_client_authentication(detail::text_or_empty(*in, "method"));
  identity.secret_expires = time_of(*in, "secret_expires");
  return std::pair(std::move(identity), detail::text_or_empty(*in, "redirect_uri"));
}

}  // namespace leanmcp::inline v0
