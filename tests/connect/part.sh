# The connect page: real sign-in, a service in GitHub's shapes, the official clients and a browser; two
# instances on PostgreSQL.
default_parts+=(connect)
part_connect() {
  need chromium postgresql
  build release connect-github && node_part "$tests_dir/connect/run.mjs"
}
