#pragma once

#include <leanmcp/auth/provider.hpp>

#include <memory>
#include <utility>
#include <vector>

namespace leanmcp::inline v0 {

/// Several providers at once: each token goes to the one whose issuer it names, and to that one only. Their names must
/// differ, since a person is the provider's name and the id there.
std::shared_ptr<AuthProvider> any_of(std::vector<std::shared_ptr<AuthProvider>> providers);

template <class... More>
std::shared_ptr<AuthProvider> any_of(std::shared_ptr<AuthProvider> first, std::shared_ptr<AuthProvider> second,
                                     More... more) {
  std::vector<std::shared_ptr<AuthProvider>> all;
  all.push_back(std::move(first));
  all.push_back(std::move(second));
  (all.push_back(std::move(more)), ...);
  return any_of(std::move(all));
}

}  // namespace leanmcp::inline v0
