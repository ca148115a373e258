# Tokens in a real desktop keyring, without a desktop.
default_parts+=(keyring)
part_keyring() {
  need libsecret-1-dev gnome-keyring dbus
  # The headers may have come just now.
  build release build.ninja && cmake "$root/build" >/dev/null && build release leanmcp_oauth_client_test &&
    bash "$tests_dir/keyring/run.sh" "$root/build/bin/leanmcp_oauth_client_test"
}
