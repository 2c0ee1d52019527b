// A whole cluster in which one broker's disk misbehaves. The load is that of the wifi incident; the
// scenario's own faults are left out.
#include "scenarios/cluster.h"
#include "sim/disk_faults.h"
#include "tests/in_child.h"
#include "tests/runs/run_story.h"

using namespace brokerlab;
using namespace brokerlab::tests;

namespace {

/// What is done to broker-1 at 30 s, and what has happened by 90 s: one line an event that says so.
std::string play(const std::function<void(scenarios::Cluster&, sim::Machine&)>& trouble) {
  scenarios::Scenario scenario = load("wifi_auth_broker_crash", short_incident(), 1);
  scenario.faults.clear();
  sim::World world(1);
  scenarios::Ledger ledger(world);
  auto built = scenarios::Cluster::build(world, scenario, ledger);
  REQUIRE(built.ok());
  scenarios::Cluster& cluster = **built;
  std::string story;
  const std::vector<std::string> told{
      "disk.slow",      "disk.failing",       "disk.full",          "broker.log_directory_failed",
      "process.exited", "zk.session_expired", "invariant.violated", "record.lost"};
  world.trace().subscribe([&](const sim::Event& event) {
    const bool tell = std::find(told.begin(), told.end(), event.kind->name) != told.end();
    if (!tell) return;
    story += world.trace().sentence(event, sim::Language::english);
    story += event.cause ? fmt::format(" <- {}\n", world.trace().event(event.cause).kind->name)
                         : std::string("\n");
  });
  world.at(Time(30s), [&] {
    world.set_cause({});
    trouble(cluster, *cluster.find("broker-1")->machine);
  });
  cluster.start();
  world.run(Time(90s));
  return story;
}

}  // namespace

TEST_CASE("a broker whose disk is full halts, and the others go on", "[unit]") {
  const std::string story = in_child([] {
    return play([](scenarios::Cluster&, sim::Machine& machine) { sim::fill_disk(machine, 0); });
  });
  CHECK(story ==
        "disk 1 of broker-1 has 0 B left\n"
        "broker-1 lost its only log directory: no space left on its disk <- disk.full\n"
        "broker-1 on broker-1 exited: all its log directories have failed <- "
        "broker.log_directory_failed\n"
        "ZooKeeper expired the session of broker-1 after 18s of silence <- process.exited\n");
}

TEST_CASE("a broker whose disk is dead halts at its next checkpoint", "[unit]") {
  const std::string story = in_child([] {
    return play([](scenarios::Cluster&, sim::Machine& machine) { sim::fail_disk(machine, 0); });
  });
  CHECK(
      story.starts_with("disk 1 of broker-1 fails 100 % of its operations\n"
                        "broker-1 lost its only log directory: its disk failed <- disk.failing\n"));
}

TEST_CASE("a slow disk alone takes no broker away", "[unit]") {
  const std::string story = in_child([] {
    return play([](scenarios::Cluster&, sim::Machine& machine) { sim::slow_disk(machine, 0, 5); });
  });
  CHECK(story == "disk 1 of broker-1 is 5 times as slow\n");
}
