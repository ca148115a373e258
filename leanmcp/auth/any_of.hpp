#pragma once

#include <leanmcp/auth/provider.hpp>

#include <concepts>
#include <memory>
#include <utility>
#include <vector>

namespace leanmcp::inline v0 {

/// Several providers at once: each token goes to the one whose issuer it names or whose form it has, and to that one
/// only, whatever their order. One of them may take tokens without any form (`introspection`): it gets what no other
/// recognises. Their names must differ, since a person is the provider's name and the id there. `protects`, `implies`
/// and `accept_dpop` are called on what this returns; `init` refuses providers that were given their own.
std::shared_ptr<AuthProvider> any_of(std::vector<std::shared_ptr<AuthProvider>> providers);

template <class... Providers>
requires(sizeof...(Providers) >= 2 && (std::derived_from<Providers, AuthProvider> &&
                                       ...)) std::shared_ptr<AuthProvider> any_of(std::shared_ptr<Providers>... all) {
  return any_of(std::vector<std::shared_ptr<AuthProvider>>{std::move(all)...});
}
/// For three: the look-up by arguments finds `std::any_of` too, which would be taken before the template above.
template <class Two, class Third>
requires(std::derived_from<Two, AuthProvider>&& std::derived_from<Third, AuthProvider>)
    std::shared_ptr<AuthProvider> any_of(std::shared_ptr<Two> first, std::shared_ptr<Two> second,
                                         std::shared_ptr<Third> third) {
  return any_of(std::vector<std::shared_ptr<AuthProvider>>{std::move(first), std::move(second), std::move(third)});
}

}  // namespace leanmcp::inline v0
