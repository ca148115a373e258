#include <leanmcp/sandbox/token_signer.hpp>

#include <leanmcp/crypto/signing_key.hpp>

namespace leanmcp::inline v0::sandbox {
namespace {

class KeySigner final : public TokenSigner {
 public:
  std::string jwks() const override { return R"({"keys":[)" + key_.public_jwk() + "]}"; }
  std::string sign(std::string_view claims, std::string_view type) const override { return key_.sign(claims, type); }

 private:
  const SigningKey key_ = SigningKey::generate(SigningKey::Algorithm::rs256);
};

}  // namespace

std::shared_ptr<TokenSigner> make_token_signer() { return std::make_shared<KeySigner>(); }

}  // namespace leanmcp::inline v0::sandbox
