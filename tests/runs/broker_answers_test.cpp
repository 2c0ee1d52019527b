// What brokers answer where a rule of theirs decides what clients and followers do next. Each names
// the method of Kafka's that it is held against.
#include "tests/runs/cluster_story.h"

using namespace brokerlab;
using namespace brokerlab::tests;

namespace {

struct Shop {
  std::string duration = "100s";
  std::string brokers = R"("count": 3)";
  std::string topic = R"("partitions": 1, "replication.factor": 3)";
  std::string until = "80s";
  std::string producer = R"("config": {})";
  std::string reader;  ///< Members of the group's JSON; empty: nobody reads.
  std::string operations = "[]";
  std::string faults = "[]";

  scenarios::Scenario scenario() const {
    const std::string consumers =
        reader.empty()
            ? std::string("[]")
            : fmt::format(R"([{{"group": "g", "machine": "box", "topics": ["t"], {}}}])", reader);
    const std::string text = fmt::format(
        R"json({{"name": "shop", "duration": "{}", "seed": 3,
          "hardware": {{"box": {{"cpu": {{"cores": 4}}, "disks": [{{"kind": "ssd"}}]}}}},
          "zookeeper": {{"nodes": 3, "machine": "box"}},
          "brokers": {{"machine": "box", {}}},
          "topics": [{{"name": "t", {}}}],
          "sources": [{{"name": "rows", "file": "data/wifi_auth.csv", "until": "{}",
                        "rate": [{{"from": "5s", "rate": "50/s"}}]}}],
          "producers": [{{"name": "app", "machine": "box", "source": "rows", "topic": "t", {}}}],
          "consumers": {}, "operations": {}, "faults": {}}})json",
        duration, brokers, topic, until, producer, consumers, operations, faults);
    const scenarios::Loaded loaded = scenarios::parse_scenario(
        text, "shop", std::string(BROKERLAB_SOURCE_DIR) + "/scenarios/library");
    INFO(to_text(loaded.errors));
    REQUIRE(loaded.scenario.has_value());
    return *loaded.scenario;
  }
};

using Look = std::function<std::string(sim::World&, scenarios::Cluster&)>;

/// What `look` finds at that date, in a process of its own; `watch` sees the cluster before.
std::string seen_at(const Shop& shop, Duration date, const Look& look, const Trouble& watch = {}) {
  const scenarios::Scenario scenario = shop.scenario();
  return in_child([&] {
    sim::World world(3);
    scenarios::Ledger ledger(world);
    auto built = scenarios::Cluster::build(world, scenario, ledger);
    REQUIRE(built.ok());
    if (watch) watch(world, **built);
    (*built)->start();
    world.run(Time(date));
    return look(world, **built);
  });
}

}  // namespace

// Partition.fetchOffsetForTimestamp: the high watermark tells, whatever the isolation.
TEST_CASE("under a new leader the end is told although a transaction is open", "[unit]") {
  Shop shop;
  shop.duration = "90s";
  shop.brokers = R"("count": 3, "config": {"zookeeper.session.timeout.ms": 6000})";
  shop.producer = R"("config": {"transactional.id": "tx", "transaction.timeout.ms": 600000},
                     "transaction": {"records": 1000000, "length": "80s"})";
  shop.reader = R"("config": {"auto.offset.reset": "latest",
                              "isolation.level": "read_committed"},
                   "actions": [{"at": "50s", "do": "seek_to_end"}])";
  shop.faults = R"([{"at": "30s", "power_off": {"leader_of_most": "t"}}])";
  const auto report = play(shop.scenario());
  INFO(report.text());
  CHECK(report.text().find("OFFSET_NOT_AVAILABLE") == std::string::npos);
}

// SubscriptionState.partitionLag.
TEST_CASE("who reads what is committed does not lag behind what is open", "[unit]") {
  Shop shop;
  shop.producer = R"("config": {"transactional.id": "tx", "transaction.timeout.ms": 600000},
                     "transaction": {"records": 1000000, "length": "60s"})";
  for (const bool committed : {true, false}) {
    shop.reader =
        fmt::format(R"("config": {{"auto.offset.reset": "earliest", "isolation.level": "{}"}})",
                    committed ? "read_committed" : "read_uncommitted");
    const std::string lag = seen_at(shop, 60s, [](sim::World&, scenarios::Cluster& cluster) {
      auto* app = dynamic_cast<model::ConsumerApp*>(process_on(cluster, "g-1").program());
      REQUIRE(app != nullptr);
      const auto position = app->consumer().position({"t", 0});
      const auto behind = app->consumer().high_watermark({"t", 0}) - position;
      return fmt::format("{} {}", app->consumer().records_lag_max().value_or(-1), behind > 1000);
    });
    INFO(lag);
    CHECK((lag == "0 true") == committed);
  }
}

// KafkaApis.handleFetchRequest: fetch.min.bytes is no more than may be sent.
TEST_CASE("who waits for more than the broker sends at once gets what it sends", "[unit]") {
  Shop shop;
  shop.duration = "60s";
  shop.until = "45s";
  shop.brokers = R"("count": 1, "config": {"fetch.max.bytes": 4096,
      "offsets.topic.replication.factor": 1, "offsets.topic.num.partitions": 1})";
  shop.topic = R"("partitions": 1, "replication.factor": 1)";
  shop.producer = R"("config": {"batch.size": 200})";
  shop.reader = R"("config": {"auto.offset.reset": "earliest", "fetch.min.bytes": 20000,
                              "fetch.max.wait.ms": 5000})";
  const auto report = play(shop.scenario());
  INFO(report.text());
  CHECK(report.consumed == report.acknowledged);
  CHECK(report.end_to_end.p50 < 1500ms);
}

// DelayedFetch.tryComplete: one that is to wait is not answered because its segment is done.
TEST_CASE("a throttled follower waits on an older segment as on the newest", "[unit]") {
  Shop shop;
  shop.duration = "70s";
  shop.until = "45s";
  shop.brokers = R"("count": 3, "config": {"replica.fetch.max.bytes": 16384})";
  shop.topic = R"("replicas": [[1, 2]], "config": {"segment.bytes": 40000})";
  shop.operations = R"([
      {"at": "46s", "alter_topic_config": {"topic": "t",
          "set": {"leader.replication.throttled.replicas": "0:1,0:2"}}},
      {"at": "47s", "alter_broker_config": {"set": {"leader.replication.throttled.rate": 10000}}},
      {"at": "50s", "reassign": {"topic": "t", "replicas": [[3, 1]]}}])";
  int messages = 0;
  const std::string segments = seen_at(
      shop, 65s,
      [&](sim::World&, scenarios::Cluster& cluster) {
        return fmt::format("{} {}",
                           cluster.replica(model::BrokerId(1), {"t", 0})->log().segment_count() > 3,
                           messages);
      },
      [&](sim::World& world, scenarios::Cluster& cluster) {
        const auto from = cluster.find("broker-3")->machine->id();
        const auto to = cluster.find("broker-1")->machine->id();
        cluster.network().on_transfer([&world, &messages, from, to](const sim::Transfer& transfer) {
          if (world.now() < Time(52s) || transfer.source != from) return;
          if (transfer.destination == to) ++messages;
        });
      });
  INFO(segments);
  REQUIRE(segments.rfind("true ", 0) == 0);
  // Two or three a second wait for replica.fetch.wait.max.ms; a storm would be thousands.
  CHECK(std::stoi(segments.substr(5)) < 200);
}
