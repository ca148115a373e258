# The authorization server with clients that check strictly, killed in the middle of each step, and as two instances.
default_parts+=(oauth_server)
estimate[oauth_server]=3
part_oauth_server() {
  need postgresql
  build release authorization-server && node_part "$tests_dir/oauth_server/run.mjs"
}
