#include <leanmcp/client/authorizer.hpp>

namespace leanmcp::inline v0 {

void Authorizer::answered(const AuthRequest&, const ClientResponse&) {}
std::vector<std::string> Authorizer::extensions() const { return {}; }

namespace {

class BearerToken final : public Authorizer {
 public:
  explicit BearerToken(Secret token) : credentials_(std::move(token)) {}

  Task<Result<AccessCredentials>> credentials(AuthRequest) override {
    Result<AccessCredentials> copy(credentials_);
    co_return std::move(copy);
  }
  Task<Result<bool>> challenged(AuthChallenge) override { co_return Result<bool>(false); }

 private:
  const AccessCredentials credentials_;
};

}  // namespace

std::shared_ptr<Authorizer> bearer_token(Secret token) { return std::make_shared<BearerToken>(std::move(token)); }

}  // namespace leanmcp::inline v0
