// The controller over whole runs: what it does first, and how long it takes.
#include "tests/runs/cluster_story.h"

using namespace brokerlab;
using namespace brokerlab::tests;

namespace {

const scenarios::Cluster::Member& controller_of(scenarios::Cluster& cluster) {
  for (const scenarios::Cluster::Member& member : cluster.members()) {
    if (member.role.role != scenarios::Role::broker) continue;
    const model::Broker* broker = cluster.broker(cluster.broker_id(member));
    if (broker != nullptr && broker->controller().active()) return member;
  }
  FAIL("nobody is the controller");
  return cluster.members().front();
}

int count_of(std::string_view story, std::string_view text) {
  int count = 0;
  for (auto at = story.find(text); at != std::string::npos; at = story.find(text, at + 1)) ++count;
  return count;
}

const std::vector<std::string> decisions{"partition.leader_elected", "partition.isr_shrunk"};

}  // namespace

// KafkaController.onControllerFailover: replicaStateMachine.startup(), and only then
// partitionStateMachine.startup(); each writes a leader epoch. (real_cluster.md, difference 1.)
TEST_CASE("a new controller takes the dead out of the ISRs before it elects, one epoch each",
          "[unit]") {
  const std::string story = tell(
      quiet_incident(), decisions,
      [](sim::World&, scenarios::Cluster& cluster) { controller_of(cluster).process->kill(); });
  INFO(story);
  const auto first = story.find("is now led by");
  REQUIRE(first != std::string::npos);
  CHECK(count_of(story, "is now led by") > 0);
  CHECK(count_of(story, "is now led by") == count_of(story, ", epoch 2,"));
  CHECK(count_of(std::string_view(story).substr(0, first), "ISR shrank") ==
        count_of(story, "ISR shrank"));
}

// KafkaController.onReplicasBecomeOffline: elections come first, and take the dead out with them.
TEST_CASE("a controller that sees a broker die elects first, one epoch", "[unit]") {
  const std::string story =
      tell(quiet_incident(), decisions, [](sim::World&, scenarios::Cluster& cluster) {
        const std::string controller = controller_of(cluster).role.name;
        process_on(cluster, controller == "broker-2" ? "broker-3" : "broker-2").kill();
      });
  INFO(story);
  const auto first = story.find("ISR shrank");
  REQUIRE(first != std::string::npos);
  CHECK(count_of(story, "is now led by") > 0);
  CHECK(count_of(story, "is now led by") == count_of(story, ", epoch 1,"));
  CHECK(count_of(std::string_view(story).substr(0, first), "is now led by") ==
        count_of(story, "is now led by"));
}

// KafkaController.doControlledShutdown: leaders are moved and told; then the states of what the
// broker follows are read, and written without it. (real_cluster.md, difference 8.)
TEST_CASE("a controlled shutdown moves leaders first, and the followers out of the ISRs later",
          "[unit]") {
  std::vector<Time> led;
  std::vector<Time> shrunk;
  const Trouble trouble = [&](sim::World& world, scenarios::Cluster& cluster) {
    world.trace().subscribe([&](const sim::Event& event) {
      if (event.kind->name == "partition.leader_elected") led.push_back(event.time);
      if (event.kind->name == "partition.isr_shrunk") shrunk.push_back(event.time);
    });
    const std::string controller = controller_of(cluster).role.name;
    process_on(cluster, controller == "broker-2" ? "broker-3" : "broker-2").terminate();
  };
  tell(quiet_incident(), {}, trouble, [&](sim::World&, scenarios::Cluster&) {
    REQUIRE_FALSE(led.empty());
    REQUIRE_FALSE(shrunk.empty());
    CHECK(led.front() == led.back());
    // A look at ZooKeeper, then a write that its disks sync.
    CHECK(shrunk.front() - led.back() > 5ms);
  });
}

namespace {

/// From its election to the first leader that a new controller elects, in nanoseconds.
double reload(int partitions) {
  scenarios::Scenario scenario = quiet_incident({"zookeeper.machine=desktop"});
  scenario.topics[0].partitions = partitions;
  const std::string text = in_child([&] {
    sim::World world(1);
    scenarios::Ledger ledger(world);
    auto built = scenarios::Cluster::build(world, scenario, ledger);
    REQUIRE(built.ok());
    Time elected{};
    Time led{};
    world.trace().subscribe([&](const sim::Event& event) {
      if (event.kind->name == "controller.elected") elected = event.time;
      if (event.kind->name == "partition.leader_elected" && led == Time{}) led = event.time;
    });
    world.at(Time(30s), [&] {
      led = {};
      controller_of(**built).process->kill();
    });
    (*built)->start();
    world.run(Time(60s));
    REQUIRE(elected > Time(30s));
    REQUIRE(led > elected);
    return std::to_string((led - elected).count());
  });
  return std::stod(text);
}

}  // namespace

// KafkaController.initializeControllerContext and what follows ask ZooKeeper once a partition and
// step, with so many requests in flight.
TEST_CASE("a new controller reloads in proportion to the partitions", "[unit]") {
  const double few = reload(250);
  const double more = reload(500);
  const double many = reload(1000);
  INFO(few << ", " << more << ", " << many << " ns");
  CHECK(more / few == Approx(2).margin(0.2));
  CHECK(many / more == Approx(2).margin(0.2));
}
