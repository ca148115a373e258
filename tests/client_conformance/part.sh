default_parts+=(client_conformance)
part_client_conformance() { build release everything-client && node_part "$tests_dir/client_conformance/run.mjs"; }
