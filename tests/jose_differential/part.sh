# Our signatures and tokens against the jose package, both ways, on generated and mutated ones.
default_parts+=(jose_differential)
part_jose_differential() { build release leanmcp && node_part "$tests_dir/jose_differential/run.mjs"; }
