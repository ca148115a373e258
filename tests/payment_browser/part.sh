# Sign in and pay in Debian's chromium; screenshots are kept in build/artefacts.
default_parts+=(payment_browser)
part_payment_browser() {
  need chromium
  build release premium-service leanmcp && node_part "$tests_dir/payment_browser/run.mjs"
}
