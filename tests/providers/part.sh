default_parts+=(providers)
part_providers() { build release provider-server clerk-auth cognito-auth auth0-auth && node_part "$tests_dir/providers/run.mjs"; }
