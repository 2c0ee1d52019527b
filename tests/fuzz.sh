#!/bin/sh
# Fuzzes every target of tests/fuzz/targets.h, one after the other, under ASan and UBSan.
#
#   fuzz.sh [SECONDS [TARGET...]]     60 seconds each, all targets, if not told otherwise
#
# Needs clang++ with compiler-rt (clang-14 and libclang-rt-14-dev in Debian 12). New inputs gather in
# build/fuzz/corpus; an input that crashes is left in build/fuzz/crashes: mend what it shows, then move
# it into tests/fuzz/corpus/TARGET under a name that says what it showed.
set -eu

seconds=${1:-60}
[ $# -eq 0 ] || shift
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
build=$here/../build/fuzz
[ $# -gt 0 ] || set -- append batch checkpoint decompress files recovery segment

compiler=$(command -v clang++-14 || command -v clang++) || {
  echo "clang++ is missing: apt-get install clang-14 libclang-rt-14-dev" >&2
  exit 4
}
cmake -S "$here/.." -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_COMPILER="$compiler" \
  -DBROKERLAB_FUZZ=ON -DBROKERLAB_SANITIZE=ON -DBROKERLAB_TESTS=OFF -DBROKERLAB_VIZ=OFF >"$build.log" 2>&1 ||
  { cat "$build.log" >&2; exit 4; }
ninja -C "$build" fuzz_programs >&2

mkdir -p "$build/crashes"
failed=0
for target in "$@"; do
  mkdir -p "$build/corpus/$target"
  log=$build/$target.log
  if "$build/bin/fuzz_$target" -max_total_time="$seconds" -max_len=4096 -timeout=10 -rss_limit_mb=1024 \
    -print_final_stats=1 -artifact_prefix="$build/crashes/$target-" \
    "$build/corpus/$target" "$here/fuzz/corpus/$target" >"$log" 2>&1; then
    echo "clean    $target: $(sed -n 's/^Done \(.*\)/\1/p' "$log")"
  else
    echo "FAILED   $target:"
    grep -E 'ERROR|runtime error|ENSURE|Test unit written' "$log" || tail -5 "$log"
    failed=1
  fi
done
exit $failed
