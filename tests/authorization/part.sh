# Authorization on the wire: decorators, wrong tokens, sessions, bound tokens, the official clients' own sign-in.
default_parts+=(authorization)
part_authorization() { build release scoped-tools attacked-server && node_part "$tests_dir/authorization/run.mjs"; }
