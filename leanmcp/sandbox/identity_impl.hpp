#pragma once

#include <leanmcp/sandbox/form_text.hpp>
#include <leanmcp/sandbox/identity_double.hpp>

#include <boost/json.hpp>

#include <map>
#include <mutex>
#include <string>

namespace leanmcp::inline v0::sandbox {

/// Somebody made up: any name of lower-case letters, digits, dots and dashes has an account.
struct Person {
  std::string name;
  std::string given_name;
  std::string family_name;

  std::string subject() const { return "user-" + name; }
  std::string email() const { return name + "@example.com"; }
  void add_claims(boost::json::object& claims) const;
};
std::optional<Person> find_person(std::string_view name);

Answer oauth_error(int status, std::string_view error, std::string_view description);
Answer json_answer(const boost::json::object& body, int status = 200);

class IdentityDouble::Impl {
 public:
  Impl(IdentityDoubleOptions options, std::shared_ptr<TokenSigner> signer, std::shared_ptr<const Clock> clock)
      : options_(std::move(options)), signer_(std::move(signer)), clock_(std::move(clock)) {}

  std::optional<Answer> handle(const Request& request);
  std::mutex mutex;

 private:
  /// What somebody agreed to; carried by a code, then by refresh tokens.
  struct Grant {
    std::string client_id;
    std::string user;
    std::string scope;
    std::string audience;
    std::string nonce;
    std::string redirect_uri;
    std::string challenge;
    std::int64_t expires_at = 0;
    /// All that came from one sign-in.
    std::string family;
    bool used = false;
  };
  struct Client {
    std::string id;
    bool authenticated = false;
  };

  // identity_double.cpp
  Answer discovery() const;
  Answer userinfo(const Request& request);
  Answer register_client(const Request& request) const;

  // identity_authorize.cpp
  Answer authorize(const Request& request);
  Answer sign_in_page(const FormPairs& params) const;

  // identity_token.cpp
  Answer token(const Request& request);
  Answer quick_token(const Request& request, bool plain);
  Answer exchange_code(const Client& client, const FormPairs& form);
  Answer refresh(const Client& client, const FormPairs& form);
  Answer client_credentials(const Client& client, const FormPairs& form);
  Answer revoke(const Request& request);
  std::optional<Client> authenticate(const Request& request, const FormPairs& form) const;
  Answer issue(const Grant& grant, bool first);
  std::string access_token(const Grant& grant, std::int64_t expires_in);
  std::optional<std::string> audience_for(const std::string& resource) const;
  void forget_family(const std::string& family);
  void prune();

  std::int64_t now() const { return unix_seconds(clock_->now()); }

  const IdentityDoubleOptions options_;
  const std::shared_ptr<TokenSigner> signer_;
  const std::shared_ptr<const Clock> clock_;
  std::map<std::string, Grant, std::less<>> codes_;
  std::map<std::string, Grant, std::less<>> refresh_tokens_;
  /// Digests of access tokens, for userinfo.
  std::map<std::string, Grant, std::less<>> access_tokens_;
};

}  // namespace leanmcp::inline v0::sandbox
