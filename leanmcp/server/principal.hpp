#pragma once

#include <leanmcp/json/fwd.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace leanmcp::inline v0 {

/// Who calls, as the verified token says; made without the network. Immutable and cheap to copy.
///
/// A person is `key()` = (configured provider, stable user id): the same for every issuer variant of a provider and
/// for the browser sign-in. Never an email.
class Principal {
 public:
  struct Fields {
    std::string provider;      ///< the name the provider was configured under, such as "clerk"
    std::string id;            ///< the provider's stable user id
    std::string subject;       ///< the token's `sub`
    std::string issuer;        ///< the token's `iss`
    std::string client_id;     ///< the client the token was issued to, if it says so
    std::string organisation;  ///< organisation or tenant id, if any
    std::string actor;         ///< who acts in this person's name (RFC 8693, section 4.1: `act.sub`), if anybody
    std::vector<std::string> scopes;
    std::vector<std::string> roles;
    std::vector<std::string> groups;
    std::vector<std::string> permissions;
    std::string claims_json = "{}";  ///< all claims as JSON text
    long long expires_at = 0;        ///< Unix seconds; 0 when the token does not say
    bool machine = false;            ///< a client acting for itself: there is no person and no profile
  };

  Principal() : Principal(Fields()) {}
  explicit Principal(Fields fields);

  /// `provider` and `id` joined so that no two pairs read alike; empty only for an anonymous caller.
  const std::string& key() const noexcept { return data_->key; }
  const std::string& provider() const noexcept { return data_->fields.provider; }
  const std::string& id() const noexcept { return data_->fields.id; }
  const std::string& subject() const noexcept { return data_->fields.subject; }
  const std::string& issuer() const noexcept { return data_->fields.issuer; }
  const std::string& client_id() const noexcept { return data_->fields.client_id; }
  const std::string& organisation() const noexcept { return data_->fields.organisation; }
  /// The `sub` of who acts in this person's name: support staff that impersonates, an agent. Empty for the person.
  const std::string& actor() const noexcept { return data_->fields.actor; }
  const std::vector<std::string>& scopes() const noexcept { return data_->fields.scopes; }
  const std::vector<std::string>& roles() const noexcept { return data_->fields.roles; }
  const std::vector<std::string>& groups() const noexcept { return data_->fields.groups; }
  const std::vector<std::string>& permissions() const noexcept { return data_->fields.permissions; }
  bool has_scope(std::string_view scope) const noexcept;
  bool has_role(std::string_view role) const noexcept;
  bool has_group(std::string_view group) const noexcept;
  bool has_permission(std::string_view permission) const noexcept;
  /// All claims of the token as JSON text.
  const std::string& claims_json() const noexcept { return data_->fields.claims_json; }
  /// Whether the claims have a word "cnf" somewhere: without it no token is bound to a key.
  bool mentions_key() const noexcept { return data_->mentions_key; }
  /// A string claim, or empty.
  std::string claim(std::string_view name) const;
  long long expires_at() const noexcept { return data_->fields.expires_at; }
  bool is_machine() const noexcept { return data_->fields.machine; }

 private:
  struct Data {
    Fields fields;
    std::string key;
    bool mentions_key = false;
  };
  std::shared_ptr<const Data> data_;
};

/// A made-up principal for users' own tests: no token was verified.
Principal test_principal(std::string id, std::vector<std::string> scopes = {});

/// The principal with the person's profile, in the shape the original's documents give for each provider. Profile
/// members the provider does not know are empty; `email_verified` is absent rather than false when nobody says.
struct AuthUser {
  Principal principal;
  std::string sub;
  std::string user_id;
  std::string email;
  std::optional<bool> email_verified;
  std::string name;
  std::string first_name;
  std::string last_name;
  std::string image_url;
  std::string username;
  std::vector<std::string> groups;
  /// The profile as the provider's own document shapes it (Clerk: sub, userId, email, …), as JSON text.
  std::string json = "{}";
  /// All claims of the token together with the profile that was looked up, as JSON text.
  std::string claims_json = "{}";
};

/// A made-up user for users' own tests.
AuthUser test_user(std::string id, std::string email, std::string name = {});

}  // namespace leanmcp::inline v0
