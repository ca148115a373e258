#pragma once

#include <leanmcp/base/clock.hpp>
#include <leanmcp/base/result.hpp>
#include <leanmcp/base/secret.hpp>
#include <leanmcp/http/client.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace leanmcp::inline v0 {

/// Why the provider gave no person. The browser and the client are told in our own words; nothing of the provider's is
/// passed on.
enum class UpstreamFault {
  unreachable,   ///< no answer, 5xx, 429: try again
  denied,        ///< the person, or the provider's rules, said no
  refused,       ///< the provider does not take the code or the refresh token
  malformed,     ///< what came is no good answer: 200 with an error in it, no token, HTML
  bad_id_token,  ///< signature, algorithm, issuer, audience, nonce or times
  wrong_issuer,  ///< RFC 9207
  no_identity,   ///< no stable id of the person: never made up
  other_person,  ///< userinfo speaks of somebody else than the ID token
};
std::string_view to_string(UpstreamFault fault) noexcept;

/// Tokens of the provider, for the vault. They never reach the MCP side.
struct UpstreamTokens {
  Secret access_token;
  Secret refresh_token;
  std::string scope;
  std::optional<TimePoint> expires;
};

/// How the person is to sign in, as the client asked (OpenID Connect Core 1.0, section 3.1.2.1).
class SignInWish {
 public:
  /// Whoever is signed in there has to show again who they are: `prompt=login`, or a `max_age` of 0.
  bool again = false;
  /// The person is to be asked which account it shall be.
  bool select_account = false;
  /// How long ago the person may have signed in there.
  std::optional<std::chrono::seconds> max_age;
  /// Who it may be, as the client believes; nothing may depend on it. At most 1,024 bytes, no control characters.
  std::string login_hint;

  /// Whether it matters when the person signed in.
  bool is_strict() const noexcept { return again || max_age; }
};

/// Who signed in.
struct UpstreamPerson {
  /// The provider's stable id of the person (Entra `oid`, GitHub's number, else `sub`).
  std::string id;
  /// JSON text for userinfo: name, email, email_verified, picture.
  std::string profile = "{}";
  UpstreamTokens tokens;
  /// When the person showed there who they are; absent where nobody knows. A strict wish is refused without it.
  std::optional<TimePoint> signed_in;
};

/// The person's identity provider: an OAuth 2.0 or OpenID Connect server at which this one is a client. Thread-safe;
/// the functions block and are called on worker threads.
class Upstream {
 public:
  virtual ~Upstream() = default;
  /// Lower-case letters, digits and dashes: in the callback's path and in every subject, so it should never change.
  virtual const std::string& name() const noexcept = 0;
  /// What people call it: "GitHub".
  virtual const std::string& label() const noexcept = 0;
  /// What is asked for there, for the consent page.
  virtual std::vector<std::string> scopes() const = 0;
  /// Reads the provider's metadata. The error is a sentence that names the URL.
  virtual Result<void> init() = 0;
  /// Whether it can be made to ask for a sign-in again, or says when there was one. Where it can do neither, requests
  /// with a strict wish do not go there.
  virtual bool can_sign_in_again() const noexcept { return false; }

  /// Where the browser goes. All values but the hint are this server's own; the verifier's S256 challenge goes along.
  virtual std::string authorization_url(const std::string& redirect_uri, const std::string& state,
                                        const Secret& verifier, const std::string& nonce,
                                        const SignInWish& wish) const = 0;
  /// What came back (the callback's query), after its `state` was found and consumed by the caller.
  virtual Result<UpstreamPerson, UpstreamFault> finish(std::string_view query, const std::string& redirect_uri,
                                                       const Secret& verifier, const std::string& nonce,
                                                       const SignInWish& wish, TimePoint now) = 0;
  virtual Result<UpstreamTokens, UpstreamFault> refresh(const Secret& refresh_token, TimePoint now) = 0;
  /// Best effort, when a grant ends.
  virtual void revoke(const UpstreamTokens& tokens) = 0;
};

}  // namespace leanmcp::inline v0
