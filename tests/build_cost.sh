#!/bin/sh
# What a build costs, and why: the ten dearest units of the last build, and the ten dearest headers.
#
#   build_cost.sh [BUILD_DIRECTORY]     build/test if not told otherwise
#
# A unit's cost is what the last build took for it (seconds of the clock, other units beside it). A
# header's is the CPU time of reading it alone, without precompiled headers; behind it how many files
# name it. Headers that are precompiled for everybody (CMakeLists.txt) are read once.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
build=${1:-$here/build/test}
[ -e "$build/.ninja_log" ] || { echo "no build in $build" >&2; exit 3; }

echo "seconds  unit, in $build"
# The log remembers units that are none any more.
{ ninja -C "$build" -t targets all | sed 's/: .*/\tunit/'; cat "$build/.ninja_log"; } |
  awk -F'\t' '$2 == "unit" { is[$1] } $4 in is && $4 ~ /\.(o|gch)$/ { took[$4] = ($2 - $1) / 1000 }
    END { for (unit in took) printf "%7.1f  %s\n", took[unit], unit }' |
  sort -rn | head -10 | sed -e 's/CMakeFiles\///' -e 's/\.dir\// /' -e 's/Unity\/unity_//' -e 's/_cxx\.cxx\.o$//'

echo
echo "seconds  files  header"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$here"
flags="-std=c++20 -I$here $(pkg-config --cflags simgrid imgui 2>/dev/null || true)"
git grep -hoE '^#include [<"][^>"]+[>"]' -- base log recording sim model scenarios labs plan viz cli |
  sed 's/^#include //' | sort | uniq -c | sort -rn | awk '$1 > 1 || /</ { print $1, $2 }' >"$scratch/named"
# In a shell of its own: `times` tells what its children took, the second line's first word as 0m1.23s.
cat >"$scratch/cost" <<'END'
printf '#include %s\n' "$3" >"$1/$$.cpp"
# shellcheck disable=SC2086
g++ $4 -fsyntax-only "$1/$$.cpp" >/dev/null 2>&1
took=$(times | awk 'NR == 2 { split($1, part, /[ms]/); print part[1] * 60 + part[2] }')
printf '%7.2f %6d  %s\n' "$took" "$2" "$3"
END
while read -r files header; do
  printf '%s\0%s\0' "$files" "$header"
done <"$scratch/named" |
  xargs -0 -P "$(nproc)" -n 2 sh -c 'sh "$0/cost" "$0" "$2" "$3" "$1"' "$scratch" "$flags" | sort -rn | head -10
