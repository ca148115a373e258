#include <leanmcp/oauth/client/browser_launch.hpp>

#include <leanmcp/base/manual_executor.hpp>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

namespace leanmcp {
namespace {

namespace fs = std::filesystem;

std::string file_text(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

/// An opener that is a real program: it writes down what it was given.
class BrowserLaunch : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "browser-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder = pattern;
  }
  void TearDown() override { fs::remove_all(folder); }

  std::string opener(const std::string& end) {
    const fs::path path = folder / "opener";
    std::ofstream(path) << "#!/bin/sh\n"
                        << "printf '%s\\n' \"$#\" \"$@\" > '" << folder.string() << "/arguments'\n"
                        << "env > '" << folder.string() << "/environment'\n"
                        << "readlink /proc/self/fd/0 > '" << folder.string() << "/input'\n"
                        << end << '\n';
    fs::permissions(path, fs::perms::owner_all);
    return path.string();
  }
  BrowserOptions options(const std::string& program) { return BrowserOptions().opener(program); }

  fs::path folder;
};

TEST_F(BrowserLaunch, TheUrlIsOneArgumentWhateverAShellWouldMakeOfIt) {
  const std::string url = "https://as.example/authorize?a=$(touch%20/x);b=*&c=!d&&~(f)&g=$HOME;id&h=$$#&";
  ASSERT_TRUE(check_browser_url(url)) << url;
  const auto opened = launch_browser(url, options(opener("exit 0")));
  ASSERT_TRUE(opened) << to_string(opened.error());
  EXPECT_EQ(file_text(folder / "arguments"), "1\n" + url + "\n");
  EXPECT_EQ(file_text(folder / "input"), "/dev/null\n");
}

TEST_F(BrowserLaunch, TheVariableBrowserIsNotHandedOn) {
  ::setenv("BROWSER", "/bin/false %s", 1);
  ::setenv("BROWSER_TEST_OTHER", "kept", 1);
  const auto opened = launch_browser("https://as.example/", options(opener("exit 0")));
  ::unsetenv("BROWSER");
  ::unsetenv("BROWSER_TEST_OTHER");
  ASSERT_TRUE(opened);
  const std::string environment = "\n" + file_text(folder / "environment");
  EXPECT_EQ(environment.find("\nBROWSER="), std::string::npos);
  EXPECT_NE(environment.find("\nBROWSER_TEST_OTHER=kept\n"), std::string::npos);

  ASSERT_TRUE(launch_browser("https://as.example/", options(opener("exit 0")).environment({"ONLY=this"})));
  EXPECT_NE(("\n" + file_text(folder / "environment")).find("\nONLY=this\n"), std::string::npos);
  EXPECT_EQ(file_text(folder / "environment").find("HOME="), std::string::npos);
}

TEST_F(BrowserLaunch, OnlyWebAddressesWithoutOddBytesAreOpened) {
  struct Case {
    std::string url;
    BrowserFault fault;
  };
  using enum BrowserFault;
  const Case cases[] = {
      {"javascript:alert(1)", no_web_address},
      {"data:text/html,x", no_web_address},
      {"file:///etc/passwd", no_web_address},
      {"mailto:a@b.example", no_web_address},
      {"//as.example/", no_web_address},
      {"as.example", no_web_address},
      {"https:", no_web_address},
      {"https:///path", no_web_address},
      {"https://10.0.0.1.evil.example/", no_web_address},
      {"http:/as.example", no_web_address},
      {"", no_web_address},
      {"--help", no_web_address},
      {"https://as.example/%zz", no_web_address},
      {"https://x/\"$(id)", unsafe_bytes},
      {"https://x/'$(id)'", unsafe_bytes},
      {"https://x/`id`", unsafe_bytes},
      {"https://x/\\a", unsafe_bytes},
      {"https://x/a|b", unsafe_bytes},
      {"https://x/a<b>", unsafe_bytes},
      {"https://x/a b", unsafe_bytes},
      {"https://x/a\nb", unsafe_bytes},
      {"https://x/a\x1b[2J", unsafe_bytes},
      {"https://x/a\x7f", unsafe_bytes},
      {"https://x/\xc3\xa4", unsafe_bytes},
      {std::string("https://x/\0", 11), unsafe_bytes},
      {" https://x/", unsafe_bytes},
      {"https://x/" + std::string(16 * 1024, 'a'), too_long},
  };
  for (const Case& one : cases) {
    const auto checked = check_browser_url(one.url);
    ASSERT_FALSE(checked) << one.url;
    EXPECT_EQ(checked.error(), one.fault) << one.url;
    const auto opened = launch_browser(one.url, options(opener("exit 0")));
    ASSERT_FALSE(opened) << one.url;
    EXPECT_EQ(opened.error(), one.fault) << one.url;
  }
  EXPECT_FALSE(fs::exists(folder / "arguments"));
  for (const char* const good : {"https://as.example", "http://127.0.0.1:8080/a?b=c#d", "HTTPS://as.example/~a/b.c",
                                 "http://[::1]:99/", "https://user@as.example/"})
    EXPECT_TRUE(check_browser_url(good)) << good;
}

TEST_F(BrowserLaunch, AnOpenerThatFailsOrIsNotThereIsTold) {
  const auto failed = launch_browser("https://as.example/", options(opener("exit 3")));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error(), BrowserFault::failed);
  const auto killed = launch_browser("https://as.example/", options(opener("kill -9 $$")));
  ASSERT_FALSE(killed);
  EXPECT_EQ(killed.error(), BrowserFault::failed);
  const auto nowhere = launch_browser("https://as.example/", options((folder / "nowhere").string()));
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error(), BrowserFault::cannot_start);
}

TEST_F(BrowserLaunch, AnOpenerThatGoesOnHasSucceeded) {
  const fs::path pipe = folder / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const auto opened = launch_browser(
      "https://as.example/",
      options(opener("read x < '" + pipe.string() + "'; exit 3")).patience(std::chrono::milliseconds(10)));
  EXPECT_TRUE(opened);
  // Lets it end. Opening blocks until it reads.
  std::ofstream(pipe) << "go\n";
}

TEST(OpenInBrowser, AFailureSaysWhyWithoutTheUrl) {
  ManualExecutor executor;
  std::optional<Result<void>> result;
  spawn(executor, open_in_browser("javascript:steal('token')"),
        [&](RunOutcome<Result<void>> outcome) { result = std::move(outcome.value); });
  for (int i = 0; i < 100 && !result; ++i) {
    executor.wait(std::chrono::milliseconds(100));
    executor.run();
  }
  ASSERT_TRUE(result);
  ASSERT_FALSE(*result);
  EXPECT_EQ(result->error().message(),
            "The sign-in page cannot be opened: it holds characters that no web address has.");
}

}  // namespace
}  // namespace leanmcp
