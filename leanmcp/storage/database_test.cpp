#include <leanmcp/storage/database.hpp>

#include <leanmcp/storage/connection.hpp>
#include <leanmcp/storage/engine_test_support.hpp>

#include <sys/stat.h>

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <limits>
#include <thread>

namespace leanmcp {
namespace {

using namespace std::chrono_literals;

class DatabaseTest : public EachEngine {
 protected:
  Database open(DatabaseOptions options = {}) {
    auto database = Database::open(url_, options);
    EXPECT_TRUE(database) << (database ? "" : database.error().detail);
    return std::move(*database);
  }
};

template <class T>
StorageCause cause_of(const Result<T, StorageError>& result) {
  EXPECT_FALSE(result);
  return result ? StorageCause::damaged : result.error().cause;
}

TEST_P(DatabaseTest, KeepsEveryKindOfValue) {
  Database db = open();
  ASSERT_TRUE(db.run("CREATE TABLE v (i BIGINT, d DOUBLE PRECISION, t TEXT, b BYTEA, n TEXT)"));
  const std::string bytes("\0\xff'\\x", 5);
  const std::string text = "naïve 'quoted' $1 \\ \n 😀";
  for (const std::int64_t number : {std::numeric_limits<std::int64_t>::min(), std::int64_t{0}, std::int64_t{-1},
                                    std::numeric_limits<std::int64_t>::max()}) {
    ASSERT_TRUE(db.run("DELETE FROM v"));
    auto inserted = db.run("INSERT INTO v VALUES ($1, $2, $3, $4, $5)", {number, 0.1, text, Blob{bytes}, nullptr});
    ASSERT_TRUE(inserted) << inserted.error().detail;
    EXPECT_EQ(inserted->changed(), 1);
    auto rows = db.run("SELECT i, d, t, b, n FROM v");
    ASSERT_TRUE(rows);
    ASSERT_EQ(rows->size(), 1u);
    const Row& row = (*rows)[0];
    EXPECT_EQ(row.integer(0), number);
    EXPECT_EQ(row.real(1), 0.1);
    EXPECT_EQ(row.text(2), text);
    EXPECT_EQ(row.blob(3), bytes);
    EXPECT_TRUE(row.is_null(4));
    EXPECT_EQ(row.text_or(4, "none"), "none");
    EXPECT_EQ(rows->changed(), 0);
    EXPECT_THROW(row.text(0), std::logic_error);
    EXPECT_THROW(row.integer(4), std::logic_error);
    EXPECT_THROW(row.at(5), std::logic_error);
  }
  auto empty = db.run("UPDATE v SET t = $1, b = $2 RETURNING t, b", {"", Blob{}});
  ASSERT_TRUE(empty) << empty.error().detail;
  EXPECT_EQ((*empty)[0].text(0), "");
  EXPECT_EQ((*empty)[0].blob(1), "");
  auto counted = db.run("SELECT COUNT(*), SUM(d) FROM v WHERE t = $1 AND $1 = $2", {"", ""});
  ASSERT_TRUE(counted) << counted.error().detail;
  EXPECT_EQ((*counted)[0].integer(0), 1);
}

TEST_P(DatabaseTest, BindsAndNeverPastes) {
  Database db = open();
  ASSERT_TRUE(db.run("CREATE TABLE t (a TEXT)"));
  ASSERT_TRUE(db.run("INSERT INTO t VALUES ($1)", {"x'); DROP TABLE t; --"}));
  EXPECT_EQ((*db.run("SELECT a FROM t"))[0].text(0), "x'); DROP TABLE t; --");
  EXPECT_EQ(cause_of(db.run("INSERT INTO t VALUES ($1); DELETE FROM t", {"x"})), StorageCause::bad_statement);
  EXPECT_EQ(cause_of(db.run("INSERT INTO t VALUES ($1)")), StorageCause::bad_statement);
  EXPECT_EQ(cause_of(db.run("INSERT INTO t VALUES ($1)", {"x", "y"})), StorageCause::bad_statement);
  EXPECT_EQ(cause_of(db.run("INSERT INTO nowhere VALUES ($1)", {"x"})), StorageCause::bad_statement);
  EXPECT_EQ(cause_of(db.run("not SQL")), StorageCause::bad_statement);
  EXPECT_EQ(cause_of(db.run("INSERT INTO t VALUES ($1)", {std::string("a\0b", 3)})), StorageCause::bad_value);
  EXPECT_EQ(cause_of(db.run("INSERT INTO t VALUES ($1)", {"\xc3("})), StorageCause::bad_value);
  EXPECT_EQ((*db.run("SELECT COUNT(*) FROM t"))[0].integer(0), 1);
}

TEST_P(DatabaseTest, TellsViolationsApart) {
  Database db = open();
  ASSERT_TRUE(db.run("CREATE TABLE t (id TEXT PRIMARY KEY, u BIGINT NOT NULL, CHECK (u >= 0))"));
  ASSERT_TRUE(db.run("CREATE UNIQUE INDEX t_u ON t (u) WHERE u < 100"));
  ASSERT_TRUE(db.run("CREATE TABLE f (id TEXT NOT NULL REFERENCES t (id))"));
  ASSERT_TRUE(db.run("INSERT INTO t VALUES ($1, $2)", {"a", 1}));
  EXPECT_EQ(cause_of(db.run("INSERT INTO t VALUES ($1, $2)", {"a", 2})), StorageCause::unique_violation);
  EXPECT_EQ(cause_of(db.run("INSERT INTO t VALUES ($1, $2)", {"b", 1})), StorageCause::unique_violation);
  EXPECT_EQ(cause_of(db.run("INSERT INTO t VALUES ($1, $2)", {"b", -1})), StorageCause::constraint);
  EXPECT_EQ(cause_of(db.run("INSERT INTO t VALUES ($1, $2)", {"b", nullptr})), StorageCause::constraint);
  EXPECT_EQ(cause_of(db.run("INSERT INTO f VALUES ($1)", {"nobody"})), StorageCause::constraint);
  auto ignored = db.run("INSERT INTO t VALUES ($1, $2) ON CONFLICT DO NOTHING", {"a", 5});
  ASSERT_TRUE(ignored);
  EXPECT_EQ(ignored->changed(), 0);
}

TEST_P(DatabaseTest, CommitsAndRollsBack) {
  Database db = open();
  ASSERT_TRUE(db.run("CREATE TABLE t (a BIGINT)"));
  {
    auto transaction = db.begin();
    ASSERT_TRUE(transaction);
    ASSERT_TRUE(transaction->run("INSERT INTO t VALUES (1)"));
    EXPECT_EQ((*db.run("SELECT COUNT(*) FROM t"))[0].integer(0), 0);
  }
  EXPECT_EQ((*db.run("SELECT COUNT(*) FROM t"))[0].integer(0), 0);
  auto transaction = db.begin();
  ASSERT_TRUE(transaction);
  ASSERT_TRUE(transaction->run("INSERT INTO t VALUES (1)"));
  ASSERT_TRUE(transaction->commit());
  EXPECT_EQ(cause_of(transaction->run("INSERT INTO t VALUES (2)")), StorageCause::bad_statement);
  EXPECT_EQ(cause_of(transaction->commit()), StorageCause::bad_statement);
  EXPECT_EQ((*db.run("SELECT COUNT(*) FROM t"))[0].integer(0), 1);

  auto failed = db.transact([](Transaction& t) -> Result<int, StorageError> {
    auto inserted = t.run("INSERT INTO t VALUES (3)");
    if (!inserted) return inserted.error();
    return StorageError{StorageCause::bad_value, "changed my mind"};
  });
  EXPECT_EQ(cause_of(failed), StorageCause::bad_value);
  auto answered = db.transact([](Transaction& t) -> Result<int, StorageError> {
    auto rows = t.run("SELECT COUNT(*) FROM t");
    if (!rows) return rows.error();
    return static_cast<int>((*rows)[0].integer(0)) + 41;
  });
  ASSERT_TRUE(answered);
  EXPECT_EQ(*answered, 42);
}

TEST_P(DatabaseTest, LosesNoUpdateUnderContention) {
  Database db = open();
  ASSERT_TRUE(db.run("CREATE TABLE c (id BIGINT PRIMARY KEY, n BIGINT NOT NULL)"));
  ASSERT_TRUE(db.run("INSERT INTO c VALUES (1, 0)"));
  std::atomic<int> committed = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i) {
        auto done = db.transact([](Transaction& transaction) -> Result<void, StorageError> {
          auto rows = transaction.run("SELECT n FROM c WHERE id = 1");
          if (!rows) return rows.error();
          auto updated = transaction.run("UPDATE c SET n = $1 WHERE id = 1", {(*rows)[0].integer(0) + 1});
          if (!updated) return updated.error();
          return {};
        });
        if (done) ++committed;
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ((*db.run("SELECT n FROM c"))[0].integer(0), committed);
  EXPECT_GE(committed, 100);  // the rest gave up after their attempts, and said so
}

TEST_P(DatabaseTest, RefusesWhenAllConnectionsAreTaken) {
  DatabaseOptions options;
  options.connections = 1;
  options.busy_timeout = 50ms;
  Database db = open(options);
  auto transaction = db.begin();
  ASSERT_TRUE(transaction);
  EXPECT_EQ(cause_of(db.run("SELECT 1")), StorageCause::busy);
  EXPECT_EQ(cause_of(db.begin()), StorageCause::busy);
  transaction->rollback();
  EXPECT_TRUE(db.run("SELECT 1"));
}

TEST_P(DatabaseTest, BoundsResults) {
  DatabaseOptions options;
  options.max_rows = 3;
  Database db = open(options);
  ASSERT_TRUE(db.run("CREATE TABLE t (a BIGINT)"));
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(db.run("INSERT INTO t VALUES ($1)", {i}));
  EXPECT_EQ(cause_of(db.run("SELECT a FROM t")), StorageCause::too_many_rows);
  EXPECT_TRUE(db.run("SELECT a FROM t LIMIT 3"));
}

TEST_P(DatabaseTest, MigratesOnceAndInOrder) {
  Database db = open();
  const Migration steps[] = {
      {1, "first", {"CREATE TABLE m (a BIGINT)", "INSERT INTO m VALUES (1)"}},
      {2, "second", {"ALTER TABLE m ADD COLUMN b TEXT"}},
  };
  const auto first = migrate(db, "part", std::span(steps, 1));
  ASSERT_TRUE(first) << first.error().detail;
  std::vector<std::thread> threads;
  std::atomic<int> good = 0;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      const auto done = migrate(db, "part", steps);
      if (done)
        ++good;
      else
        ADD_FAILURE() << done.error().detail;
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(good, 4);
  EXPECT_EQ((*db.run("SELECT COUNT(*), MAX(b) FROM m"))[0].integer(0), 1);
  EXPECT_EQ(cause_of(migrate(db, "part", std::span(steps, 1))), StorageCause::schema_mismatch);
  const Migration renamed[] = {{1, "other", {}}, {2, "second", {}}};
  EXPECT_EQ(cause_of(migrate(db, "part", renamed)), StorageCause::schema_mismatch);
  const Migration gap[] = {{2, "second", {}}};
  EXPECT_EQ(cause_of(migrate(db, "other", gap)), StorageCause::schema_mismatch);
  const Migration broken[] = {{1, "works", {"CREATE TABLE w (a BIGINT)"}}, {2, "breaks", {"CREATE NONSENSE"}}};
  EXPECT_EQ(cause_of(migrate(db, "broken", broken)), StorageCause::bad_statement);
  EXPECT_EQ(cause_of(db.run("SELECT a FROM w")), StorageCause::bad_statement);
}

TEST_P(DatabaseTest, ManyWritersEachHaveTheirOwnOutcome) {
  Database db = open();
  ASSERT_TRUE(db.run("CREATE TABLE t (id BIGINT PRIMARY KEY, part BIGINT NOT NULL)"));
  ASSERT_TRUE(db.run("INSERT INTO t VALUES ($1, $2)", {-1, 0}));
  constexpr int threads_count = 16, rounds = 20;
  std::atomic<int> refused = 0, thrown = 0, violated = 0;
  std::vector<std::thread> threads;
  for (int part = 0; part < threads_count; ++part) {
    threads.emplace_back([&, part] {
      for (int round = 0; round < rounds; ++round) {
        const int id = part * rounds + round;
        try {
          auto done = db.transact([&](Transaction& transaction) -> Result<int, StorageError> {
            auto inserted = transaction.run("INSERT INTO t VALUES ($1, $2)", {id, part});
            if (!inserted) return inserted.error();
            if (round % 5 == 1) return StorageError{StorageCause::bad_value, "changed my mind"};
            if (round % 5 == 2) throw std::runtime_error(std::to_string(id));
            if (round % 5 == 3) {
              auto again = transaction.run("INSERT INTO t VALUES ($1, $2)", {-1, part});
              if (!again) return again.error();
            }
            return id;
          });
          if (done) {
            EXPECT_EQ(*done, id);
          } else if (done.error().detail == "changed my mind") {
            ++refused;
          } else {
            EXPECT_EQ(done.error().cause, StorageCause::unique_violation);
            ++violated;
          }
        } catch (const std::runtime_error& error) {
          EXPECT_EQ(error.what(), std::to_string(id));
          ++thrown;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(refused, threads_count * rounds / 5);
  EXPECT_EQ(thrown, threads_count * rounds / 5);
  EXPECT_EQ(violated, threads_count * rounds / 5);
  // What failed left nothing, what did not is there.
  auto rows = db.run("SELECT id FROM t WHERE id >= 0 ORDER BY id");
  ASSERT_TRUE(rows);
  EXPECT_EQ(rows->size(), static_cast<std::size_t>(threads_count * rounds * 2 / 5));
  for (const Row& row : *rows) EXPECT_TRUE(row.integer(0) % 5 == 0 || row.integer(0) % 5 == 4);
}

TEST_P(DatabaseTest, AWriterThatBreaksTheTransactionHarmsNobodyElse) {
  Database db = open();
  ASSERT_TRUE(db.run("CREATE TABLE t (id BIGINT PRIMARY KEY)"));
  // All wait for this one, so that they are committed together.
  auto holder = db.begin();
  ASSERT_TRUE(holder);
  std::vector<std::thread> threads;
  std::atomic<int> good = 0, bad = 0;
  for (int id = 0; id < 12; ++id) {
    threads.emplace_back([&, id] {
      auto done = db.transact([&](Transaction& transaction) -> Result<void, StorageError> {
        auto inserted = transaction.run("INSERT INTO t VALUES ($1)", {id});
        if (!inserted) return inserted.error();
        if (id == 5 && GetParam() == DatabaseEngine::sqlite) (void)transaction.run("ROLLBACK").has_value();
        if (id == 5) return StorageError{StorageCause::disk_full, {}};
        return {};
      });
      ++(done ? good : bad);
    });
  }
  std::this_thread::sleep_for(50ms);
  holder->rollback();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, 11);
  EXPECT_EQ(bad, 1);
  EXPECT_EQ((*db.run("SELECT COUNT(*) FROM t"))[0].integer(0), 11);
}

TEST_P(DatabaseTest, WhoWaitsTooLongForTheWriterIsToldSo) {
  if (GetParam() != DatabaseEngine::sqlite) GTEST_SKIP() << "PostgreSQL has many writers";
  DatabaseOptions options;
  options.busy_timeout = 100ms;
  Database db = open(options);
  ASSERT_TRUE(db.run("CREATE TABLE t (id BIGINT PRIMARY KEY)"));
  auto holder = db.begin();
  ASSERT_TRUE(holder);
  std::vector<std::thread> threads;
  for (int id = 0; id < 4; ++id)
    threads.emplace_back(
        [&, id] { EXPECT_EQ(cause_of(db.run("INSERT INTO t VALUES ($1)", {id})), StorageCause::busy); });
  for (std::thread& thread : threads) thread.join();
  ASSERT_TRUE(holder->commit());
  EXPECT_TRUE(db.run("INSERT INTO t VALUES ($1)", {1}));
}

INSTANTIATE_TEST_SUITE_P(Engines, DatabaseTest, testing::Values(DatabaseEngine::sqlite, DatabaseEngine::postgresql),
                         [](const auto& engine) {
                           return std::string(engine.param == DatabaseEngine::sqlite ? "sqlite" : "postgresql");
                         });

TEST(Database, RefusesUrls) {
  for (const std::string url : {"", "sqlite:", "mysql://x", "/tmp/x.db", "postgresql://h:notaport/db",
                                "postgresql:///x?host=/nonexistent", "sqlite:/nonexistent/dir/x.db"}) {
    const auto database = Database::open(url);
    ASSERT_FALSE(database) << url;
    EXPECT_EQ(database.error().cause, StorageCause::cannot_open) << url;
  }
  const auto malformed = Database::open("postgresql://user:hunter2@host/db?nonsense=1");
  ASSERT_FALSE(malformed);
  EXPECT_EQ(malformed.error().detail.find("hunter2"), std::string::npos);
}

TEST(Database, SqliteFilesAreDurableAndPrivate) {
  char name[] = "/tmp/leanmcp-db-XXXXXX";
  const std::filesystem::path directory = mkdtemp(name);
  const std::string file = (directory / "a.db").string();
  {
    auto db = Database::open("sqlite:" + file);
    ASSERT_TRUE(db);
    EXPECT_EQ((*db->run("PRAGMA journal_mode"))[0].text(0), "wal");
    EXPECT_EQ((*db->run("PRAGMA synchronous"))[0].integer(0), 2);
    EXPECT_EQ((*db->run("PRAGMA foreign_keys"))[0].integer(0), 1);
    ASSERT_TRUE(db->run("CREATE TABLE t (a BIGINT)"));
    ASSERT_TRUE(db->run("INSERT INTO t VALUES (7)"));
    for (const std::string suffix : {"", "-wal", "-shm"}) {
      struct stat status {};
      ASSERT_EQ(stat((file + suffix).c_str(), &status), 0) << suffix;
      EXPECT_EQ(status.st_mode & 0777, 0600U) << suffix;
    }
  }
  auto db = Database::open("sqlite:" + file);
  ASSERT_TRUE(db);
  EXPECT_EQ((*db->run("SELECT a FROM t"))[0].integer(0), 7);
  std::filesystem::remove_all(directory);
}

TEST(Database, InMemoryIsOneDatabase) {
  auto db = Database::open("sqlite::memory:");
  ASSERT_TRUE(db);
  ASSERT_TRUE(db->run("CREATE TABLE t (a BIGINT)"));
  const Database copy = *db;
  EXPECT_TRUE(copy.run("SELECT a FROM t"));
}

TEST(Database, SurvivesARestartOfPostgresql) {
  detail::TestCluster* const cluster = detail::TestCluster::instance();
  if (!cluster) GTEST_SKIP() << "PostgreSQL is not installed";
  auto db = Database::open(cluster->fresh_database());
  ASSERT_TRUE(db);
  ASSERT_TRUE(db->run("CREATE TABLE t (a BIGINT)"));
  auto open = db->begin();
  ASSERT_TRUE(open);
  ASSERT_TRUE(open->run("INSERT INTO t VALUES (1)"));
  cluster->crash();
  EXPECT_TRUE(db->run("INSERT INTO t VALUES (2)"));
  auto lost = open->run("INSERT INTO t VALUES (3)");
  EXPECT_EQ(cause_of(lost), StorageCause::connection_lost) << lost.error().detail;
  open->rollback();
  EXPECT_EQ((*db->run("SELECT SUM(a) FROM t"))[0].integer(0), 2);
}

TEST(StorableText, IsUtf8WithoutNul) {
  using detail::is_storable_text;
  EXPECT_TRUE(is_storable_text(""));
  EXPECT_TRUE(is_storable_text("a\xc2\x80\xe0\xa0\x80\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"));
  for (const std::string& bad :
       {std::string(1, '\0'), std::string("\x80"), std::string("\xc0\xaf"), std::string("\xe0\x9f\xbf"),
        std::string("\xed\xa0\x80"), std::string("\xf0\x8f\xbf\xbf"), std::string("\xf4\x90\x80\x80"),
        std::string("\xf5\x80\x80\x80"), std::string("\xc3"), std::string("\xe2\x82"), std::string("\xff")})
    EXPECT_FALSE(is_storable_text(bad));
}

}  // namespace
}  // namespace leanmcp
