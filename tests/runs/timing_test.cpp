// Times that follow from settings: the setting is changed, and the time follows. Others of the
// kind: incident_test.cpp (zookeeper.session.timeout.ms), controller_test.cpp (partitions),
// transactions_test.cpp (transaction.timeout.ms).
#include "tests/runs/cluster_story.h"

#include <sstream>

using namespace brokerlab;
using namespace brokerlab::tests;

namespace {

/// When events of that kind came, in seconds after the trouble at 30 s.
std::vector<double> dates_of(const scenarios::Scenario& scenario, const std::string& kind,
                             const Trouble& trouble, Duration until) {
  const std::string text = in_child([&] {
    sim::World world(1);
    scenarios::Ledger ledger(world);
    auto built = scenarios::Cluster::build(world, scenario, ledger);
    REQUIRE(built.ok());
    std::string dates;
    world.trace().subscribe([&](const sim::Event& event) {
      if (event.kind->name != kind || event.time < Time(30s)) return;
      dates += fmt::format("{:.6f} ", to_seconds(event.time - Time(30s)));
    });
    world.at(Time(30s), [&] { trouble(world, **built); });
    (*built)->start();
    world.run(Time(30s) + until);
    return dates;
  });
  std::istringstream in(text);
  std::vector<double> dates;
  for (double date = 0; in >> date;) dates.push_back(date);
  return dates;
}

}  // namespace

// Partition.getOutOfSyncReplicas: who has not caught up for replica.lag.time.max.ms leaves;
// ReplicaManager.startup looks every half of it ("isr-expiration").
TEST_CASE("an ISR shrinks between 1 and 1.5 times replica.lag.time.max.ms", "[unit]") {
  for (const int lag : {4, 10, 20}) {
    for (const int phase : {0, 3}) {
      scenarios::Scenario scenario =
          quiet_incident({fmt::format("brokers.config.replica.lag.time.max.ms={}", lag * 1000),
                          // Nobody notices the silence otherwise.
                          "brokers.config.zookeeper.session.timeout.ms=40000"});
      const std::vector<double> shrunk = dates_of(
          scenario, "partition.isr_shrunk",
          [&](sim::World& world, scenarios::Cluster& cluster) {
            world.after(Duration(1s) * phase, [&cluster] {
              // It stands still: its session lives, and it fetches no more.
              process_on(cluster, "broker-2").pause(60s);
            });
          },
          65s);
      INFO("lag limit " << lag << " s, " << phase << " s later, " << shrunk.size() << " shrunk");
      REQUIRE(!shrunk.empty());
      // What it fetched last may have waited for replica.fetch.wait.max.ms, half a second, and a
      // partition whose leader has nothing new is never behind.
      CHECK(shrunk.front() - phase > lag - 0.6);
      CHECK(shrunk.front() - phase < 1.5 * lag + 0.6);
    }
  }
}

// GroupCoordinator.completeAndScheduleNextHeartbeatExpiration, and what follows an expiry.
TEST_CASE("a group goes on without a dead member after session.timeout.ms", "[unit]") {
  for (const int session : {6, 15, 40}) {
    scenarios::Scenario scenario = quiet_incident({
        fmt::format("consumers.0.config.session.timeout.ms={}", session * 1000),
        "consumers.0.config.heartbeat.interval.ms=1000",
    });
    const std::vector<double> rebalances = dates_of(
        scenario, "group.rebalancing",
        [](sim::World&, scenarios::Cluster& cluster) {
          cluster.find("nifi-1")->machine->power_off();
        },
        60s);
    INFO("session " << session << " s");
    REQUIRE(rebalances.size() == 1);
    CHECK(rebalances.front() > session - 1.1);  // Heard of up to a heartbeat before.
    CHECK(rebalances.front() < session + 0.1);
  }
}
