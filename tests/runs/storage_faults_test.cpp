// A whole cluster in which one broker's disk misbehaves.
#include "sim/disk_faults.h"
#include "tests/runs/cluster_story.h"

using namespace brokerlab;
using namespace brokerlab::tests;

namespace {

/// What is done to broker-1's machine.
std::string play(const std::function<void(sim::Machine&)>& trouble) {
  return tell(quiet_incident(),
              {"disk.slow", "disk.failing", "disk.full", "broker.log_directory_failed",
               "process.exited", "zk.session_expired", "invariant.violated", "record.lost"},
              [&](sim::World&, scenarios::Cluster& cluster) {
                trouble(*cluster.find("broker-1")->machine);
              });
}

}  // namespace

TEST_CASE("a broker whose disk is full halts, and the others go on", "[unit]") {
  const std::string story = play([](sim::Machine& machine) { sim::fill_disk(machine, 0); });
  CHECK(story ==
        "disk 1 of broker-1 has 0 B left\n"
        "broker-1 lost its only log directory: no space left on its disk <- disk.full\n"
        "broker-1 exited: all its log directories have failed <- "
        "broker.log_directory_failed\n"
        "ZooKeeper expired the session of broker-1 after 18s of silence <- process.exited\n");
}

TEST_CASE("a broker whose disk is dead halts at its next checkpoint", "[unit]") {
  const std::string story = play([](sim::Machine& machine) { sim::fail_disk(machine, 0); });
  CHECK(
      story.starts_with("disk 1 of broker-1 fails 100 % of its operations\n"
                        "broker-1 lost its only log directory: its disk failed <- disk.failing\n"));
}

TEST_CASE("a slow disk alone takes no broker away", "[unit]") {
  const std::string story = play([](sim::Machine& machine) { sim::slow_disk(machine, 0, 5); });
  CHECK(story == "disk 1 of broker-1 takes 5 times as long now\n");
}

// --- Two disks, a log directory on each ---

namespace {

const std::vector<std::string> two_disks{
    R"(hardware.office_server.disks=[{"kind":"hdd"},{"kind":"hdd"}])"};

/// How many partitions each directory of the broker has.
std::vector<std::size_t> logs_by_dir(scenarios::Cluster& cluster, int broker) {
  std::vector<std::size_t> logs;
  model::BrokerStorage& storage = cluster.storage(model::BrokerId(broker));
  for (int i = 0; i < storage.dirs(); ++i) {
    const auto names = storage.dir(i).env().list(model::log_root);
    logs.push_back(static_cast<std::size_t>(std::count_if(
        names->begin(), names->end(), [](const std::string& name) { return name.back() <= '9'; })));
  }
  return logs;
}

}  // namespace

TEST_CASE("a new log goes to the directory with the fewest, and to its disk", "[unit]") {
  const Trouble none = [](sim::World&, scenarios::Cluster&) {};
  const Trouble look = [](sim::World&, scenarios::Cluster& cluster) {
    for (int broker = 1; broker <= 3; ++broker) {
      INFO("broker " << broker);
      CHECK(logs_by_dir(cluster, broker) == std::vector<std::size_t>({28, 28}));
      sim::Machine& machine = *cluster.find(fmt::format("broker-{}", broker))->machine;
      for (int disk : {0, 1}) CHECK(machine.disk(disk).bytes_written() > 256_KiB);
    }
  };
  CHECK(tell(quiet_incident(two_disks), {}, none, look).empty());
}

TEST_CASE("a broker that loses one of two log directories goes on with the other", "[unit]") {
  const scenarios::Scenario scenario = quiet_incident(
      {two_disks[0], "producers.0.config.acks=all", "topics.0.config.min.insync.replicas=2"});
  const std::string story = tell(
      scenario,
      {"disk.failing", "broker.log_directory_offline", "broker.log_directory_failed",
       "controller.log_directory_failed", "process.exited", "zk.session_expired",
       "invariant.violated", "record.lost", "producer.record_failed", "partition.leader_elected",
       "partition.isr_shrunk", "partition.isr_expanded", "partition.leader_offline"},
      [](sim::World& world, scenarios::Cluster& cluster) {
        sim::Machine& machine = *cluster.find("broker-1")->machine;
        sim::fail_disk(machine, 1);
        // A new disk does not come by itself: the directory is back with the next start.
        world.at(Time(60s), [&] { sim::repair_disk(machine, 1); });
        world.at(Time(65s), [&] { cluster.find("broker-1")->process->terminate(); });
        world.at(Time(75s), [&] { cluster.find("broker-1")->process->start(); });
      });
  const auto count = [&](const std::string& what) {
    int found = 0;
    for (std::size_t at = story.find(what); at != std::string::npos; at = story.find(what, at + 1))
      ++found;
    return found;
  };
  INFO(story);
  CHECK(story.starts_with(
      "disk 2 of broker-1 fails 100 % of its operations\n"
      "broker-1 lost its log directory on disk 2: its disk failed <- disk.failing\n"
      "The controller noticed that broker-1 lost 28 replicas with a log directory <- "
      "broker.log_directory_offline\n"));
  // Who led there is followed by another; the rest leave the ISR. It comes back to all of them.
  CHECK(count("exited") == 1);
  CHECK(count("broker-1 exited: stopped") == 1);
  CHECK(count("has no leader") == 0);
  CHECK(count("is lost") + count("gave up") + count("Invariant") == 0);
  CHECK(count("ISR grew") >= 28);
}
