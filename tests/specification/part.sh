# What the specification asks of a server and no suite checks, both eras, over real sockets and pipes.
default_parts+=(specification)
part_specification() { build release everything-server && node_part "$tests_dir/specification/run.mjs"; }
