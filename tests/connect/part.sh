# The connect page: real sign-in, a service in GitHub's shapes, the official clients and a browser.
default_parts+=(connect)
part_connect() {
  need chromium
  build release connect-github && node_part "$tests_dir/connect/run.mjs"
}
