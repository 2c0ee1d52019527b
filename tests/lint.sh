#!/bin/sh
# clang-tidy over every .cpp, on all cores, with the compile commands of a build directory in which each
# is compiled by itself (BROKERLAB_UNITY=OFF).
#
#   lint.sh BUILD_DIRECTORY [PATH_PATTERN]     (./brokerlab tidy calls it)
#   lint.sh BUILD_DIRECTORY --changed [MOST]   what the last day's commits and the working tree changed, the
#                                              latest first, and no more than MOST files
set -eu

directory=$1
pattern=${2:-.}
cd "$(dirname "$0")/.."
command -v clang-tidy >/dev/null || { echo "clang-tidy is missing: apt-get install clang-tidy" >&2; exit 4; }

# g++'s own flags, and its precompiled headers, mean nothing to clang.
mkdir -p "$directory/lint"
sed -e 's/-fpch-preprocess//g' -e 's/-Winvalid-pch//g' -e 's/-include [^ ]*cmake_pch\.hxx//g' \
  -e 's/-Werror//g' "$directory/compile_commands.json" >"$directory/lint/compile_commands.json"

if [ "$pattern" = --changed ]; then
  most=${3:-40}
  # A day back from the last commit, so that the answer does not depend on when it is asked.
  since=$(($(git log -1 --format=%ct) - 86400))
  # A header is read with the .cpp of its name.
  { git diff --name-only HEAD; git log --format= --name-only --since="$since"; } | grep -E '\.(cpp|h)$' |
    sed 's/\.h$/.cpp/' | awk '!seen[$0]++' |
    while read -r file; do [ ! -e "$file" ] || echo "$file"; done >"$directory/lint/changed" || true
  changed=$(wc -l <"$directory/lint/changed")
  head -n "$most" "$directory/lint/changed" >"$directory/lint/files"
  [ "$changed" -le "$most" ] || echo "$changed files have changed; the latest $most are looked at (./brokerlab tidy: all)" >&2
else
  git ls-files '*.cpp' | grep -E "$pattern" >"$directory/lint/files"
fi
total=$(wc -l <"$directory/lint/files")
echo "clang-tidy over $total files" >&2
[ "$total" -gt 0 ] || exit 0
xargs -P "$(nproc)" -n 4 clang-tidy --quiet -p "$directory/lint" --warnings-as-errors='*' \
  <"$directory/lint/files" 2>"$directory/lint/errors" || { echo "clang-tidy found something" >&2; exit 1; }
echo "clang-tidy: $total files, nothing found"
