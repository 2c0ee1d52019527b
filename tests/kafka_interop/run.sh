#!/bin/sh
# Our log engine and Apache Kafka's own code on each other's files (README.md).
#
#   tests/kafka_interop/run.sh                a few minutes; exit status 1 when anything differs
#   tests/kafka_interop/run.sh --keep DIR     and writes the small partitions to DIR, as they are in
#                                             tests/log/kafka_files
#
# Needs a JDK 17 and Maven, which fetches Kafka's jars; without them it says so and exits 0. Writes
# only to a temporary folder, build/interop and Maven's own cache; speaks only to loopback addresses.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(dirname "$(dirname "$here")")
seconds=420

skip() {
  echo "kafka_interop: skipped: $1"
  exit 0
}

keep=
case ${1-} in
  '') ;;
  --keep)
    [ $# = 2 ] || { echo "run.sh [--keep DIR]" >&2; exit 2; }
    mkdir -p "$2"
    keep=$(cd "$2" && pwd)
    ;;
  *) echo "run.sh [--keep DIR]" >&2; exit 2 ;;
esac

for program in java javac mvn timeout; do
  command -v $program >/dev/null || skip "there is no $program"
done

scratch=$(mktemp -d)
jvm=
# Our JVM ends the broker, its child, when it ends itself; should it be killed, we do.
finish() {
  if [ -n "$jvm" ] && kill "$jvm" 2>/dev/null; then wait "$jvm" || true; fi
  if [ -e "$scratch/broker.pid" ]; then kill -9 "$(cat "$scratch/broker.pid")" 2>/dev/null || true; fi
  rm -rf "$scratch"
}
trap finish EXIT
trap 'exit 130' INT TERM HUP

cp "$here/pom.xml" "$scratch"
(cd "$scratch" && nice -n 10 timeout 300 mvn -q -B dependency:build-classpath -Dmdep.outputFile=classpath \
  >maven.txt 2>&1) && [ -s "$scratch/classpath" ] || skip "Maven cannot get Apache Kafka's jars"
classpath=$scratch/classes:$(cat "$scratch/classpath")
nice -n 10 javac -d "$scratch/classes" -cp "$classpath" "$here"/java/*.java

cmake -S "$root" -B "$root/build/interop" -G Ninja -DCMAKE_BUILD_TYPE=Release -DBROKERLAB_TESTS=OFF \
  -DBROKERLAB_INTEROP=ON >"$scratch/cmake.txt" 2>&1 || { cat "$scratch/cmake.txt" >&2; exit 4; }
nice -n 10 ninja -C "$root/build/interop" brokerlab_log_tool >"$scratch/ninja.txt" 2>&1 || {
  cat "$scratch/ninja.txt" >&2
  exit 4
}
tool=$root/build/interop/bin/brokerlab_log_tool

"$tool" write "$scratch/ours" >"$scratch/written.txt"
status=0
nice -n 10 timeout --kill-after=20 $seconds java -Xmx256m -XX:+UseSerialGC \
  -Dorg.slf4j.simpleLogger.defaultLogLevel=error -Djava.io.tmpdir="$scratch" \
  -Dlog_tool="$tool" -Dscratch="$scratch" -cp "$classpath" \
  Main "$scratch/ours" "$scratch" ${keep:+"$keep"} &
jvm=$!
wait $jvm || status=$?
jvm=
[ $status != 124 ] || echo "kafka_interop: not done after $seconds seconds" >&2
if [ $status != 0 ] && [ -e "$scratch/broker.txt" ]; then
  echo "the end of the broker's log:" >&2
  tail -n 20 "$scratch/broker.txt" >&2
fi
exit $status
