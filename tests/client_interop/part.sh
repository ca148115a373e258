default_parts+=(client_interop)
part_client_interop() { build release everything-server leanmcp && node_part "$tests_dir/client_interop/run.mjs"; }
