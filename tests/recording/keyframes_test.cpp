// Keyframes: however busy a run is, the state at any instant is one keyframe and a bounded number
// of facts away; however quiet, nothing is written for it.
#include "base/random.h"
#include "tests/recording/recording_file.h"

using namespace brokerlab;
using namespace brokerlab::recording;
using test::number;
using test::numbers;

namespace {

/// A cluster of so many replicas whose logs grow, now and then much at one instant.
void grow(Recording& recording, RandomStream& random, int replicas, int changes, Time& t) {
  for (int i = 0; i < changes; ++i) {
    if (i % 700 == 0) t += 1ms;
    recording.fact(t, fmt::format("replica/{}/{}", i % replicas, i % 3), "leo",
                   std::to_string(random.below(1'000'000'000)));
  }
}

/// The most facts that any instant's rebuild reads behind its keyframe.
std::int64_t most_facts_read(const std::string& path) {
  return number(path,
                "SELECT max(behind) FROM (SELECT lead(fact, 1, (SELECT max(id) FROM fact)) OVER "
                "(ORDER BY fact) - fact AS behind FROM (SELECT 0 AS fact UNION ALL SELECT fact "
                "FROM keyframe))");
}

}  // namespace

TEST_CASE("keyframes: a rebuild reads a bounded number of facts, at any pace", "[unit]") {
  test::Folder folder;
  const std::string path = folder.file("busy.run");
  Recording writing = test::start(path, {.keyframe_after = 1000});
  RandomStream random(1, "growth");
  Time t{};
  grow(writing, random, 300, 20'000, t);  // All of it within 30 ms of simulated time.
  for (int hour = 0; hour < 100; ++hour) {
    t += 1h;  // Four days in which hardly anything happens.
    writing.fact(t, "broker/1", "controller", hour % 2 == 0 ? "true" : "false");
  }
  grow(writing, random, 300, 20'000, t);
  REQUIRE(writing.finish().ok());

  CHECK(most_facts_read(path) <= 1000);
  CHECK(number(path, "SELECT count(*) FROM keyframe") == 40);
  // None of the quiet days has a keyframe of its own.
  CHECK(number(path,
               "SELECT count(*) FROM keyframe WHERE t BETWEEN 3600000000000 AND "
               "100 * 3600000000000 - 1") <= 1);
}

TEST_CASE("keyframes: those of a large cluster are rarer, so they never outgrow the facts",
          "[unit]") {
  test::Folder folder;
  const std::string path = folder.file("large.run");
  Recording writing = test::start(path, {.keyframe_after = 100});
  RandomStream random(1, "growth");
  Time t{};
  grow(writing, random, 3000, 60'000, t);
  REQUIRE(writing.finish().ok());

  CHECK(most_facts_read(path) <= 3000);
  const auto bytes =
      numbers(path,
              "SELECT (SELECT sum(length(facts)) FROM keyframe), (SELECT "
              "sum(length(subject) + length(attribute) + length(value) + 16) FROM fact)");
  CHECK(bytes[0][0] > 0);
  CHECK(bytes[0][0] < bytes[0][1]);
}

TEST_CASE("keyframes: a thousand changes at one instant are told before and after", "[unit]") {
  test::Folder folder;
  const std::string path = folder.file("instant.run");
  Recording writing = test::start(path, {.keyframe_after = 10});
  writing.fact(Time(1s), "partition/0", "epoch", "0");
  for (int i = 1; i <= 1000; ++i) {
    writing.fact(Time(2s), "partition/0", "epoch", std::to_string(i));
  }
  writing.fact(Time(3s), "partition/0", "epoch", "2000");
  REQUIRE(writing.finish().ok());
  const auto reading = test::open(path);
  const auto epoch = [&](Time t) { return reading.state_at(t).partitions.at(0).epoch; };
  CHECK(reading.state_at(Time(999ms)).partitions.empty());
  CHECK(epoch(Time(1s)) == 0);
  CHECK(epoch(Time(2s) - 1ns) == 0);
  CHECK(epoch(Time(2s)) == 1000);
  CHECK(epoch(Time(3s)) == 2000);
}

TEST_CASE("keyframes: names that JSON must escape come back as they were", "[unit]") {
  test::Folder folder;
  const std::string path = folder.file("names.run");
  Recording writing = test::start(path, {.keyframe_after = 1});
  const std::string group = "group/a \"quoted\"\\ \n 그룹";
  writing.fact(Time(1s), group, "state", "Stable\t\"}");
  writing.fact(Time(2s), group, "members", "x");
  writing.fact(Time(2s), group, "members", "");
  REQUIRE(writing.finish().ok());
  REQUIRE(number(path, "SELECT max(fact) FROM keyframe") == 3);
  CHECK(test::open(path).facts_at(Time(2s)) ==
        Facts{{group, {{"state", "Stable\t\"}"}, {"members", ""}}}});
}
