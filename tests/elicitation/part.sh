# The questions a server asks, with the official clients.
default_parts+=(elicitation)
part_elicitation() { build release survey && node_part "$tests_dir/elicitation/run.mjs"; }
