// Stream processors in a whole cluster: their windowed counts against a count made by hand over the
// input's log, through the death of a processor, of a broker, and of a member's place in its group.
#include "model/client/partitioner.h"
#include "model/stream/window_store.h"
#include "scenarios/cluster.h"
#include "tests/in_child.h"
#include "tests/runs/run_story.h"

#include <catch2/catch.hpp>
#include <fmt/format.h>

using namespace brokerlab;
using namespace brokerlab::tests;
using model::WindowKey;
using model::WindowStore;

namespace {

struct Setting {
  std::string guarantee = "exactly_once_v2";
  int members = 1;
  std::string payload = "real";
  std::string config = "";  ///< Of the group, behind a comma.
  int groups = 0;  ///< Counted by so many keys, through a repartition topic; 0: by their own.
  Duration until = 80s;
};

scenarios::Scenario scenario_of(const Setting& setting) {
  const std::string group_by =
      setting.groups == 0
          ? ""
          : fmt::format(R"(, "group_by": {{"keys": {}, "topic": "by-group"}})", setting.groups);
  const std::string text = fmt::format(
      R"json({{
    "name": "streams", "duration": "80s", "seed": 3,
    "hardware": {{"box": {{"cpu": {{"cores": 4}}, "disks": [{{"kind": "ssd"}}], "boot_time": "5s"}}}},
    "zookeeper": {{"nodes": 3, "machine": "box"}},
    "brokers": {{"count": 3, "machine": "box",
                "config": {{"offsets.topic.num.partitions": 5,
                           "transaction.state.log.num.partitions": 5}}}},
    "topics": [{{"name": "clicks", "partitions": 2, "replication.factor": 3}},
               {{"name": "by-group", "partitions": 2, "replication.factor": 3}},
               {{"name": "backup", "partitions": 2, "replication.factor": 3}},
               {{"name": "counts", "partitions": 2, "replication.factor": 3}}],
    "sources": [{{"name": "clicks", "payload": "{}", "record_size": "200B",
                 "keys": {{"uniform": {{"count": 5}}}},
                 "rate": [{{"from": "10s", "rate": "100/s"}}], "until": "50s"}}],
    "producers": [{{"name": "web", "machine": "box", "source": "clicks", "topic": "clicks",
                   "poll_interval": "100ms", "config": {{}}}}],
    "consumers": [{{"group": "ksql", "members": {}, "machine": "box", "topics": ["clicks"{}],
                   "service_time": "1ms",
                   "stream": {{"output": "counts", "changelog": "backup", "window": "5s",
                              "processing.guarantee": "{}", "commit.interval.ms": 1000{}}},
                   "config": {{"auto.offset.reset": "earliest", "session.timeout.ms": 6000,
                              "heartbeat.interval.ms": 2000{}}}}}]}})json",
      setting.payload, setting.members, setting.groups == 0 ? "" : R"(, "by-group")",
      setting.guarantee, group_by, setting.config);
  const auto loaded = scenarios::parse_scenario(text, "streams", BROKERLAB_SOURCE_DIR, {});
  INFO(to_text(loaded.errors));
  REQUIRE(loaded.scenario.has_value());
  return *loaded.scenario;
}

/// Calls `visit` for each record of the topic, as its leaders have it.
void for_each_record(
    scenarios::Cluster& cluster, const scenarios::Ledger& ledger, const std::string& topic,
    const std::function<void(const log::BatchView&, const log::RecordView&)>& visit) {
  for (const auto& [name, view] : ledger.partitions()) {
    if (name.topic != topic) continue;
    const model::Partition* leader = cluster.replica(view.leader, name);
    REQUIRE(leader != nullptr);
    const log::Log& log = leader->log();
    const model::BrokerStorage::ReadsFromCache quiet(cluster.storage(view.leader));
    const auto data = log.read_records(0, (1_GiB).count(), log.log_end_offset(), true);
    REQUIRE(data.ok());
    for (const log::BatchView& batch : log::Batches(data->bytes())) {
      if (batch.is_control()) continue;
      log::ByteVector scratch;
      (void)log::for_each_record(batch, scratch, [&](const log::RecordView& record) {
        visit(batch, record);
        return true;
      });
    }
  }
}

using Counts = std::map<std::string, std::int64_t>;

