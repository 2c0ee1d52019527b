// Idempotent producers in a whole cluster: who gives them their ids, and what brokers remember of
// them through kills, power cuts and elections.
#include "model/broker/broker.h"
#include "scenarios/cluster.h"
#include "tests/in_child.h"
#include "tests/runs/run_story.h"

#include <set>

using namespace brokerlab;
using namespace brokerlab::tests;

namespace {

std::vector<std::string> idempotent(std::vector<std::string> overrides) {
  overrides.emplace_back("producers.0.config.enable.idempotence=true");
  return overrides;
}

/// Ids of all producers that the brokers' logs know.
std::set<std::int64_t> known_producers(scenarios::Cluster& cluster) {
  std::set<std::int64_t> ids;
  for (int i = 1; i <= 3; ++i) {
    const auto* member = cluster.find(fmt::format("broker-{}", i));
    const auto* broker = dynamic_cast<const model::Broker*>(member->process->program());
    if (broker == nullptr) continue;
    for (const auto& [name, partition] : broker->replicas().partitions()) {
      for (const auto& [id, state] : partition->log().producers().all()) ids.insert(id);
    }
  }
  return ids;
}

}  // namespace

TEST_CASE("the incident of the library, with an idempotent producer: nothing twice, all in order",
          "[unit]") {
  const scenarios::RunReport report =
      play(load("wifi_auth_broker_crash_acks_all", idempotent(short_incident()), 1));
  INFO(report.text());
  CHECK(report.duplicates == 0);
  CHECK(report.reordered == 0);
  CHECK(report.failed == 0);
  CHECK(report.lost.empty());
  int promises = 0;
  for (const auto& one : report.invariants) {
    CHECK(one.held);
    promises += one.name.starts_with("idempotent_writes_") && one.checked > 1000 ? 1 : 0;
  }
  CHECK(promises == 2);
}

// RPCProducerIdManager, ZkProducerIdManager: a block of 1000 for each broker that is asked, out of
// /latest_producer_id_block; what a broker that dies has not given away is never given.
TEST_CASE("each life of a producer has an id of its own, whoever is the controller", "[unit]") {
  const std::string ids = in_child([] {
    const scenarios::Scenario scenario = [] {
      auto one = load("wifi_auth_broker_crash_acks_all", idempotent(short_incident()), 1);
      one.faults.clear();
      return one;
    }();
    sim::World world(1);
    scenarios::Ledger ledger(world);
    auto built = scenarios::Cluster::build(world, scenario, ledger);
    REQUIRE(built.ok());
    scenarios::Cluster& cluster = **built;
    sim::Process& producer = *cluster.find("wifi-auth")->process;
    for (const Duration when : {40s, 60s, 80s}) {
      world.at(Time(when), [&] { producer.kill(); });
      world.at(Time(when + 1s), [&] { producer.start(); });
    }
    world.at(Time(55s), [&] {
      cluster.find(fmt::format("broker-{}", ledger.controller().value()))->process->kill();
    });
    cluster.start();
    world.run(Time(110s));
    std::string all;
    for (const std::int64_t id : known_producers(cluster)) all += fmt::format("{} ", id);
    return all;
  });
  INFO(ids);
  int lives = 0;
  for (const char c : ids) lives += c == ' ' ? 1 : 0;
  CHECK(lives == 4);
  CHECK_THAT(ids, Catch::StartsWith("0 "));
}
