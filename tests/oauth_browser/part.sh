# The authorization server with a real browser, a real provider and the official clients; attacks by browsers.
default_parts+=(oauth_browser)
estimate[oauth_browser]=2
part_oauth_browser() {
  need chromium openssl
  build release authorization-server scoped-tools github-sign-in oauth-browser-client leanmcp &&
    node_part "$tests_dir/oauth_browser/run.mjs"
}