Counts by_hand(scenarios::Cluster& cluster, const scenarios::Ledger& ledger, int groups) {
  Counts counts;
  for_each_record(
      cluster, ledger, "clicks", [&](const log::BatchView&, const log::RecordView& one) {
        const std::int64_t start = one.timestamp - one.timestamp % 5'000;
        std::string key(log::as_text(*one.key));
        if (groups > 0) {
          key = fmt::format("group-{}", (model::murmur2(*one.key) & 0x7fff'ffff) % groups);
        }
        ++counts[WindowKey{start, key}.text()];
      });
  return counts;
}

/// The last of each.
Counts as_told(scenarios::Cluster& cluster, const scenarios::Ledger& ledger) {
  Counts counts;
  for_each_record(
      cluster, ledger, "counts", [&](const log::BatchView&, const log::RecordView& one) {
        const std::string value(log::as_text(*one.value));
        counts[std::string(log::as_text(*one.key))] = std::stoll(value.substr(value.find(':') + 1));
      });
  return counts;
}

struct Outcome {
  std::int64_t records = 0;  ///< Of the input.
  std::int64_t counted = 0;  ///< All last counts together.
  std::int64_t wrong = 0;    ///< Windows whose count is not the one made by hand.
  std::int64_t twice = 0, never = 0, results = 0;
  bool kept = true;  ///< All promises.
};

using Trouble = std::function<void(sim::World&, scenarios::Cluster&, scenarios::Ledger&)>;

Outcome outcome_of(const Setting& setting, const Trouble& trouble) {
  const std::string told = in_child([&] {
    const scenarios::Scenario scenario = scenario_of(setting);
    sim::World world(3);
    scenarios::Ledger ledger(world);
    auto built = scenarios::Cluster::build(world, scenario, ledger);
    REQUIRE(built.ok());
    scenarios::Cluster& cluster = **built;
    trouble(world, cluster, ledger);
    cluster.start();
    world.run(Time(setting.until));
    ledger.finish();
    bool kept = true;
    for (const scenarios::Invariant& one : ledger.invariants()) {
      if (one.held()) continue;
      kept = false;
      UNSCOPED_INFO(one.name << ": " << one.violations.front().english);
    }
    std::int64_t records = 0, counted = 0, wrong = 0;
    if (setting.payload == "real") {
      const Counts hand = by_hand(cluster, ledger, setting.groups);
      const Counts results = as_told(cluster, ledger);
      for (const auto& [key, count] : hand) {
        records += count;
        const auto found = results.find(key);
        wrong += found == results.end() || found->second != count;
      }
      for (const auto& [key, count] : results) counted += count;
    }
    const auto verdict = ledger.streams().at("ksql");
    return fmt::format("{} {} {} {} {} {} {}", records, counted, wrong, verdict.twice,
                       verdict.never, verdict.results, kept ? 1 : 0);
  });
  INFO(told);
  Outcome out;
  int kept = 0;
  REQUIRE(std::sscanf(told.c_str(), "%ld %ld %ld %ld %ld %ld %d", &out.records, &out.counted,
                      &out.wrong, &out.twice, &out.never, &out.results, &kept) == 7);
  out.kept = kept == 1;
  return out;
}

/// At that moment it dies; ten seconds later it is there again.
Trouble dies(const std::string& machine, Duration when) {
  return [=](sim::World& world, scenarios::Cluster& cluster, scenarios::Ledger&) {
    world.at(Time(when), [&world, &cluster, machine] {
      world.set_cause({});
      cluster.find(machine)->process->kill();
    });
    world.at(Time(when + 10s), [&world, &cluster, machine] {
      world.set_cause({});
      cluster.find(machine)->process->start();
    });
  };
}

const Trouble nothing = [](sim::World&, scenarios::Cluster&, scenarios::Ledger&) {};

/// Moments of a commit interval, fine enough to hit a commit.
std::vector<Duration> moments(Duration from, int count, Duration apart) {
  std::vector<Duration> all;
  all.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) all.push_back(from + apart * i);
  return all;
}

}  // namespace

