#include <leanmcp/elicitation/once_store.hpp>

#include <array>
#include <utility>

namespace leanmcp::inline v0 {

namespace {

const std::array once_steps = {
    Migration{1,
              "once",
              {"CREATE TABLE once (id TEXT PRIMARY KEY, holder TEXT NOT NULL, begun_at BIGINT NOT NULL, "
               "done BIGINT NOT NULL, result TEXT NOT NULL)"}},
};

Error failed(const StorageError& error) {
  return Error("The server's storage failed; try again.", std::string(to_string(error.cause)));
}

class SqlOnceStore final : public OnceStore {
 public:
  SqlOnceStore(Database database, std::chrono::milliseconds patience)
      : database_(std::move(database)), patience_(patience) {}

  Result<Claim> claim(const std::string& id, const std::string& holder, TimePoint now) override {
    const std::int64_t ms = now.time_since_epoch().count();
    // Twice: the row may be given up between the two statements.
    for (int attempt = 0; attempt < 2; ++attempt) {
      auto inserted = database_.run(
          "INSERT INTO once (id, holder, begun_at, done, result) VALUES ($1, $2, $3, 0, '') ON CONFLICT (id) DO "
          "NOTHING",
          {id, holder, ms});
      if (!inserted) return failed(inserted.error());
      Claim claim;
      claim.state = State::mine;
      if (inserted->changed() == 1) return claim;
      auto rows = database_.run("SELECT begun_at, done, result FROM once WHERE id = $1", {id});
      if (!rows) return failed(rows.error());
      if (rows->empty()) continue;
      const Row& row = (*rows)[0];
      if (row.integer(1) == 1) {
        claim.state = State::done;
        claim.result = row.text(2);
      } else {
        claim.state = row.integer(0) + patience_.count() < ms ? State::unknown : State::busy;
      }
      return claim;
    }
    Claim claim;
    claim.state = State::busy;
    return claim;
  }

  Result<void> finish(const std::string& id, const std::string& holder, const std::string& result_json) override {
    auto done = database_.run("UPDATE once SET done = 1, result = $3 WHERE id = $1 AND holder = $2 AND done = 0",
                              {id, holder, result_json});
    if (!done) return failed(done.error());
    if (done->changed() != 1) return Error("The server's storage failed; try again.", "the record of once() is gone");
    return {};
  }

  Result<void> release(const std::string& id, const std::string& holder) override {
    auto done = database_.run("DELETE FROM once WHERE id = $1 AND holder = $2 AND done = 0", {id, holder});
    if (!done) return failed(done.error());
    return {};
  }

 private:
  Database database_;
  std::chrono::milliseconds patience_;
};

}  // namespace

Result<std::shared_ptr<OnceStore>> sql_once_store(Database database, std::chrono::milliseconds patience) {
  auto migrated = migrate(database, "once", once_steps);
  if (!migrated) return failed(migrated.error());
  return std::shared_ptr<OnceStore>(std::make_shared<SqlOnceStore>(std::move(database), patience));
}

Result<std::int64_t> forget_once(const Database& database, TimePoint before) {
  auto gone = database.run("DELETE FROM once WHERE begun_at < $1", {before.time_since_epoch().count()});
  if (!gone) return failed(gone.error());
  return gone->changed();
}

}  // namespace leanmcp::inline v0
