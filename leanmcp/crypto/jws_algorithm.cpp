#include <leanmcp/crypto/jws_algorithm.hpp>

namespace leanmcp::inline v0 {
namespace {

struct Name {
  JwsAlgorithm algorithm;
  std::string_view name;
};
constexpr Name names[] = {
    {JwsAlgorithm::rs256, "RS256"}, {JwsAlgorithm::rs384, "RS384"},     {JwsAlgorithm::rs512, "RS512"},
    {JwsAlgorithm::ps256, "PS256"}, {JwsAlgorithm::ps384, "PS384"},     {JwsAlgorithm::ps512, "PS512"},
    {JwsAlgorithm::es256, "ES256"}, {JwsAlgorithm::es384, "ES384"},     {JwsAlgorithm::es512, "ES512"},
    {JwsAlgorithm::eddsa, "EdDSA"}, {JwsAlgorithm::ed25519, "Ed25519"}, {JwsAlgorithm::ed448, "Ed448"},
    {JwsAlgorithm::hs256, "HS256"}, {JwsAlgorithm::hs384, "HS384"},     {JwsAlgorithm::hs512, "HS512"},
};

}  // namespace

std::string_view to_string(JwsAlgorithm algorithm) noexcept {
  for (const Name& entry : names)
    if (entry.algorithm == algorithm) return entry.name;
  return {};
}

std::optional<JwsAlgorithm> jws_algorithm(std::string_view name) noexcept {
  for (const Name& entry : names)
    if (entry.name == name) return entry.algorithm;
  return std::nullopt;
}

bool is_symmetric(JwsAlgorithm algorithm) noexcept { return algorithm >= JwsAlgorithm::hs256; }

bool fits(KeyType type, JwsAlgorithm algorithm) noexcept {
  switch (type) {
    case KeyType::rsa:
      return algorithm <= JwsAlgorithm::ps512;
    case KeyType::p256:
      return algorithm == JwsAlgorithm::es256;
    case KeyType::p384:
      return algorithm == JwsAlgorithm::es384;
    case KeyType::p521:
      return algorithm == JwsAlgorithm::es512;
    case KeyType::ed25519:
      return algorithm == JwsAlgorithm::eddsa || algorithm == JwsAlgorithm::ed25519;
    case KeyType::ed448:
      return algorithm == JwsAlgorithm::eddsa || algorithm == JwsAlgorithm::ed448;
    case KeyType::symmetric:
      return is_symmetric(algorithm);
  }
  return false;
}

}  // namespace leanmcp::inline v0
