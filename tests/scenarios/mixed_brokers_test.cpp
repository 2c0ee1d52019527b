// Brokers of several kinds in one cluster.
#include "scenarios/loader.h"

#include <catch2/catch.hpp>

using namespace brokerlab;
using namespace brokerlab::scenarios;

namespace {

/// The small scenario with these brokers.
Loaded with_brokers(const std::string& brokers, std::vector<std::string> overrides = {}) {
  overrides.insert(overrides.begin(), "brokers=" + brokers);
  return load_scenario(std::string(BROKERLAB_SOURCE_DIR) + "/tests/scenarios/small.json",
                       {overrides, {}});
}

Scenario mixed(const std::vector<std::string>& overrides = {}) {
  const Loaded loaded = with_brokers(
      R"([{"count": 2, "machine": "pc", "config": {"num.io.threads": 4}},
          {"count": 3, "machine": "linkedin_2014", "config": {"num.io.threads": 16}}])",
      overrides);
  INFO(to_text(loaded.errors));
  REQUIRE(loaded.scenario.has_value());
  return *loaded.scenario;
}

std::string broker_mistakes(const std::string& brokers) {
  std::string text;
  for (const Problem& problem : with_brokers(brokers).errors) {
    text += problem.path + ": " + problem.value + ": " + problem.message + "\n";
  }
  return text;
}

}  // namespace

TEST_CASE("mixed brokers: numbers go on over the groups, each with its machine and settings",
          "[unit]") {
  const Scenario s = mixed();
  CHECK(s.broker_count() == 5);
  std::string brokers;
  for (const MachineRole& machine : machines_of(s)) {
    if (machine.role != Role::broker) continue;
    brokers += fmt::format("{} {} {}, ", machine.name, machine.kind,
                           s.brokers[machine.spec].config.num_io_threads);
  }
  CHECK(brokers ==
        "broker-1 pc 4, broker-2 pc 4, broker-3 linkedin_2014 16, broker-4 linkedin_2014 16, "
        "broker-5 linkedin_2014 16, ");
}

TEST_CASE("mixed brokers: an override names the group", "[unit]") {
  const Scenario s = mixed({"brokers.1.config.num.network.threads=7", "brokers.0.count=4"});
  CHECK(s.brokers[0].config.num_network_threads == 3);
  CHECK(s.brokers[1].config.num_network_threads == 7);
  CHECK(s.broker_count() == 7);
}

TEST_CASE("mixed brokers: the effective text has the groups, and one group by itself", "[unit]") {
  const Scenario s = mixed();
  const Loaded again = parse_scenario(effective_text(s), "again", s.directory);
  INFO(to_text(again.errors));
  REQUIRE(again.scenario.has_value());
  CHECK(effective_text(*again.scenario) == effective_text(s));
  CHECK(again.scenario->broker_count() == 5);
  const Loaded one = with_brokers(R"([{"count": 3, "machine": "pc"}])");
  REQUIRE(one.scenario.has_value());
  CHECK(effective_text(*one.scenario) ==
        effective_text(*with_brokers(R"({"count": 3, "machine": "pc"})").scenario));
}

TEST_CASE("mixed brokers: a mistake is told at its group", "[unit]") {
  CHECK(broker_mistakes(R"([{"count": 2}, {"count": 2, "machine": "pd"}])")
            .find("/brokers/1/machine: ") == 0);
  // Behind what is wrong with the brokers themselves, which --set wrote.
  CHECK(
      broker_mistakes(R"([{"count": 1}, {"count": 1}])")
          .find("\n/topics/0/replication.factor: 3: must not exceed the number of brokers, 2\n") !=
      std::string::npos);
  CHECK(broker_mistakes("[]").find("/brokers: []: has 0 elements; must have from 1 to 100") == 0);
  CHECK(broker_mistakes("7").find("/brokers: 7: must be an object (Brokers)") == 0);
  CHECK(broker_mistakes(R"([{"count": 60}, {"count": 60}])") ==
        "/brokers: 120: at most 100 brokers\n");
  CHECK(broker_mistakes(R"([{"count": 2}, {"count": 2, "config": {"log.retenton.ms": 1}}])")
            .find("/brokers/1/config/log.retenton.ms: ") == 0);
}

TEST_CASE("mixed brokers: what any of them may decide for the cluster is the same in all",
          "[unit]") {
  CHECK(broker_mistakes(
            R"([{"count": 2, "config": {"offsets.topic.num.partitions": 10}}, {"count": 2}])") ==
        "/brokers/1/config/offsets.topic.num.partitions: 50: must be the same in all groups of "
        "brokers, 10 as in /brokers/0: whichever broker is asked first would decide\n");
  // A leader's own rule is its own.
  CHECK(broker_mistakes(R"([{"count": 2}, {"count": 2, "config": {"min.insync.replicas": 2}}])")
            .empty());
  CHECK(broker_mistakes(R"([{"count": 3}, {"count": 1, "config": {"min.insync.replicas": 4}}])")
            .find("/brokers/1/config/min.insync.replicas: 4: exceeds the replication factor") == 0);
}
