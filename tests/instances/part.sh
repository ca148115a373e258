# Two premium services over one PostgreSQL behind a load balancer: links opened in turns, and instances and the database that die.
default_parts+=(instances)
part_instances() { build release premium-service metered-tool leanmcp && node_part "$tests_dir/instances/run.mjs"; }
