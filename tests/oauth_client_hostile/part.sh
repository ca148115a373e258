# Our MCP client and OAuth client against servers that mean harm: a typed error, in bounded time and memory, and no secret elsewhere.
default_parts+=(oauth_client_hostile)
part_oauth_client_hostile() { build release hostile-client && node_part "$tests_dir/oauth_client_hostile/run.mjs"; }
