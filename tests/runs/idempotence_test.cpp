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

// Sender.sendProducerData: what is taken for a connection is in flight with what went out on it.
// Found by drawing: a batch that was taken when its connection ended went out on the next one, in
// front of those before it.
TEST_CASE("a batch is not sent in front of those that its broken connection took", "[unit]") {
  const auto loaded = scenarios::parse_scenario(R"json({
    "name": "idle", "duration": "10s", "seed": 921,
    "hardware": {"zk": {"disks": [{"kind": "nvme"}]}, "cl": {"nic": {"rate": "100Mbps"}}},
    "zookeeper": {"machine": "zk"},
    "brokers": {"count": 5, "config": {"connections.max.idle.ms": 1}},
    "topics": [{"name": "t", "partitions": 7, "replication.factor": 2}],
    "sources": [{"name": "users", "record_size": "10KB",
                 "loop": {"closed": {"users": 29, "think_time": "20ms"}}}],
    "producers": [{"name": "app", "machine": "cl", "source": "users", "topic": "t",
                   "config": {"compression.type": "lz4"}}]})json",
                                                "idle", "");
  REQUIRE(loaded.scenario.has_value());
  std::int64_t acknowledged = 0;
  for (const std::int64_t seed : {921, 1, 2, 3, 4, 5}) {
    scenarios::Scenario scenario = *loaded.scenario;
    scenario.seed = seed;
    const scenarios::RunReport report = play(scenario);
    INFO(seed << " " << report.text());
    CHECK(report.duplicates == 0);
    CHECK(report.reordered == 0);
    // Some never get as far as their producer id, so soon are their connections closed.
    acknowledged += report.acknowledged;
  }
  CHECK(acknowledged > 50);
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
