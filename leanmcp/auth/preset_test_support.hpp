#pragma once

#include <leanmcp/auth/provider_test_support.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace leanmcp::test {

/// A world in which providers are made and asked.
struct PresetTest : testing::Test {
  World world;
  template <class Options>
  Options with_clock(Options options) {
    options.clock(world.clock);
    return options;
  }
  std::shared_ptr<AuthProvider> ready(std::shared_ptr<AuthProvider> provider) {
    const auto done = provider->init();
    EXPECT_TRUE(done) << (done ? "" : done.error().message());
    return provider;
  }
  /// What `init` says is wrong.
  std::string fault(const std::shared_ptr<AuthProvider>& provider) {
    const auto done = provider->init();
    return done ? "nothing" : done.error().message();
  }
};

}  // namespace leanmcp::test
