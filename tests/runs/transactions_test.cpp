// Transactions in a whole cluster: committed, aborted, timed out, fenced, through the death of
// coordinators and leaders; what readers with read_committed see of them.
#include "model/broker/broker.h"
#include "scenarios/availability.h"
#include "scenarios/cluster.h"
#include "scenarios/fault_schedule.h"
#include "scenarios/quorum.h"
#include "tests/in_child.h"
#include "tests/runs/run_story.h"

#include <fmt/format.h>

using namespace brokerlab;
using namespace brokerlab::tests;

namespace {

struct Setting {
  std::string transaction = R"({"records": 50})";
  std::string producer = "";  ///< More of its settings, each behind a comma.
  std::string more_sources = "";
  std::string more_producers = "";
  std::string brokers = R"(, "transaction.state.log.num.partitions": 5)";
  std::string faults = "";
  std::string operations = "";
  std::string payload = "real";
  std::string until = "40s";
  std::string kills_leaders_of = "";  ///< Of this topic's partitions one leader dies at 20 s.
};

scenarios::Scenario scenario_of(const Setting& setting) {
  const std::string text = fmt::format(
      R"json({{
    "name": "transactions", "duration": "70s", "seed": 3,
    "hardware": {{"box": {{"cpu": {{"cores": 4}}, "disks": [{{"kind": "ssd"}}], "boot_time": "5s"}}}},
    "zookeeper": {{"nodes": 3, "machine": "box"}},
    "brokers": {{"count": 3, "machine": "box",
                "config": {{"offsets.topic.num.partitions": 5{}}}}},
    "topics": [{{"name": "t", "partitions": 3, "replication.factor": 3,
                "config": {{"min.insync.replicas": 2}}}}],
    "sources": [{{"name": "rows", "file": "scenarios/library/data/wifi_auth.csv", "payload": "{}",
                 "rate": [{{"from": "10s", "rate": "200/s"}}], "until": "{}"}}{}],
    "producers": [{{"name": "app", "machine": "box", "source": "rows", "topic": "t",
                   "key": "username", "poll_interval": "100ms", "transaction": {},
                   "config": {{"transactional.id": "payments"{}}}}}{}],
    "consumers": [{{"group": "careful", "members": 1, "machine": "box", "topics": ["t"],
                   "service_time": "0s",
                   "config": {{"auto.offset.reset": "earliest",
                              "isolation.level": "read_committed"}}}},
                  {{"group": "hasty", "members": 1, "machine": "box", "topics": ["t"],
                   "service_time": "0s", "config": {{"auto.offset.reset": "earliest"}}}}],
    "faults": [{}], "operations": [{}]}})json",
      setting.brokers, setting.payload, setting.until, setting.more_sources, setting.transaction,
      setting.producer, setting.more_producers, setting.faults, setting.operations);
  scenarios::LoadOptions options;
  const auto loaded =
      scenarios::parse_scenario(text, "transactions", BROKERLAB_SOURCE_DIR, options);
  INFO(to_text(loaded.errors));
  REQUIRE(loaded.scenario.has_value());
  return *loaded.scenario;
}

struct Outcome {
  std::int64_t acknowledged = 0, failed = 0, careful = 0, hasty = 0;
  int markers = 0, timed_out = 0, fenced = 0;
};

/// Every promise is kept; "acknowledged failed careful hasty, ..." of the run.
Outcome outcome_of(const Setting& setting) {
  const std::string told = in_child([&] {
    const scenarios::Scenario scenario = scenario_of(setting);
    sim::World world(3);
    scenarios::Ledger ledger(world);
    auto built = scenarios::Cluster::build(world, scenario, ledger);
    REQUIRE(built.ok());
    scenarios::Cluster& cluster = **built;
    sim::Process* victim = nullptr;
    world.at(Time(20030ms), [&] {
      for (const auto& [name, view] : ledger.partitions()) {
        if (name.topic != setting.kills_leaders_of || !view.leader.valid()) continue;
        victim = cluster.find(fmt::format("broker-{}", view.leader.value()))->process;
      }
      if (victim != nullptr) victim->kill();
    });
    world.at(Time(32s), [&] {
      if (victim != nullptr) victim->start();
    });
    scenarios::Availability availability(world, cluster, ledger);
    scenarios::Quorum quorum(world, cluster, ledger);
    scenarios::FaultSchedule faults(world, cluster, ledger, availability, quorum);
    faults.schedule();
    cluster.start();
    world.run(Time(70s));
    ledger.finish();
    for (const scenarios::Invariant& one : ledger.invariants()) {
      INFO(one.name << ": " << (one.held() ? "" : one.violations.front().english));
      CHECK(one.held());
    }
    std::int64_t markers = 0;
    for (const auto& one : ledger.invariants()) {
      if (one.name == "markers_follow_the_decision") markers = one.checked;
    }
    int timed_out = 0, fenced = 0;
    for (const sim::Event& event : world.trace().events()) {
      timed_out += event.kind->name == "transaction.timed_out" ? 1 : 0;
      fenced += event.kind->name == "transaction.fenced" ? 1 : 0;
    }
    const auto& groups = ledger.groups();
    return fmt::format("{} {} {} {} {} {} {}", ledger.acknowledged(), ledger.failed(),
                       groups.at("careful").consumed, groups.at("hasty").consumed, markers,
                       timed_out, fenced);
  });
  INFO(told);
  Outcome out;
  REQUIRE(std::sscanf(told.c_str(), "%ld %ld %ld %ld %d %d %d", &out.acknowledged, &out.failed,
                      &out.careful, &out.hasty, &out.markers, &out.timed_out, &out.fenced) == 7);
  return out;
}

}  // namespace

