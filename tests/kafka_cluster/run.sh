#!/bin/sh
# The same incidents in a real cluster of Kafka 3.9.1 and in brokerlab, side by side (README.md).
#
#   tests/kafka_cluster/run.sh [INCIDENT...]      about 100 s an incident; a table each
#   tests/kafka_cluster/run.sh --variants N ...   so many simulated runs of each (6)
#   tests/kafka_cluster/run.sh --keep DIR ...     logs and recordings stay in DIR
#
# Exit status 1 when something differs that known_differences.txt does not list. Needs a JDK 17,
# Maven, which fetches Kafka's jars, sqlite3 and build/test/bin/brokerlab (or BROKERLAB); without
# them it says so and exits 0. Writes only to a temporary folder and Maven's cache; speaks only to
# loopback addresses.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(dirname "$(dirname "$here")")
brokerlab=${BROKERLAB:-$root/build/test/bin/brokerlab}
variants=6
keep=
while [ $# -gt 0 ]; do
  case $1 in
    --variants) variants=$2; shift 2 ;;
    --keep) mkdir -p "$2"; keep=$(cd "$2" && pwd); shift 2 ;;
    -*) echo "run.sh [--variants N] [--keep DIR] [INCIDENT...]" >&2; exit 2 ;;
    *) break ;;
  esac
done
if [ $# = 0 ]; then
  for file in "$here"/incidents/*.json; do set -- "$@" "$(basename "$file" .json)"; done
fi
for incident in "$@"; do
  [ -e "$here/incidents/$incident.json" ] || { echo "no incident $incident" >&2; exit 2; }
done

skip() {
  echo "kafka_cluster: skipped: $1"
  exit 0
}

for program in java javac mvn sqlite3 timeout; do
  command -v $program >/dev/null || skip "there is no $program"
done
[ -x "$brokerlab" ] || skip "there is no $brokerlab"

scratch=$(mktemp -d)
work=${keep:-$scratch}
jvm=
# Our JVM ends the cluster when it ends itself; should it be killed, we do. A process of that number
# that is not of this cluster is left alone.
finish() {
  if [ -n "$jvm" ] && kill "$jvm" 2>/dev/null; then wait "$jvm" || true; fi
  if [ -e "$work/pids" ]; then
    while read -r pid; do
      [ -r "/proc/$pid/cmdline" ] || continue
      if tr '\0' ' ' <"/proc/$pid/cmdline" | grep -qF "$work"; then kill -9 "$pid" || true; fi
    done <"$work/pids"
  fi
  rm -rf "$scratch"
}
trap finish EXIT
trap 'exit 130' INT TERM HUP
rm -f "$work/pids"

cp "$root/tests/kafka_interop/pom.xml" "$scratch"
# What Maven has already needs no network.
for mode in -o ''; do
  [ -s "$scratch/classpath" ] || (cd "$scratch" && nice -n 10 timeout 300 mvn $mode -q -B \
    dependency:build-classpath -Dmdep.outputFile=classpath >maven.txt 2>&1) || continue
done
[ -s "$scratch/classpath" ] || skip "Maven cannot get Apache Kafka's jars"
classpath=$scratch/classes:$(cat "$scratch/classpath")
nice -n 10 javac -d "$scratch/classes" -cp "$classpath" "$here"/java/*.java

status=0
timeout --kill-after=20 $((120 + $# * 300)) java -Xmx512m -XX:+UseSerialGC \
  -Dorg.slf4j.simpleLogger.defaultLogLevel=error -Djava.io.tmpdir="$scratch" -cp "$classpath" \
  Main "$here" "$work" "$brokerlab" "$variants" "$@" &
jvm=$!
wait $jvm || status=$?
jvm=
[ $status != 124 ] || echo "kafka_cluster: not done in time" >&2
exit $status
