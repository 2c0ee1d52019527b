// Where the replicas of a topic are, and who makes it.
#include "tests/runs/cluster_story.h"

using namespace brokerlab;
using namespace brokerlab::tests;

namespace {

/// "t-0: 2,3; t-1: 3,1": the replicas of the topic's partitions as they are at 20 s, and the
/// leaders that they have.
std::string placed(const std::string& brokers, const std::string& topic) {
  const std::string text = fmt::format(R"json({{
    "name": "topics", "duration": "30s", "seed": 3,
    "hardware": {{"box": {{"cpu": {{"cores": 4}}, "disks": [{{"kind": "ssd"}}]}}}},
    "zookeeper": {{"nodes": 3, "machine": "box"}}, "brokers": {},
    "topics": [{}],
    "sources": [{{"name": "rows", "file": "scenarios/library/data/wifi_auth.csv",
                 "rate": [{{"from": "5s", "rate": "20/s"}}], "until": "15s"}}],
    "producers": [{{"name": "app", "machine": "box", "source": "rows", "topic": "t",
                   "config": {{"acks": "all", "enable.idempotence": false}}}}]}})json",
                                       brokers, topic);
  const auto loaded = scenarios::parse_scenario(text, "topics", BROKERLAB_SOURCE_DIR);
  INFO(to_text(loaded.errors));
  REQUIRE(loaded.scenario.has_value());
  return in_child([&] {
    sim::World world(3);
    scenarios::Ledger ledger(world);
    auto built = scenarios::Cluster::build(world, *loaded.scenario, ledger);
    REQUIRE(built.ok());
    (*built)->start();
    world.run(Time(20s));
    CHECK(ledger.acknowledged() > 100);
    std::string story;
    for (const auto& [name, view] : ledger.partitions()) {
      if (name.topic != "t") continue;
      story += story.empty() ? "" : "; ";
      story += name.name() + ":";
      for (const model::BrokerId one : view.replicas) story += fmt::format(" {}", one);
    }
    return story;
  });
}

const std::string three = R"({"count": 3, "machine": "box"})";

}  // namespace

TEST_CASE("a topic's replicas are where the scenario says", "[unit]") {
  CHECK(placed(three, R"({"name": "t", "replicas": [[2, 3], [3, 1], [3, 2]]})") ==
        "t-0: 2 3; t-1: 3 1; t-2: 3 2");
}

TEST_CASE("replicas are spread over the racks of the brokers", "[unit]") {
  const std::string story = placed(
      R"([{"count": 2, "machine": "box", "config": {"broker.rack": "a"}},
          {"count": 1, "machine": "box", "config": {"broker.rack": "b"}}])",
      R"({"name": "t", "partitions": 6, "replication.factor": 2})");
  INFO(story);
  // Broker 3, alone in its rack, has one of all of them.
  CHECK(std::count(story.begin(), story.end(), '3') == 6 + 1);  // and t-3
}

// KafkaApis.getTopicMetadata, DefaultAutoTopicCreationManager.
TEST_CASE("a topic that a client asks for is made with the brokers' defaults", "[unit]") {
  const std::string brokers = R"({"count": 3, "machine": "box", "config":
      {"num.partitions": 2, "default.replication.factor": 3}})";
  const std::string story = placed(brokers, R"({"name": "t", "auto_created": true})");
  INFO(story);
  CHECK(story.find("t-1: ") != std::string::npos);
  CHECK(story.find("t-2: ") == std::string::npos);
  CHECK(story.size() == std::string("t-0: 1 2 3; t-1: 2 3 1").size());
}
