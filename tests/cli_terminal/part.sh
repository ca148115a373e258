# The `leanmcp` command in a real terminal (tmux) with a real browser: signing in, a form, a payment; the transcript in the guide.
default_parts+=(cli_terminal)
part_cli_terminal() {
  need chromium tmux
  build release premium-service leanmcp && node_part "$tests_dir/cli_terminal/run.mjs"
}
