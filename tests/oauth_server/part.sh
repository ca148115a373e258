# The authorization server with clients that check strictly, killed in the middle of each step, as two instances, and looked
# after by `leanmcp as`.
default_parts+=(oauth_server)
estimate[oauth_server]=5
part_oauth_server() {
  need postgresql
  build release authorization-server leanmcp && node_part "$tests_dir/oauth_server/run.mjs"
}
