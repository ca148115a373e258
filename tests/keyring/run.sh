#!/usr/bin/env bash
# The keyring's tests against a real GNOME keyring, on a session bus and with a home of their own: run.sh TEST-PROGRAM
set -euo pipefail
program=$1
here=$(cd "$(dirname "$0")" && pwd)
if [[ -z ${KEYRING_INSIDE:-} ]]; then
  home=$(mktemp -d)
  trap 'rm -rf "$home"' EXIT
  mkdir -m 700 "$home/run"
  code=0
  out=$(env -i PATH="$PATH" HOME="$home" XDG_RUNTIME_DIR="$home/run" XDG_DATA_HOME="$home/data" KEYRING_INSIDE=1 \
    dbus-run-session -- bash "$0" "$program" 2>&1) || code=$?
  passed=$(sed -nE 's/^\[  PASSED  \] ([0-9]+) tests?\..*/\1/p' <<<"$out" | tail -1)
  # A test that was skipped has not shown anything.
  failed=$(grep -cE '^\[  (FAILED |SKIPPED) \] [A-Za-z]+\.[A-Za-z]+$' <<<"$out" || true)
  ((code == 0 && failed == 0)) || printf '%s\n' "$out"
  ((code == 0 || failed > 0)) || failed=1
  printf 'keyring: %d passed, %d failed\n' "${passed:-0}" "$failed"
  ((failed == 0 && ${passed:-0} > 0))
  exit
fi
printf 'play money' | gnome-keyring-daemon --unlock --components=secrets >/dev/null
export LEANMCP_TEST_KEYRING=1
export LEANMCP_TEST_KEYRING_LOCK="bash $here/lock.sh" LEANMCP_TEST_KEYRING_UNLOCK="bash $here/unlock.sh"
exec "$program" --gtest_filter='Keyring*'
