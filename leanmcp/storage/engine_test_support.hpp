#pragma once

#include <leanmcp/storage/database.hpp>
#include <leanmcp/storage/test_cluster.hpp>

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace leanmcp {

/// Tests that run on both engines; on PostgreSQL only where it is installed.
class EachEngine : public testing::TestWithParam<DatabaseEngine> {
 protected:
  void SetUp() override {
    if (GetParam() == DatabaseEngine::postgresql) {
      detail::TestCluster* const cluster = detail::TestCluster::instance();
      if (!cluster) GTEST_SKIP() << "PostgreSQL is not installed";
      url_ = cluster->fresh_database();
    } else {
      char name[] = "/tmp/leanmcp-test-XXXXXX";
      directory_ = mkdtemp(name);
      url_ = "sqlite:" + (directory_ / "test.db").string();
    }
  }
  void TearDown() override {
    if (!directory_.empty()) std::filesystem::remove_all(directory_);
  }
  /// Each is as another instance has it: with connections of its own, to the one database of the test.
  Database instance() const { return *Database::open(url_); }

  std::string url_;

 private:
  std::filesystem::path directory_;
};

inline const auto both_engines = testing::Values(DatabaseEngine::sqlite, DatabaseEngine::postgresql);
inline std::string engine_name(const testing::TestParamInfo<DatabaseEngine>& info) {
  return info.param == DatabaseEngine::sqlite ? "sqlite" : "postgresql";
}

}  // namespace leanmcp
