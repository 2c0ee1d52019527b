#!/bin/sh
# A run is a pure function of scenario, seed and version: the same fingerprint whatever the addresses,
# the environment and the build type.
#
#   determinism.sh RELEASE_PROGRAM DEBUG_PROGRAM [--short | SCENARIO...]     (./brokerlab determinism calls it)
set -eu

release=$1
debug=$2
shift 2
runs=20
if [ "${1-}" = --short ]; then
  runs=2
  set -- wifi_auth_broker_crash
fi
[ $# -gt 0 ] || set -- wifi_auth_broker_crash wifi_auth_broker_crash_acks_all rack_switch_fails

say() { printf '%s\n' "$*"; }

# fingerprint COMMAND...: of a run that ended with a verdict.
fingerprint() {
  "$@" --json >"$scratch/report" 2>"$scratch/errors" || [ $? -le 2 ] || {
    cat "$scratch/errors" >&2
    exit 4
  }
  sed -n 's/.*"fingerprint": *"\([0-9a-f]*\)".*/\1/p' "$scratch/report"
}

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failed=0
for scenario in "$@"; do
  first=
  circumstance() {
    name=$1
    shift
    found=$(fingerprint "$@")
    [ -n "$found" ] || { say "no fingerprint in the report of $*"; exit 4; }
    first=${first:-$found}
    if [ "$found" = "$first" ]; then
      say "same     $found  $scenario, $name"
    else
      say "DIFFERS  $found  $scenario, $name (first was $first)"
      failed=1
    fi
  }
  i=1
  while [ $i -le $runs ]; do
    padding=$(head -c $((i * 997)) /dev/zero | tr '\0' x)
    circumstance "run $i of $runs, $((i * 997)) more bytes of environment" \
      env PADDING="$padding" "$release" run "$scenario" --quiet
    i=$((i + 1))
  done
  circumstance "addresses not randomised" setarch -R "$release" run "$scenario" --quiet
  circumstance "Debug build" "$debug" run "$scenario" --quiet
done
[ $failed = 0 ] && say "one fingerprint for each scenario"
exit $failed
