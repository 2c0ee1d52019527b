#!/bin/sh
# Every source file is as clang-format leaves it.
set -eu
cd "$(dirname "$0")/.."
find base log recording sim model scenarios labs plan viz cli tests \( -name '*.h' -o -name '*.cpp' \) \
  >"${TMPDIR:-/tmp}/brokerlab_format.$$" 2>/dev/null || true
count=$(wc -l <"${TMPDIR:-/tmp}/brokerlab_format.$$")
[ "$count" -gt 100 ] || { echo "only $count source files found" >&2; exit 1; }
status=0
xargs clang-format --dry-run --Werror <"${TMPDIR:-/tmp}/brokerlab_format.$$" || status=1
rm -f "${TMPDIR:-/tmp}/brokerlab_format.$$"
[ $status = 0 ] || echo "mend it: clang-format -i FILE..." >&2
exit $status
