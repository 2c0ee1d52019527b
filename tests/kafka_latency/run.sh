#!/bin/sh
# End-to-end latency of a real Kafka 3.9.1 and of brokerlab at the same six settings (README.md).
#
#   tests/kafka_latency/run.sh [--rounds N] [--simulated]    some minutes; prints one table
#
# Needs a JDK 17, Maven, which fetches Kafka's jars, and build/test/bin/brokerlab (or BROKERLAB);
# without the jars it says so and exits 0, and with --simulated it does not ask for them. Writes only
# to a temporary folder and Maven's cache; speaks only to loopback addresses.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(dirname "$(dirname "$here")")
brokerlab=${BROKERLAB:-$root/build/test/bin/brokerlab}
rounds=3
real=yes
while [ $# -gt 0 ]; do
  case $1 in
    --rounds) rounds=$2; shift 2 ;;
    --simulated) real=; shift ;;
    *) echo "run.sh [--rounds N] [--simulated]" >&2; exit 2 ;;
  esac
done

skip() {
  echo "kafka_latency: skipped: $1"
  exit 0
}

[ -x "$brokerlab" ] || skip "there is no $brokerlab"
command -v sqlite3 >/dev/null || skip "there is no sqlite3"

scratch=$(mktemp -d)
jvm=
finish() {
  if [ -n "$jvm" ] && kill "$jvm" 2>/dev/null; then wait "$jvm" || true; fi
  if [ -e "$scratch/broker.pid" ]; then kill -9 "$(cat "$scratch/broker.pid")" 2>/dev/null || true; fi
  rm -rf "$scratch"
}
trap finish EXIT
trap 'exit 130' INT TERM HUP

# Ours: fifty users, rows of 1.2 KB. A fetch's size tells how many partitions it asks for.
cp "$here"/scenarios/*.json "$scratch"
awk 'BEGIN {
  print "id,username,pass,reply,authdate,server"
  filling = sprintf("%820s", ""); gsub(/ /, "x", filling)
  for (i = 0; i < 50; ++i)
    printf "%d,user%d,%s,Access-Accept,2024-01-01 00:00:00,192.0.2.1\n", 1000 + i, i, filling
}' >"$scratch/rows.csv"
for file in "$here"/scenarios/*.json; do
  name=$(basename "$file" .json)
  "$brokerlab" run "$scratch/$name.json" --json --record "$scratch/$name.run" >"$scratch/$name.out"
  latency=$(sqlite3 "$scratch/$name.run" "
    SELECT printf('%.1f %.1f %.1f', l ->> 'p50_ms', l ->> 'p99_ms', l ->> 'max_ms')
    FROM (SELECT value -> '\$.latency.end_to_end' AS l FROM meta WHERE key = 'summary_json')")
  fetches=$(sqlite3 -separator ' ' "$scratch/$name.run" "
    WITH f AS (SELECT m.bytes FROM message m JOIN machine s ON s.id = m.source
               WHERE m.kind = 'Fetch' AND s.name LIKE 'g%' AND m.sent > 16e9)
    SELECT count(*), sum(bytes = (SELECT max(bytes) FROM f)) FROM f")
  [ "$(echo $latency $fetches | wc -w)" = 5 ] || { echo "$name: no latency in its recording" >&2; exit 1; }
  echo "$name $latency $fetches" >>"$scratch/simulated"
done

if [ -n "$real" ]; then
  for program in java javac mvn timeout; do
    command -v $program >/dev/null || skip "there is no $program"
  done
  cp "$root/tests/kafka_interop/pom.xml" "$scratch"
  (cd "$scratch" && timeout 300 mvn -q -B dependency:build-classpath -Dmdep.outputFile=classpath \
    >maven.txt 2>&1) && [ -s "$scratch/classpath" ] || skip "Maven cannot get Apache Kafka's jars"
  classpath=$scratch/classes:$(cat "$scratch/classpath")
  javac -d "$scratch/classes" -cp "$classpath" "$here"/java/*.java
  status=0
  timeout --kill-after=20 $((120 + rounds * 150)) java -Xmx512m \
    -Dorg.slf4j.simpleLogger.defaultLogLevel=error \
    -Dorg.slf4j.simpleLogger.log.org.apache.kafka.clients.consumer.internals.AbstractFetch=debug \
    -Dorg.slf4j.simpleLogger.logFile="$scratch/log.txt" -Dlog="$scratch/log.txt" \
    -Djava.io.tmpdir="$scratch" -cp "$classpath" Latency "$scratch" "$rounds" \
    >"$scratch/real" &
  jvm=$!
  wait $jvm || status=$?
  jvm=
  [ $status = 0 ] || { tail -n 20 "$scratch/log.txt" "$scratch/broker.txt" >&2; exit $status; }
fi

# The quietest round of each setting: that of the smallest p99.
awk -v real="$scratch/real" '
  BEGIN {
    while ((getline line <real) > 0) {
      split(line, f, " ")
      if (!(f[2] in best) || f[5] < best[f[2]]) {
        best[f[2]] = f[5]
        got[f[2]] = sprintf("%s / %s / %s | %d %%", f[4], f[5], f[6], f[7] ? 100 * f[8] / f[7] : 0)
      }
    }
    print "| setting | real: p50 / p99 / max ms | fetches of all partitions | simulated: p50 / p99 / max ms | fetches of all partitions |"
    print "|---|---|---|---|---|"
  }
  {
    printf "| %s | %s | %s / %s / %s | %d %% |\n", $1, ($1 in got) ? got[$1] : "- | -", $2, $3, $4,
      $5 ? 100 * $6 / $5 : 0
  }' "$scratch/simulated"
