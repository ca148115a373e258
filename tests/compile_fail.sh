#!/usr/bin/env bash
# What must not compile: each file in compile_fail/ fails with the words of its first line, in at most 15 lines, the chain of
# includes aside.
set -uo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
passed=0 failed=0
check() {
  if [[ $2 == yes ]]; then passed=$((passed + 1)); else failed=$((failed + 1)); printf '  FAIL %s\n%s\n' "$1" "$3"; fi
}
for source in "$root"/tests/compile_fail/*.cpp; do
  name=$(basename "$source" .cpp)
  # Newer compilers take what g++ 12 would miscompile.
  if grep -q '^// only: g++ 12' "$source" && [[ $("${CXX:-g++}" -dumpversion) != 12* ]]; then continue; fi
  words=$(sed -n '1s|^// expect: ||p' "$source")
  code=0
  said=$("${CXX:-g++}" -std=c++20 -fsyntax-only -I"$root" -fmax-errors=1 "$source" 2>&1) || code=$?
  check "$name does not compile" "$([[ $code != 0 ]] && echo yes)" "$said"
  check "$name says: $words" "$(grep -qF -- "$words" <<<"$said" && echo yes)" "$said"
  lines=$(grep -cvE '^(In file included from| +from )' <<<"$said")
  check "$name says it in at most 15 lines ($lines)" "$([[ $lines -le 15 ]] && echo yes)" "$said"
done
echo "compile_fail: $passed passed, $failed failed"
[[ $failed == 0 ]]
