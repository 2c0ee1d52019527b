#!/bin/sh
# Every setting of Apache Kafka's, asked of its own classes, against the list that brokerlab has
# (model/kafka_settings.inc).
#
#   tests/kafka_interop/settings.sh           exit status 1 and the difference when the list is another
#   tests/kafka_interop/settings.sh --write   makes the list anew
#
# Needs a JDK 17 and Maven, which fetches Kafka's jars; without them it says so and exits 0.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
list=$(dirname "$(dirname "$here")")/model/kafka_settings.inc

skip() {
  echo "kafka_interop: skipped: $1"
  exit 0
}

case ${1-} in
  '' | --write) ;;
  *) echo "settings.sh [--write]" >&2; exit 2 ;;
esac
for program in java javac mvn; do
  command -v $program >/dev/null || skip "there is no $program"
done

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM HUP

cp "$here/pom.xml" "$scratch"
# What Maven has already needs no network.
for mode in -o ''; do
  [ -s "$scratch/classpath" ] || (cd "$scratch" && nice -n 10 timeout 300 mvn $mode -q -B \
    dependency:build-classpath -Dmdep.outputFile=classpath >maven.txt 2>&1) || continue
done
[ -s "$scratch/classpath" ] || skip "Maven cannot get Apache Kafka's jars"
classpath=$scratch/classes:$(cat "$scratch/classpath")
nice -n 10 javac -d "$scratch/classes" -cp "$classpath" "$here/java/KafkaSettings.java"
nice -n 10 java -Xmx256m -XX:+UseSerialGC -Dorg.slf4j.simpleLogger.defaultLogLevel=error \
  -cp "$classpath" KafkaSettings >"$scratch/settings.inc"

if [ "${1-}" = --write ]; then
  cp "$scratch/settings.inc" "$list"
  exit 0
fi
diff -u "$list" "$scratch/settings.inc" || {
  echo "kafka_interop: model/kafka_settings.inc is not what Kafka's classes say; settings.sh --write" >&2
  exit 1
}
echo "$(grep -c '^{' "$list") settings are what Kafka's classes say"