TEST_CASE("a window store counts by window and key, and knows what has changed", "[unit]") {
  WindowStore store(10s);
  store.add(0, 12'000, "a", 2);
  store.add(0, 19'999, "a", 1);
  store.add(0, 20'000, "a", 5);
  store.add(0, 12'000, "b", 1);
  store.add(1, 12'000, "a", 7);
  CHECK(store.count(0, {10'000, "a"}) == 3);
  CHECK(store.count(0, {20'000, "a"}) == 5);
  CHECK(store.count(1, {10'000, "a"}) == 7);
  const auto changes = store.take_changes(0);
  REQUIRE(changes.size() == 3);
  CHECK(changes.front().of == WindowKey{10'000, "a"});
  CHECK(changes.front().count == 3);
  CHECK(store.take_changes(0).empty());
  store.restore(0, {10'000, "a"}, 40);
  store.add(0, 12'000, "a", 1);
  CHECK(store.count(0, {10'000, "a"}) == 41);
  store.forget(0);
  CHECK(store.size(0) == 0);
  CHECK(store.size(1) == 1);
  CHECK(WindowKey::parse("10000/a/b") == WindowKey{10'000, "a/b"});
  CHECK_FALSE(WindowKey::parse("a/10000").has_value());
}

TEST_CASE("a windowed count is the one made by hand when nothing happens", "[unit]") {
  for (const char* guarantee : {"exactly_once_v2", "at_least_once"}) {
    for (const int members : {1, 2}) {
      INFO(guarantee << ", members " << members);
      Setting setting;
      setting.guarantee = guarantee;
      setting.members = members;
      const Outcome out = outcome_of(setting, nothing);
      CHECK(out.records > 3'500);
      CHECK(out.counted == out.records);
      CHECK(out.wrong == 0);
      CHECK(out.twice == 0);
      CHECK(out.never == 0);
      CHECK(out.results > 20);
      CHECK(out.kept);
    }
  }
}

TEST_CASE("records without bytes are counted, too", "[unit]") {
  Setting setting;
  setting.payload = "phantom";
  const Outcome out = outcome_of(setting, dies("ksql-1", 30'500ms));
  CHECK(out.results > 20);
  CHECK(out.twice == 0);
  CHECK(out.never == 0);
  CHECK(out.kept);
}

// KStreamImpl.repartition: records of one new key come together, with the time stamps they had.
TEST_CASE("a count by another key goes through a repartition topic", "[unit]") {
  for (const char* guarantee : {"exactly_once_v2", "at_least_once"}) {
    for (const int members : {1, 2}) {
      INFO(guarantee << ", members " << members);
      Setting setting;
      setting.guarantee = guarantee;
      setting.members = members;
      setting.groups = 3;
      const Outcome out = outcome_of(setting, nothing);
      CHECK(out.records > 3'500);
      CHECK(out.counted == out.records);
      CHECK(out.wrong == 0);
      CHECK(out.twice == 0);
      CHECK(out.never == 0);
      CHECK(out.results > out.records);  // what was sent on, and the counts
      CHECK(out.kept);
    }
  }
}

TEST_CASE("exactly once holds through a repartition topic, at least once does not", "[unit]") {
  Setting setting;
  setting.groups = 3;
  for (const char* victim : {"ksql-1", "broker-2"}) {
    for (const Duration when : moments(30s, 3, 333ms)) {
      INFO(victim << " dies at " << to_text(when));
      const Outcome out = outcome_of(setting, dies(victim, when));
      CHECK(out.counted == out.records);
      CHECK(out.wrong == 0);
      CHECK(out.twice == 0);
      CHECK(out.never == 0);
      CHECK(out.kept);
    }
  }
  setting.guarantee = "at_least_once";
  const Outcome out = outcome_of(setting, dies("ksql-1", 30'700ms));
  CHECK(out.twice > 0);  // sent on, and not committed
  CHECK(out.never == 0);
  CHECK(out.counted > out.records);
}

// KIP-447: whatever dies, and whenever, each record is in the results once.
TEST_CASE("exactly once: the count survives the death of a processor and of a broker", "[unit]") {
  for (const char* victim : {"ksql-1", "broker-2"}) {
    for (const Duration when : moments(30s, 5, 201ms)) {
      INFO(victim << " dies at " << to_text(when));
      const Outcome out = outcome_of({}, dies(victim, when));
      CHECK(out.counted == out.records);
      CHECK(out.wrong == 0);
      CHECK(out.twice == 0);
      CHECK(out.never == 0);
      CHECK(out.kept);
    }
  }
}

// StreamTask: results first, offsets behind them.
TEST_CASE("exactly once: nobody answers for longer than delivery.timeout.ms", "[unit]") {
  // What was under way in the transaction has expired: it is aborted, and counted again.
  Setting setting;
  setting.until = 260s;
  const Trouble all_brokers = [](sim::World& world, scenarios::Cluster& cluster,
                                 scenarios::Ledger&) {
    for (const bool start : {false, true}) {
      world.at(Time(start ? 170s : 20'400ms), [&world, &cluster, start] {
        world.set_cause({});
        for (const char* name : {"broker-1", "broker-2", "broker-3"}) {
          sim::Process& broker = *cluster.find(name)->process;
          start ? broker.start() : broker.kill();
        }
      });
    }
  };
  // Brokers that have just started tell a high watermark that is too low: a store that is read back
  // up to there forgets counts (StoreChangelogReader asks ListOffsets, KIP-207).
  const Outcome out = outcome_of(setting, all_brokers);
  CHECK(out.kept);
  CHECK(out.wrong == 0);
  CHECK(out.counted == out.records);
}

TEST_CASE("at least once: what dies between results and offsets counts again, and it is told",
          "[unit]") {
  /// Hears of the first result that is written after 30 s; its processor dies before it knows.
  struct DiesWithItsFirstResult : model::Observer {
    sim::World* world = nullptr;
    scenarios::Cluster* cluster = nullptr;
    scenarios::Ledger* ledger = nullptr;
    bool dead = false;
    void on_batch_appended(const model::AppendedBatch& batch) override {
      const bool a_result = batch.partition.topic == "counts";
      if (!a_result || dead || world->now() < Time(30s)) return;
      dead = true;
      const Trouble kill = dies("ksql-1", world->now().time_since_epoch() + 10us);
      kill(*world, *cluster, *ledger);
    }
  };
  Setting setting;
  setting.guarantee = "at_least_once";
  const auto listener = std::make_shared<DiesWithItsFirstResult>();
  const Outcome out = outcome_of(
      setting, [&](sim::World& world, scenarios::Cluster& cluster, scenarios::Ledger& ledger) {
        listener->world = &world;
        listener->cluster = &cluster;
        listener->ledger = &ledger;
        ledger.listen(*listener);
      });
  CHECK(out.twice > 0);
  CHECK(out.never == 0);
  CHECK(out.wrong > 0);
  CHECK(out.counted > out.records);
  CHECK(out.kept);  // It promises no more.
}
