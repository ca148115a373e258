#pragma once

#include <leanmcp/auth/authenticated.hpp>
#include <leanmcp/transport/in_memory.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace leanmcp::test {

/// Verifies nothing: the in-memory client says who calls.
class NoProvider : public AuthProvider {
 public:
  Result<void> init() override { return {}; }
  std::optional<Result<Principal, AuthFault>> verify_now(std::string_view, TimePoint) override {
    return Result<Principal, AuthFault>(AuthFault(AuthCode::invalid_token, "nobody's"));
  }
  Task<Result<Principal, AuthFault>> verify(std::string, TimePoint) override {
    Result<Principal, AuthFault> out = AuthFault(AuthCode::invalid_token, "nobody's");
    co_return std::move(out);
  }
  Task<Result<std::shared_ptr<const AuthUser>, AuthFault>> user(Principal, std::string) override {
    Result<std::shared_ptr<const AuthUser>, AuthFault> out = AuthFault(AuthCode::invalid_token, "nobody's");
    co_return std::move(out);
  }
  std::vector<std::string> authorization_servers() const override { return {"https://idp.example"}; }
};

inline AuthUser person(Principal::Fields fields) {
  fields.provider = "test";
  fields.id = fields.subject = "ada";
  AuthUser user = test_user("ada", "ada@example.com", "Ada Lovelace");
  user.principal = Principal(std::move(fields));
  return user;
}
inline AuthUser with_scopes(std::vector<std::string> scopes) {
  Principal::Fields fields;
  fields.scopes = std::move(scopes);
  return person(std::move(fields));
}

inline std::string fine() { return "fine"; }

inline std::string header(const MemoryClient::Reply& reply, std::string_view name) {
  for (const auto& [key, value] : reply.headers)
    if (key == name) return value;
  return {};
}

/// A server with one provider, for both eras.
class AuthorizationTest : public testing::TestWithParam<Version> {
 protected:
  void SetUp() override { provider->protects("https://mcp.example/mcp", {"read"}); }
  MemoryClient connect() { return connect_in_memory(server, GetParam()); }
  std::shared_ptr<NoProvider> provider = std::make_shared<NoProvider>();
  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>(TimePoint(std::chrono::seconds(1'800'000'000)));
  Server server{"test", "1", ServerOptions().clock(clock)};
};

}  // namespace leanmcp::test
