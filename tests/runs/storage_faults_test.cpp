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
        "broker-1 on broker-1 exited: all its log directories have failed <- "
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
  CHECK(story == "disk 1 of broker-1 is 5 times as slow\n");
}
