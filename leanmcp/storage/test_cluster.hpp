#pragma once

#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace leanmcp::detail {

/// For tests: a PostgreSQL server of one's own in a temporary directory, reached over a Unix socket, gone afterwards.
/// Not there when PostgreSQL is not installed (`initdb` and `postgres`, as Debian's `postgresql-15` has them).
class TestCluster {
 public:
  /// The one server of this program, or nullptr when there is none to be had.
  static TestCluster* instance() {
    static const std::unique_ptr<TestCluster> cluster = start();
    return cluster.get();
  }

  ~TestCluster() {
    stop();
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }

  /// URL of a new, empty database.
  std::string fresh_database() {
    const std::string name = "t" + std::to_string(++databases_);
    PGconn* const connection = PQconnectdb(url("postgres").c_str());
    PQclear(PQexec(connection, ("CREATE DATABASE " + name).c_str()));
    PQfinish(connection);
    return url(name);
  }

  /// Ends the server at once, as a crash would, and starts it again.
  void crash() {
    stop();
    launch();
  }

 private:
  TestCluster(std::filesystem::path programs, std::filesystem::path directory, std::optional<passwd> user)
      : programs_(std::move(programs)), directory_(std::move(directory)), user_(user) {}

  static std::unique_ptr<TestCluster> start() {
    const auto programs = find_programs();
    if (!programs) return nullptr;
    // PostgreSQL refuses to run as root.
    std::optional<passwd> user;
    if (geteuid() == 0) {
      const passwd* const postgres = getpwnam("postgres");
      if (!postgres) return nullptr;
      user = *postgres;
    }
    char name[] = "/tmp/leanmcp-pg-XXXXXX";
    if (!mkdtemp(name)) return nullptr;
    if (user && chown(name, user->pw_uid, user->pw_gid) != 0) return nullptr;
    std::unique_ptr<TestCluster> cluster(new TestCluster(*programs, name, user));
    const pid_t init = cluster->spawn("initdb", {"-D", cluster->data(), "-A", "trust", "-U", "leanmcp", "--no-sync",
                                                 "-E", "UTF8", "--locale=C.UTF-8"});
    int status = 0;
    if (init < 0 || waitpid(init, &status, 0) < 0 || status != 0) return nullptr;
    return cluster->launch() ? std::move(cluster) : nullptr;
  }

  static std::optional<std::filesystem::path> find_programs() {
    std::vector<std::filesystem::path> places;
    std::error_code ignored;
    for (const auto& version : std::filesystem::directory_iterator("/usr/lib/postgresql", ignored))
      places.push_back(version.path() / "bin");
    places.emplace_back("/usr/local/bin");
    places.emplace_back("/usr/bin");
    for (const auto& place : places)
      if (std::filesystem::exists(place / "initdb") && std::filesystem::exists(place / "postgres")) return place;
    return std::nullopt;
  }

  std::string data() const { return (directory_ / "data").string(); }
  std::string url(const std::string& database) const {
    return "postgresql:///" + database + "?host=" + directory_.string() + "&user=leanmcp";
  }

  bool launch() {
    // Without fsync: processes die in tests, not the machine.
    server_ = spawn("postgres", {"-D", data(), "-c", "listen_addresses=", "-c", "fsync=off", "-c",
                                 "unix_socket_directories=" + directory_.string(), "-c", "max_connections=50"});
    for (int i = 0; i < 300; ++i) {
      if (PQping(url("postgres").c_str()) == PQPING_OK) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    return false;
  }

  void stop() {
    if (server_ <= 0) return;
    kill(server_, SIGQUIT);  // immediate shutdown
    int status = 0;
    waitpid(server_, &status, 0);
    server_ = -1;
  }

  pid_t spawn(const std::string& program, std::vector<std::string> arguments) const {
    const std::string path = (programs_ / program).string();
    const std::string log = (directory_ / (program + ".log")).string();
    arguments.insert(arguments.begin(), path);
    std::vector<char*> raw;
    for (auto& argument : arguments) raw.push_back(argument.data());
    raw.push_back(nullptr);
    fflush(nullptr);  // or the child writes the parent's unwritten output once more
    const pid_t child = fork();
    if (child != 0) return child;
    if (user_ && (setgid(user_->pw_gid) != 0 || setuid(user_->pw_uid) != 0)) _exit(126);
    prctl(PR_SET_PDEATHSIG, SIGQUIT);
    if (chdir(directory_.c_str()) != 0 || !freopen(log.c_str(), "a", stdout) || dup2(1, 2) < 0) _exit(126);
    execv(path.c_str(), raw.data());
    _exit(127);
  }

  std::filesystem::path programs_;
  std::filesystem::path directory_;
  std::optional<passwd> user_;
  pid_t server_ = -1;
  int databases_ = 0;
};

}  // namespace leanmcp::detail
