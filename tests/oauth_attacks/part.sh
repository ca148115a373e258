# What an attacker would try on the authorization server, each try with the answer it must get.
default_parts+=(oauth_attacks)
estimate[oauth_attacks]=2
part_oauth_attacks() { build release authorization-server scoped-tools leanmcp && node_part "$tests_dir/oauth_attacks/run.mjs"; }
