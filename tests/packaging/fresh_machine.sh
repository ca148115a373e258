#!/usr/bin/env bash
# Tries a command ("./test" by default) on a fresh Debian 12: a debootstrap chroot, removed afterwards. Needs root and debootstrap.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
[[ $EUID == 0 ]] || { echo "This needs root (mount, chroot)." >&2; exit 1; }
# A mount namespace of its own: whatever is mounted below is gone with it.
[[ ${FRESH_INSIDE:-} == 1 ]] || FRESH_INSIDE=1 exec unshare --mount "$0" "$@"

base=${FRESH_BASE:-/var/tmp/leanmcp-debian12}
work=$(mktemp -d /var/tmp/leanmcp-fresh.XXXXXX)
trap 'umount -Rl "$work/machine" 2>/dev/null || true; umount -l "$work/upper" 2>/dev/null || true; rm -rf "$work"' EXIT

if [[ ! -f $base/.complete ]]; then
  echo "Making a minimal Debian 12 in $base"
  rm -rf "$base"
  # The mirror is debootstrap's own default; it goes into the new machine's list of sources as well.
  debootstrap --variant=minbase --include=ca-certificates bookworm "$base" >/dev/null
  touch "$base/.complete"
fi

# The base stays as it is; every run writes to a layer of its own.
mkdir -p "$work"/{upper,layer,machine}
mount -t tmpfs -o size="${FRESH_SIZE:-16G}" tmpfs "$work/upper"
mkdir -p "$work/upper/"{data,work}
mount -t overlay overlay -o "lowerdir=$base,upperdir=$work/upper/data,workdir=$work/upper/work" "$work/machine"
mount -t proc proc "$work/machine/proc"
mount -t sysfs sysfs "$work/machine/sys"
mount --rbind /dev "$work/machine/dev"
mount --make-rslave "$work/machine/dev"

# The host's name resolution and certificate authorities; no packages, no caches.
cp -L /etc/resolv.conf "$work/machine/etc/resolv.conf"
grep -h . /etc/hosts >"$work/machine/etc/hosts" || true
cp -L /etc/ssl/certs/ca-certificates.crt "$work/machine/etc/ssl/certs/ca-certificates.crt"
mkdir "$work/machine/src"
(cd "$root" && { git ls-files -co --exclude-standard | while read -r file; do [[ -e $file ]] && printf '%s\n' "$file"; done; } | tar -cf - -T -) |
  tar -xf - -C "$work/machine/src"

command=("$@")
((${#command[@]})) || command=(./test)
env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM="${TERM:-dumb}" LANG=C.UTF-8 \
  NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt ${FUZZ_SECONDS:+FUZZ_SECONDS="$FUZZ_SECONDS"} \
  chroot "$work/machine" bash -c 'cd /src && exec "$@"' bash "${command[@]}"
