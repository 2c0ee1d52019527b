#!/bin/sh
# clang-tidy over every .cpp, on all cores, with the compile commands of a build directory.
#
#   lint.sh BUILD_DIRECTORY [PATH_PATTERN]     (./brokerlab lint calls it)
set -eu

directory=$1
pattern=${2:-.}
cd "$(dirname "$0")/.."
command -v clang-tidy >/dev/null || { echo "clang-tidy is missing: apt-get install clang-tidy" >&2; exit 4; }

# g++'s own flags, and its precompiled headers, mean nothing to clang.
mkdir -p "$directory/lint"
sed -e 's/-fpch-preprocess//g' -e 's/-Winvalid-pch//g' -e 's/-include [^ ]*cmake_pch\.hxx//g' \
  -e 's/-Werror//g' "$directory/compile_commands.json" >"$directory/lint/compile_commands.json"

git ls-files '*.cpp' | grep -E "$pattern" >"$directory/lint/files"
total=$(wc -l <"$directory/lint/files")
echo "clang-tidy over $total files" >&2
xargs -P "$(nproc)" -n 4 clang-tidy --quiet -p "$directory/lint" --warnings-as-errors='*' \
  <"$directory/lint/files" 2>"$directory/lint/errors" || { echo "clang-tidy found something" >&2; exit 1; }
echo "clang-tidy: $total files, nothing found"
