// Why things happen: silence has no messenger, and yet each effect is told with what it is because
// of, and errors by Kafka's names.
#include "tests/runs/cluster_story.h"

using namespace brokerlab;
using namespace brokerlab::tests;

namespace {

sim::Process& process(scenarios::Cluster& cluster, std::string_view machine) {
  return *cluster.find(machine)->process;
}

}  // namespace

TEST_CASE("a follower that stands still leaves the ISR because it stands still", "[unit]") {
  const std::string story = tell(
      quiet_incident({"brokers.config.replica.lag.time.max.ms=4000"}), {"partition.isr_shrunk"},
      [](sim::World&, scenarios::Cluster& cluster) { process(cluster, "broker-3").pause(10s); });
  INFO(story);
  CHECK_THAT(story, Catch::Contains("jnu_wifi_auth-0: ISR shrank"));
  CHECK(story.find("<- process.paused") != std::string::npos);
  CHECK(story.find("<- process.started") == std::string::npos);
}

TEST_CASE("a group rebalances because a member was killed", "[unit]") {
  const std::string story =
      tell(quiet_incident({"consumers.0.config.session.timeout.ms=10000"}), {"group.rebalancing"},
           [](sim::World& world, scenarios::Cluster& cluster) {
             process(cluster, "nifi-2").kill();
             world.set_cause({});
           });
  INFO(story);
  CHECK_THAT(story, Catch::Contains("no heartbeat from nifi-2 <- process.killed"));
}

TEST_CASE("what is below min.insync.replicas says so, and a failed record is because of it",
          "[unit]") {
  const std::string story =
      tell(quiet_incident({"topics.0.config.min.insync.replicas=3", "producers.0.config.acks=all",
                           "producers.0.config.delivery.timeout.ms=31000"}),
           {"partition.under_min_isr", "producer.record_failed"},
           [](sim::World&, scenarios::Cluster& cluster) {
             cluster.find("broker-3")->machine->power_off();
           });
  INFO(story);
  CHECK_THAT(story, Catch::Contains("is below min.insync.replicas 3 (ISR [") &&
                        Catch::Contains("<- partition.isr_shrunk"));
  CHECK_THAT(story, Catch::Contains("gave up on") && Catch::Contains("<- partition.under_min_isr"));
}

TEST_CASE("a broker that loses ZooKeeper says so, and when it is back", "[unit]") {
  const std::string story =
      tell(quiet_incident(), {"broker.zookeeper_lost", "broker.zookeeper_back"},
           [](sim::World& world, scenarios::Cluster& cluster) {
             std::vector<sim::MachineId> ensemble;
             for (int i = 1; i <= 3; ++i) {
               ensemble.push_back(cluster.find(fmt::format("zookeeper-{}", i))->machine->id());
             }
             const std::vector<sim::MachineId> broker{cluster.find("broker-2")->machine->id()};
             const sim::Impairment cut{.cut = true};
             sim::Network& network = cluster.network();
             const auto one = network.impair(broker, ensemble, cut, {});
             world.set_cause({});
             const auto other = network.impair(ensemble, broker, cut, {});
             world.after(14s, [&network, one, other] {
               network.repair(one);
               network.repair(other);
             });
           });
  CHECK(story ==
        "broker-2 lost its connection to ZooKeeper <- network.cut\n"
        "broker-2 is connected to ZooKeeper again <- broker.zookeeper_lost\n");
}

TEST_CASE("an ensemble without a majority says so, once", "[unit]") {
  const std::string story = tell(quiet_incident(), {"zk.quorum_lost", "zk.quorum_back"},
                                 [](sim::World& world, scenarios::Cluster& cluster) {
                                   for (const char* name : {"zookeeper-1", "zookeeper-2"}) {
                                     process(cluster, name).kill();
                                     world.set_cause({});
                                   }
                                   world.after(20s, [&cluster] {
                                     for (const char* name : {"zookeeper-1", "zookeeper-2"}) {
                                       process(cluster, name).start();
                                     }
                                   });
                                 });
  INFO(story);
  CHECK_THAT(story, Catch::StartsWith("ZooKeeper has no quorum: zookeeper-3 finds no majority"));
  CHECK(std::count(story.begin(), story.end(), '\n') == 2);
  CHECK_THAT(story, Catch::Contains("ZooKeeper has a quorum again"));
}

TEST_CASE("clients say what they could not do: reach a broker, or get its answer", "[unit]") {
  const auto told = [](const Trouble& trouble) {
    return tell(quiet_incident({"producers.0.config.request.timeout.ms=5000",
                                "producers.0.config.delivery.timeout.ms=60000"}),
                {"producer.request_failed", "connection.broken"}, trouble);
  };
  const std::string silent = told(
      [](sim::World&, scenarios::Cluster& cluster) { process(cluster, "broker-1").pause(8s); });
  INFO(silent);
  CHECK_THAT(silent, Catch::Contains("wifi-auth got no answer from broker-1: request timed out <- "
                                     "connection.broken"));
  CHECK_THAT(silent, Catch::Contains("under way: request timed out <- process.paused"));
  const std::string refused =
      told([](sim::World&, scenarios::Cluster& cluster) { process(cluster, "broker-1").kill(); });
  INFO(refused);
  CHECK_THAT(refused, Catch::Contains("wifi-auth lost its connection to broker-1") &&
                          Catch::Contains("<- process.killed"));
}
