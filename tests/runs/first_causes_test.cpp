// The first cause is what went wrong in the world, not what a program happened to do last before it
// fell silent: a cause is never older than the state that it explains.
#include "tests/runs/cluster_story.h"

using namespace brokerlab;
using namespace brokerlab::tests;

namespace {

std::vector<sim::MachineId> machines(scenarios::Cluster& cluster,
                                     const std::vector<std::string>& names) {
  std::vector<sim::MachineId> ids;
  for (const std::string& name : names) ids.push_back(cluster.find(name)->machine->id());
  return ids;
}

/// Nothing passes between them for so long.
void cut(sim::World& world, sim::Network& network, const std::vector<sim::MachineId>& some,
         const std::vector<sim::MachineId>& others, Duration length) {
  const sim::Impairment nothing{.cut = true};
  world.set_cause({});
  const auto one = network.impair(some, others, nothing, {});
  world.set_cause({});
  const auto back = network.impair(others, some, nothing, {});
  world.after(length, [&world, &network, one, back] {
    world.set_cause({});
    network.repair(one);
    world.set_cause({});
    network.repair(back);
  });
}

int times_told(const std::string& story, std::string_view what) {
  int found = 0;
  for (auto at = story.find(what); at != std::string::npos; at = story.find(what, at + 1)) ++found;
  return found;
}

}  // namespace

TEST_CASE("whoever loses ZooKeeper with its leader loses it because the leader is gone", "[unit]") {
  // Each server in turn: one of them leads. Who is connected to none of the others loses nothing.
  int lost = 0;
  for (const char* server : {"zookeeper-1", "zookeeper-2", "zookeeper-3"}) {
    const std::string story =
        tell(quiet_incident(), {"broker.zookeeper_lost"},
             [&](sim::World&, scenarios::Cluster& cluster) { process_on(cluster, server).kill(); });
    INFO(server << "\n" << story);
    lost += times_told(story, "lost its connection");
    CHECK(times_told(story, "<- process.killed") == times_told(story, "lost its connection"));
  }
  CHECK(lost >= 3);
}

TEST_CASE("a server that finds nobody is no lost quorum while the others have one", "[unit]") {
  const std::string story =
      tell(quiet_incident(), {"zk.quorum_lost", "zk.quorum_back", "network.cut"},
           [](sim::World& world, scenarios::Cluster& cluster) {
             for (const char* name : {"zookeeper-1", "zookeeper-2", "zookeeper-3"}) {
               std::vector<std::string> others{"zookeeper-1", "zookeeper-2", "zookeeper-3"};
               std::erase(others, name);
               const bool first = std::string_view(name) == "zookeeper-1";
               world.after(first                                     ? 0s
                           : std::string_view(name) == "zookeeper-2" ? 20s
                                                                     : 40s,
                           [&world, &cluster, name, others] {
                             cut(world, cluster.network(), machines(cluster, {name}),
                                 machines(cluster, others), 12s);
                           });
             }
           });
  INFO(story);
  CHECK(times_told(story, "nothing gets from") == 6);
  CHECK(times_told(story, "quorum") == 0);
}

TEST_CASE("an ISR grows again because the network was mended", "[unit]") {
  const std::string story = tell(quiet_incident({"brokers.config.replica.lag.time.max.ms=4000"}),
                                 {"partition.isr_shrunk", "partition.isr_expanded"},
                                 [](sim::World& world, scenarios::Cluster& cluster) {
                                   cut(world, cluster.network(), machines(cluster, {"broker-3"}),
                                       machines(cluster, {"broker-1", "broker-2"}), 12s);
                                 });
  INFO(story);
  CHECK(times_told(story, "ISR grew") > 6);
  CHECK(times_told(story, "<- network.healed") == times_told(story, "ISR grew"));
}

TEST_CASE("a request to a former leader timed out because its followers were out of reach",
          "[unit]") {
  const std::string story = tell(quiet_incident({"producers.0.config.acks=all",
                                                 "producers.0.config.request.timeout.ms=25000"}),
                                 {"connection.broken", "partition.replication_stalled"},
                                 [](sim::World& world, scenarios::Cluster& cluster) {
                                   cut(world, cluster.network(), machines(cluster, {"broker-1"}),
                                       machines(cluster, {"broker-2", "broker-3", "zookeeper-1",
                                                          "zookeeper-2", "zookeeper-3"}),
                                       50s);
                                 });
  INFO(story);
  const auto line = story.find("wifi-auth lost its connection to broker-1");
  REQUIRE(line != std::string::npos);
  CHECK_THAT(story.substr(line, story.find('\n', line) - line),
             Catch::Contains("<- partition.replication_stalled"));
  CHECK_THAT(story, Catch::Contains("for at most replica.lag.time.max.ms = 30s <- network.cut"));
}

// The old leader may fail a request long after the new one was asked, and what was fetched before
// the trouble may be worked on long after: neither is an interruption, or its end.
TEST_CASE("a consumer reads again when an answer comes, once, after as long as it asked",
          "[unit]") {
  const std::string story =
      tell(quiet_incident(), {"consumer.resumed", "machine.power_off", "partition.leader_elected"},
           [](sim::World&, scenarios::Cluster& cluster) {
             cluster.find("broker-1")->machine->power_off();
           });
  INFO(story);
  for (int partition = 0; partition < 6; ++partition) {
    CHECK(times_told(story, fmt::format("reads jnu_wifi_auth-{} again", partition)) <= 1);
  }
  CHECK(times_told(story, "reads jnu_wifi_auth-") >= 1);
  CHECK(times_told(story, " after ") == times_told(story, "reads jnu_wifi_auth-"));
  CHECK(times_told(story, "from broker-1") == 0);
}
