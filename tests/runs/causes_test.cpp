// Why things happen: silence has no messenger, and yet each effect is told with what it is because
// of, and errors by Kafka's names.
#include "sim/disk_faults.h"
#include "tests/runs/cluster_story.h"

using namespace brokerlab;
using namespace brokerlab::tests;

TEST_CASE("a follower that stands still leaves the ISR because it stands still", "[unit]") {
  const std::string story = tell(
      quiet_incident({"brokers.config.replica.lag.time.max.ms=4000"}), {"partition.isr_shrunk"},
      [](sim::World&, scenarios::Cluster& cluster) { process_on(cluster, "broker-3").pause(10s); });
  INFO(story);
  CHECK_THAT(story, Catch::Contains("jnu_wifi_auth-0: ISR shrank"));
  CHECK(story.find("<- process.paused") != std::string::npos);
  CHECK(story.find("<- process.started") == std::string::npos);
}

TEST_CASE("a group rebalances because a member was killed", "[unit]") {
  const std::string story =
      tell(quiet_incident({"consumers.0.config.session.timeout.ms=10000"}), {"group.rebalancing"},
           [](sim::World& world, scenarios::Cluster& cluster) {
             process_on(cluster, "nifi-2").kill();
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
                                     process_on(cluster, name).kill();
                                     world.set_cause({});
                                   }
                                   world.after(20s, [&cluster] {
                                     for (const char* name : {"zookeeper-1", "zookeeper-2"}) {
                                       process_on(cluster, name).start();
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
      [](sim::World&, scenarios::Cluster& cluster) { process_on(cluster, "broker-1").pause(8s); });
  INFO(silent);
  CHECK_THAT(silent, Catch::Contains("wifi-auth got no answer from broker-1: request timed out <- "
                                     "connection.broken"));
  CHECK_THAT(silent, Catch::Contains("under way: request timed out <- process.paused"));
  const std::string refused = told(
      [](sim::World&, scenarios::Cluster& cluster) { process_on(cluster, "broker-1").kill(); });
  INFO(refused);
  CHECK_THAT(refused, Catch::Contains("wifi-auth lost its connection to broker-1") &&
                          Catch::Contains("<- process.killed"));
}

TEST_CASE("acknowledgments that wait for a replica say for which, and why it does not fetch",
          "[unit]") {
  const auto with = [](const std::string& delivery) {
    return quiet_incident({"producers.0.config.acks=all",
                           "producers.0.config.request.timeout.ms=4000",
                           "producers.0.config.delivery.timeout.ms=" + delivery});
  };
  const std::vector<std::string> kinds{"partition.replication_stalled",
                                       "partition.replication_resumed", "connection.broken",
                                       "producer.record_failed", "producer.acknowledgment_waited"};
  // Clients reach every broker; one follower is cut off for less than replica.lag.time.max.ms.
  const Trouble cut = [](sim::World& world, scenarios::Cluster& cluster) {
    const std::vector<sim::MachineId> one{cluster.find("broker-3")->machine->id()};
    const std::vector<sim::MachineId> others{cluster.find("broker-1")->machine->id(),
                                             cluster.find("broker-2")->machine->id()};
    const sim::Impairment nothing{.cut = true};
    sim::Network& network = cluster.network();
    const auto there = network.impair(one, others, nothing, {});
    world.set_cause({});
    const auto back = network.impair(others, one, nothing, {});
    world.after(14s, [&network, there, back] {
      network.repair(there);
      network.repair(back);
    });
  };
  const std::string failed = tell(with("9000"), kinds, cut);
  INFO(failed);
  CHECK_THAT(failed, Catch::Contains("broker-1 cannot acknowledge acks=all records of "
                                     "jnu_wifi_auth-") &&
                         Catch::Contains("waits for broker-3, in the ISR [") &&
                         Catch::Contains("<- network.cut"));
  CHECK_THAT(failed, Catch::Contains("wifi-auth lost its connection to broker-1") &&
                         Catch::Contains("request timed out <- partition.replication_stalled"));
  CHECK_THAT(failed, Catch::Contains("REQUEST_TIMED_OUT <- partition.replication_stalled"));
  CHECK_THAT(failed, Catch::Contains("again: broker-3 caught up <- partition.replication_stalled"));
  const std::string late = tell(with("60000"), kinds, cut);
  INFO(late);
  CHECK(late.find("gave up") == std::string::npos);
  CHECK_THAT(late, Catch::Contains("[attempts that failed with REQUEST_TIMED_OUT ("));
  // Patient enough, it waits at the leader.
  const std::string patient = tell(quiet_incident({"producers.0.config.acks=all"}), kinds, cut);
  INFO(patient);
  CHECK_THAT(patient, Catch::Contains("[the ISR to replicate it, acks=all (") &&
                          Catch::Contains("] <- partition.replication_stalled"));
}

TEST_CASE("a record that is given up says what the last answer was", "[unit]") {
  const std::string story = tell(
      quiet_incident({"topics.0.config.min.insync.replicas=3", "producers.0.config.acks=all",
                      "producers.0.config.request.timeout.ms=5000",
                      "producers.0.config.delivery.timeout.ms=12000",
                      "brokers.config.replica.lag.time.max.ms=2000"}),
      {"producer.record_failed"},
      [](sim::World&, scenarios::Cluster& cluster) { process_on(cluster, "broker-3").pause(30s); });
  INFO(story);
  CHECK_THAT(story, Catch::Contains("REQUEST_TIMED_OUT, after NOT_ENOUGH_REPLICAS") &&
                        Catch::Contains("<- partition.under_min_isr"));
}

TEST_CASE("acknowledgments that take long say where the time went", "[unit]") {
  const std::vector<std::string> kinds{"producer.acknowledgment_waited", "consumer.fetch_waited"};
  const auto told = [&](std::vector<std::string> settings, const Trouble& trouble) {
    return tell(quiet_incident(std::move(settings)), kinds, trouble);
  };
  const Trouble nothing = [](sim::World&, scenarios::Cluster&) {};
  const std::string undisturbed = told({}, nothing);
  INFO(undisturbed);
  CHECK(undisturbed.find("fetch.min.bytes") == std::string::npos);
  CHECK(undisturbed.find("linger.ms") == std::string::npos);
  CHECK_THAT(told({"producers.0.config.linger.ms=400"}, nothing),
             Catch::Contains("[linger.ms = 400ms (400 ms)]"));
  const std::string held_back = told(
      {"consumers.0.config.fetch.min.bytes=900000", "consumers.0.config.fetch.max.wait.ms=700"},
      nothing);
  INFO(held_back);
  CHECK_THAT(held_back, Catch::Contains("answers a fetch of nifi-1 after 700ms: "));
  // A connection has one request in the works: it takes two producers to crowd a thread.
  scenarios::Scenario crowded =
      quiet_incident({"topics.0.config.flush.messages=1", "brokers.config.num.io.threads=1"});
  crowded.sources.push_back(crowded.sources.front());
  crowded.sources.back().name = "other";
  crowded.producers.push_back(crowded.producers.front());
  crowded.producers.back().name = "wifi-auth-2";
  crowded.producers.back().source = "other";
  const std::string disk = tell(crowded, kinds, [](sim::World&, scenarios::Cluster& cluster) {
    sim::slow_disk(*cluster.find("broker-1")->machine, 0, 30);
  });
  INFO(disk);
  CHECK_THAT(disk, Catch::Contains("the disk of broker-1 ("));
  CHECK_THAT(disk, Catch::Contains("an I/O thread of broker-1, num.io.threads ("));
  const std::string card = told({}, [](sim::World&, scenarios::Cluster& cluster) {
    cluster.network().slow_nic(cluster.find("wifi-auth")->machine->id(), BytesPerSecond(3000), {});
  });
  INFO(card);
  CHECK_THAT(card, Catch::Contains("[the network card of wifi-auth, which is full ("));
}