TEST_CASE("what is committed everybody reads, and nothing else happens", "[unit]") {
  for (const char* payload : {"real", "phantom"}) {
    INFO(payload);
    Setting setting;
    setting.payload = payload;
    const Outcome out = outcome_of(setting);
    CHECK(out.acknowledged > 5'000);
    CHECK(out.failed == 0);
    CHECK(out.careful == out.acknowledged);
    CHECK(out.hasty == out.acknowledged);
    CHECK(out.markers > 100);
  }
}

TEST_CASE("a transaction is of no more records than it is asked for, whatever came at once",
          "[unit]") {
  for (const char* payload : {"real", "phantom"}) {
    INFO(payload);
    Setting setting;
    setting.transaction = R"({"records": 5000})";
    // Records that are drawn come sixty at a poll, as one run where they have no bytes.
    setting.more_sources = fmt::format(
        R"(, {{"name": "drawn", "payload": "{}", "record_size": "100B", "arrivals": "even",
              "rate": [{{"from": "10s", "rate": "600/s"}}], "until": "20s"}})",
        payload);
    setting.more_producers =
        R"(, {"name": "bulk", "machine": "box", "source": "drawn", "topic": "t",
        "poll_interval": "100ms", "transaction": {"records": 10},
        "config": {"transactional.id": "bulk"}})";
    const Outcome out = outcome_of(setting);
    INFO(out.markers << " markers, " << out.careful << " records");
    CHECK(out.careful > 11'900);
    CHECK(out.markers >
          1'400);  // Of six hundred transactions, most of them in all three partitions.
  }
}

TEST_CASE("what is aborted read_committed never sees, and read_uncommitted does", "[unit]") {
  for (const char* payload : {"real", "phantom"}) {
    INFO(payload);
    Setting setting;
    setting.payload = payload;
    setting.transaction = R"({"records": 50, "abort_one_in": 4})";
    const Outcome out = outcome_of(setting);
    CHECK(out.acknowledged > 3'000);
    CHECK(out.hasty == out.acknowledged);
    CHECK(out.careful < out.acknowledged);
    CHECK(out.careful > out.acknowledged / 2);
  }
}

// TransactionCoordinator.abortTimedOutTransactions: transaction.timeout.ms, looked at every
// transaction.abort.timed.out.transaction.cleanup.interval.ms.
TEST_CASE("a transaction that nobody ends is aborted by its timeout", "[unit]") {
  Setting setting;
  setting.transaction = R"({"records": 1000000, "length": "1h"})";
  setting.producer = R"(, "transaction.timeout.ms": 5000)";
  setting.brokers += R"(, "transaction.abort.timed.out.transaction.cleanup.interval.ms": 1000)";
  setting.faults = R"({"at": "20s", "kill_process": "app"})";
  const Outcome out = outcome_of(setting);
  CHECK(out.timed_out >= 1);
  CHECK(out.careful == 0);
  CHECK(out.hasty > 0);
}

TEST_CASE("of two producers with one transactional.id the newer one goes on", "[unit]") {
  Setting setting;
  setting.more_producers = R"(, {"name": "other", "machine": "box", "source": "more", "topic": "t",
      "poll_interval": "100ms", "config": {"transactional.id": "payments"}})";
  setting.more_sources = R"(, {"name": "more", "record_size": "200B",
      "rate": [{"from": "20s", "rate": "200/s"}], "until": "40s"})";
  const Outcome out = outcome_of(setting);
  CHECK(out.fenced == 1);
  CHECK(out.careful > 1'000);
}

TEST_CASE("transactions outlive their coordinator, and leaders of their partitions", "[unit]") {
  for (const char* topic : {"__transaction_state", "t"}) {
    INFO(topic);
    Setting setting;
    setting.until = "45s";
    setting.brokers = R"(, "transaction.state.log.num.partitions": 1)";
    setting.kills_leaders_of = topic;
    const Outcome out = outcome_of(setting);
    CHECK(out.acknowledged > 4'000);
    CHECK(out.hasty == out.acknowledged);
    CHECK(out.careful > 4'000);
  }
}

// TransactionMarkerChannelManager.addTxnMarkersToBrokerQueue leaves out what the metadata do not
// know. The producer asks for the partition again and again, and sends nothing meanwhile, not even
// what has expired (TransactionManager.AddPartitionsToTxnHandler; Sender.runOnce).
TEST_CASE("a commit whose records have expired becomes an abort, and the next one goes on",
          "[unit]") {
  // Nobody answers for longer than delivery.timeout.ms. The application is told TimeoutException,
  // as it is when max.block.ms is over, and may not just call commitTransaction() again.
  Setting setting;
  setting.producer = R"(, "linger.ms": 0, "request.timeout.ms": 1500, "delivery.timeout.ms": 2000)";
  for (const int broker : {1, 2, 3}) {
    setting.faults +=
        fmt::format(R"({}{{"at": "20.05s", "pause": {{"machine": "broker-{}", "for": "4s"}}}})",
                    broker == 1 ? "" : ", ", broker);
  }
  const Outcome outcome = outcome_of(setting);
  CHECK(outcome.failed > 0);
  CHECK(outcome.careful > 4'000);  // of 6,000: it went on
  CHECK(outcome.careful < 6'000 - outcome.failed);
}

TEST_CASE("a topic that is deleted in the middle of a transaction needs no end of it", "[unit]") {
  Setting setting;
  setting.brokers += R"(, "auto.create.topics.enable": false)";
  setting.producer = R"(, "delivery.timeout.ms": 5000, "request.timeout.ms": 4000)";
  setting.operations = R"({"at": "25030ms", "delete_topic": "t"})";
  const Outcome out = outcome_of(setting);
  CHECK(out.acknowledged > 1'000);
  CHECK(out.failed == 0);
}
