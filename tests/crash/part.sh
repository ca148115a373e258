# The premium service killed at random points of purchases: 30 by default, 500 in full.
default_parts+=(crash)
full_parts+=(crash_500)
estimate[crash_500]=15
part_crash() { build release premium-service leanmcp && node_part "$tests_dir/crash/run.mjs" 30; }
part_crash_500() { build release premium-service leanmcp && node_part "$tests_dir/crash/run.mjs" 500; }
