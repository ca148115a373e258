# The `leanmcp` command's data commands: their lines, exit codes and help.
default_parts+=(cli)
part_cli() { build release leanmcp && node_part "$tests_dir/cli/run.mjs"; }
