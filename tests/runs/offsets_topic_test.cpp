// __consumer_offsets as an operator made it (trial b01).
#include "tests/runs/cluster_story.h"

using namespace brokerlab;
using namespace brokerlab::tests;

namespace {

/// Its partitions and replicas as ZooKeeper has them, and what the group did.
std::string offsets_topic(const std::string& declared) {
  scenarios::LoadOptions options;
  const std::string text = R"json({
    "name": "offsets", "duration": "60s", "seed": 1,
    "hardware": {"box": {"cpu": {"cores": 4}, "disks": [{"kind": "ssd"}]}},
    "zookeeper": {"nodes": 3, "machine": "box"}, "brokers": {"count": 3, "machine": "box"},
    "topics": [{"name": "t", "partitions": 1, "replication.factor": 3})json" +
                           declared + R"json(],
    "sources": [{"name": "rows", "file": "scenarios/library/data/wifi_auth.csv",
                 "rate": [{"from": "10s", "rate": "20/s"}], "until": "40s"}],
    "producers": [{"name": "app", "machine": "box", "source": "rows", "topic": "t",
                   "config": {"acks": "all", "enable.idempotence": false}}],
    "consumers": [{"group": "g", "members": 1, "machine": "box", "topics": ["t"],
                   "config": {"auto.offset.reset": "earliest"}}]})json";
  const auto loaded = scenarios::parse_scenario(text, "offsets", BROKERLAB_SOURCE_DIR, options);
  INFO(to_text(loaded.errors));
  REQUIRE(loaded.scenario.has_value());
  return in_child([&] {
    sim::World world(1);
    scenarios::Ledger ledger(world);
    auto built = scenarios::Cluster::build(world, *loaded.scenario, ledger);
    REQUIRE(built.ok());
    (*built)->start();
    world.run(Time(60s));
    int partitions = 0;
    std::size_t replicas = 0;
    for (const auto& [name, view] : ledger.partitions()) {
      if (name.topic != model::offsets_topic) continue;
      ++partitions;
      replicas = std::max(replicas, view.replicas.size());
    }
    const auto& group = ledger.groups().at("g");
    std::int64_t committed = 0;
    for (const auto& [partition, offset] : group.committed) committed += offset;
    return fmt::format("{} partitions of {} replicas, {} of {} records committed", partitions,
                       replicas, committed, ledger.acknowledged());
  });
}

}  // namespace

TEST_CASE("brokers use the offsets topic that is there", "[unit]") {
  const std::string made = offsets_topic("");
  CHECK_THAT(made, Catch::StartsWith("50 partitions of 3 replicas, "));
  const std::string declared = offsets_topic(
      R"(, {"name": "__consumer_offsets", "partitions": 5, "replication.factor": 1})");
  CHECK_THAT(declared, Catch::StartsWith("5 partitions of 1 replicas, "));
  // The group works over it as over the other: everything is committed.
  const auto rest = [](const std::string& text) { return text.substr(text.find(", ")); };
  CHECK(rest(made) == rest(declared));
}
