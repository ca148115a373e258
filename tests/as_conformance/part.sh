# The official conformance suite against authorization-server: a person signs in and agrees, nothing is skipped.
default_parts+=(as_conformance)
part_as_conformance() { build release authorization-server leanmcp && node_part "$tests_dir/as_conformance/run.mjs"; }
