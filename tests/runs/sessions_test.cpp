// A broker's sessions over whole runs.
#include "tests/runs/cluster_story.h"

using namespace brokerlab;
using namespace brokerlab::tests;

// KafkaServer.startup ends in shutdown(), which closes the session: 18 s later nothing expires.
TEST_CASE("a start that fails closes its session", "[unit]") {
  const std::string story =
      tell(quiet_incident(),
           {"broker.start_failed", "zk.session_expired", "zk.session_closed", "process.exited"},
           [](sim::World& world, scenarios::Cluster& cluster) {
             sim::Process& broker = *cluster.find("broker-2")->process;
             broker.kill();
             world.after(2s, [&broker] { broker.start(); });
           });
  INFO(story);
  // The first life's session holds the registration until it expires; the second life gives up,
  // closes its own and comes again.
  const auto failed = story.find("broker-2 could not start: its registration still exists");
  REQUIRE(failed != std::string::npos);
  CHECK(story.find("broker-2 closed its ZooKeeper session", failed) != std::string::npos);
  std::size_t expired = 0;
  for (auto at = story.find("expired the session of broker-2"); at != std::string::npos;
       at = story.find("expired the session of broker-2", at + 1)) {
    ++expired;
  }
  CHECK(expired == 1);
}
