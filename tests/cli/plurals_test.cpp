// One of a thing is told as one: "1 record", not "1 records".
#include "tests/cli/command.h"
#include "tests/log/partition_story.h"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <regex>
#include <set>

using namespace brokerlab;
using test::command;

namespace {

/// Every "1 things" of a text; "broker-1 leads", "1.1 reads" and "0 of 1 files" are none.
std::string plural_ones(const std::string& text) {
  static const std::regex form("(^|[^-.,:0-9A-Za-z/])(1 ([A-Za-z]{2,}s))\\b");
  static const std::set<std::string> no_plurals{"is", "was", "has"};
  std::string found;
  for (std::sregex_iterator one(text.begin(), text.end(), form), end; one != end; ++one) {
    const bool ratio = one->prefix().str().ends_with(" of");
    const bool pace = one->suffix().str().starts_with(" real time");
    if (!ratio && !pace && !no_plurals.contains((*one)[3])) found += (*one)[2].str() + "; ";
  }
  return found;
}

/// As little as a cluster can be, and it loses what it has.
const std::vector<std::string> least{
    "duration=60s",
    "zookeeper.nodes=1",
    "brokers.count=1",
    R"(brokers.config={"offsets.topic.replication.factor":1,"offsets.topic.num.partitions":1})",
    R"(topics.0={"name":"logins","partitions":1,"replication.factor":1})",
    R"(sources.0.rate=[{"from":"10s","rate":"1/s"}])",
    "sources.0.until=11500ms",
    R"(faults=[{"at":"12s","power_off":"broker-1"},{"at":"20s","power_on":"broker-1"}])",
    "expect=[]"};

}  // namespace

TEST_CASE("nothing says \"1 things\" of a cluster of one", "[unit]") {
  REQUIRE(plural_ones("1 records, 2 records, broker-1 leads, 1.1 reads, (1 times)") ==
          "1 records; 1 times; ");
  const log::test::TemporaryFolder folder;
  const std::string recording = folder.path() + "/one.run";
  const std::string scenario = BROKERLAB_SOURCE_DIR "/tests/scenarios/small.json";
  std::vector<std::string> sets;
  for (const std::string& one : least) sets.insert(sets.end(), {"--set", one});
  const auto with_sets = [&](std::vector<std::string> words) {
    words.insert(words.end(), sets.begin(), sets.end());
    return words;
  };
  const auto show = command(with_sets({"scenarios", "show", scenario}));
  INFO(show.err);
  REQUIRE(show.status == 0);
  CHECK_THAT(show.out, Catch::Contains("1 broker, 1 ZooKeeper node; topics: logins (1 partition,"));
  const auto run = command(with_sets({"run", scenario, "--record", recording}));
  INFO(run.err << run.out);
  REQUIRE(run.status <= 2);
  const auto trace = command({"trace", recording, "--level", "detail", "--internal"});
  REQUIRE(trace.status == 0);
  CHECK(plural_ones(show.out) == "");
  CHECK(plural_ones(run.out) == "");
  CHECK(plural_ones(trace.out) == "");
}
