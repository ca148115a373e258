#include "open_url.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

#include <array>

extern char** environ;

bool open_url(const std::string& url) {
  if (!url.starts_with("https://") && !url.starts_with("http://")) return false;
  std::string program = "xdg-open";
  std::string address = url;
  std::array<char*, 3> argv{program.data(), address.data(), nullptr};
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  // The browser's own words are not the command's.
  for (const int fd : {0, 1, 2}) posix_spawn_file_actions_addopen(&files, fd, "/dev/null", O_RDWR, 0);
  pid_t child = -1;
  const int failed = posix_spawnp(&child, argv[0], &files, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  if (failed != 0) return false;
  int status = 0;
  return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
