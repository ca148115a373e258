#!/usr/bin/env bash
# Installs the library into an empty prefix and builds two users of it: one by find_package, one by add_subdirectory.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0

# check NAME COMMAND...: one check; its output is shown when it fails.
check() {
  local name=$1 output
  shift
  if output=$("$@" 2>&1); then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    printf '  FAIL %s\n%s\n' "$name" "$(tail -n 30 <<<"$output")"
  fi
}
prints() { local wanted=$1 out; shift; out=$("$@") && [[ $out == "$wanted" ]] || { printf 'printed: %s\n' "$out"; return 1; }; }
launcher=()
command -v ccache >/dev/null && launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
configure() { cmake -G Ninja -S "$here/$1" -B "$work/$1" -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_COMPILER=g++ "${launcher[@]}" "${@:2}"; }

# The same warnings and options as our own build, so that its compiler cache serves this one too.
check "cmake --install" cmake --install "$root/build" --prefix "$work/prefix"
check "nothing but headers, libraries and CMake files is installed" bash -c \
  "! find '$work/prefix' -type f | grep -vE '/include/leanmcp/.*\.hpp$|/lib/.*\.a$|/cmake/leanmcp/.*\.cmake$'"
check "no test header is installed" bash -c "! find '$work/prefix/include' -name '*_test*' -o -name 'test_*' | grep ."
check "no path of this tree is installed" bash -c "! grep -rlF '$root' '$work/prefix' --include=*.cmake --include=*.hpp"
check "find_package configures" configure find_package -DCMAKE_PREFIX_PATH="$work/prefix"
check "find_package builds" cmake --build "$work/find_package"
check "find_package runs" prints "Hello, Ada!" "$work/find_package/consumer"

# The README's first server, by the README's CMakeLists.txt and commands; only its port is another.
block() { awk -v lang="$1" -v nth="$2" '$0 == "```" lang { on = ++seen == nth; next } /^```$/ { on = 0 } on' "$root/README.md"; }
port=$((20000 + RANDOM % 10000))
mkdir "$work/shop"
block cpp 1 | sed "s/port(3000)/port($port)/" >"$work/shop/main.cpp"
block cmake 1 >"$work/shop/CMakeLists.txt"
commands() { grep -h '^build/bin/leanmcp ' "$root/README.md" | sed "s/:3000/:$port/" | (cd "$root" && bash -euo pipefail); }
serves() {
  local server out
  "$work/shop/build/shop" 2>"$work/shop/log" &
  server=$!
  for _ in {1..1200}; do grep -q listening "$work/shop/log" && break; sleep 0.1; done
  out=$(commands 2>&1) || true
  kill "$server"
  wait "$server" || true
  cat "$work/shop/log"
  printf '%s\n' "$out"
  [[ $out == *"Buys something"* && $out == *"Bought tea"* && $(wc -l <"$work/shop/log") == 1 ]]
}
check "the README's project configures" cmake -G Ninja -S "$work/shop" -B "$work/shop/build" -DCMAKE_BUILD_TYPE=Release \
  -DCMAKE_PREFIX_PATH="$work/prefix" "${launcher[@]}"
check "the README's project builds" cmake --build "$work/shop/build"
check "the README's server listens, is listed and called, and says one line" serves

# Rooms as a few files, as in our own presets: half the work. That each file compiles alone is what `./test clang` shows.
check "add_subdirectory configures" configure add_subdirectory -DLEANMCP_SOURCE="$root" -DLEANMCP_WARNINGS_AS_ERRORS=ON \
  -DCMAKE_UNITY_BUILD=ON -DCMAKE_UNITY_BUILD_BATCH_SIZE=8
check "add_subdirectory builds" cmake --build "$work/add_subdirectory" --target consumer
check "add_subdirectory runs" prints "Hello, Ada!" "$work/add_subdirectory/consumer"
check "add_subdirectory brings no tests along" bash -c "! ls '$work'/add_subdirectory/leanmcp/bin/*_test 2>/dev/null | grep ."

echo "packaging: $passed passed, $failed failed"
((failed == 0))
