// What an operator does to a running cluster, and what becomes of it.
#include "scenarios/availability.h"
#include "scenarios/cluster.h"
#include "scenarios/fault_schedule.h"
#include "scenarios/quorum.h"
#include "tests/in_child.h"
#include "tests/runs/run_story.h"

using namespace brokerlab;
using namespace brokerlab::tests;

namespace {

struct Story {
  std::string topic = R"({"name": "t", "partitions": 3, "replication.factor": 2})";
  std::string brokers = R"({"count": 3, "machine": "box",
      "config": {"auto.create.topics.enable": false, "zookeeper.session.timeout.ms": 6000}})";
  std::string operations = "[]";
  std::string faults = "[]";
  std::string duration = "60s";
  std::string acks = "all";
  std::string reader;  ///< More settings of the group's members.

  scenarios::Scenario scenario() const {
    const std::string text =
        fmt::format(R"json({{
      "name": "operations", "duration": "{}", "seed": 3,
      "hardware": {{"box": {{"cpu": {{"cores": 4}}, "disks": [{{"kind": "ssd"}}]}}}},
      "zookeeper": {{"nodes": 3, "machine": "box"}}, "brokers": {},
      "topics": [{}],
      "sources": [{{"name": "rows", "file": "scenarios/library/data/wifi_auth.csv",
                   "rate": [{{"from": "5s", "rate": "50/s"}}], "until": "50s"}}],
      "producers": [{{"name": "app", "machine": "box", "source": "rows", "topic": "t",
                     "config": {{"acks": "{}", "enable.idempotence": false,
                                 "metadata.max.age.ms": 2000, "batch.size": 200}}}}],
      "consumers": [{{"group": "g", "members": 2, "machine": "box", "topics": ["t"],
                     "config": {{"auto.offset.reset": "earliest", "metadata.max.age.ms": 2000{}}}}}],
      "faults": {}, "operations": {}}})json",
                    duration, brokers, topic, acks, reader, faults, operations);
    const auto loaded = scenarios::parse_scenario(text, "operations", BROKERLAB_SOURCE_DIR);
    INFO(to_text(loaded.errors));
    REQUIRE(loaded.scenario.has_value());
    return *loaded.scenario;
  }
  scenarios::RunReport play() const { return tests::play(scenario()); }

  /// What `look` says of the cluster at the end.
  using Look = std::function<std::string(scenarios::Cluster&, scenarios::Ledger&)>;
  std::string at_the_end(const Look& look) const {
    const scenarios::Scenario made = scenario();
    return in_child([&] {
      sim::World world(3);
      scenarios::Ledger ledger(world);
      auto built = scenarios::Cluster::build(world, made, ledger);
      REQUIRE(built.ok());
      scenarios::Availability availability(world, **built, ledger);
      scenarios::Quorum quorum(world, **built, ledger);
      scenarios::FaultSchedule schedule(world, **built, ledger, availability, quorum);
      schedule.schedule();
      (*built)->start();
      world.run(Time(made.duration));
      return look(**built, ledger);
    });
  }
};

/// "t-0: 3 2 led by 3 in [3,2]".
std::string placed(const scenarios::Ledger& ledger) {
  std::string text;
  for (const auto& [name, view] : ledger.partitions()) {
    if (name.topic != "t" || view.deleted) continue;
    text += fmt::format("{}{}: {} led by {} in [{}]", text.empty() ? "" : "; ", name.name(),
                        model::to_text(view.replicas), view.leader, model::to_text(view.isr));
  }
  return text;
}

/// The brokers that have a directory of the partition.
std::string directories(scenarios::Cluster& cluster, const std::string& partition) {
  std::string text;
  for (int id = 1; id <= 3; ++id) {
    const auto names = cluster.storage(model::BrokerId(id)).dir(0).env().list(model::log_root);
    if (!names) continue;
    for (const std::string& name : *names) {
      if (name == partition) text += fmt::format("{}{}", text.empty() ? "" : ",", id);
    }
  }
  return text;
}

}  // namespace

TEST_CASE("an operator makes a topic in the run, and who waits for it goes on", "[unit]") {
  Story story;
  story.operations = R"([{"at": "20s", "create_topic": "t"}])";
  const scenarios::RunReport report = story.play();
  INFO(report.time_line_text());
  CHECK(moment(report, "The operator creates topic t: accepted").time >= Time(20s));
  CHECK(report.acknowledged > 1000);
  CHECK(report.lost.empty());
  // Its group has nothing to read first (ConsumerCoordinator joins whatever it knows of topics).
  CHECK(moment(report, "g-1 joined group g, generation 1: -").time < Time(20s));
  CHECK(moment(report, "g-1 joined group g, generation 2: t-").time < Time(25s));
}

// ZkAdminManager.createPartitions, KafkaController.processPartitionModifications; the group's
// leader sees it in its metadata (ConsumerCoordinator.rejoinNeededOrPending).
TEST_CASE("a topic that gets more partitions is written and read in all of them", "[unit]") {
  Story story;
  story.operations = R"([{"at": "20s", "add_partitions": {"topic": "t", "partitions": 5}},
                         {"at": "25s", "add_partitions": {"topic": "t", "partitions": 4}}])";
  const scenarios::RunReport report = story.play();
  INFO(report.time_line_text());
  CHECK(report.time_line_text().find("gives topic t 4 partitions: INVALID_PARTITIONS") !=
        std::string::npos);
  const std::string read = story.at_the_end([](scenarios::Cluster&, scenarios::Ledger& ledger) {
    std::string text;
    for (const auto& [name, view] : ledger.partitions()) {
      if (name.topic != "t") continue;
      const auto& next = ledger.groups().at("g").next_offset;
      const bool all = next.contains(name) && next.at(name) == view.acknowledged;
      text += fmt::format("{} {}; ", name.name(), view.acknowledged > 50 && all);
    }
    return text;
  });
  CHECK(read == "t-0 true; t-1 true; t-2 true; t-3 true; t-4 true; ");
}

// TopicDeletionManager.
TEST_CASE("a topic that is deleted is gone: metadata, logs, ZooKeeper", "[unit]") {
  Story story;
  story.operations = R"([{"at": "20s", "delete_topic": "t"}, {"at": "40s", "delete_topic": "t"}])";
  const scenarios::RunReport report = story.play();
  INFO(report.time_line_text());
  CHECK(moment(report, "Topic t is deleted").time < Time(22s));
  CHECK(report.time_line_text().find("deletes topic t: UNKNOWN_TOPIC_OR_PARTITION") !=
        std::string::npos);
  CHECK(report.lost.empty());
  const std::string left = story.at_the_end([](scenarios::Cluster& cluster, scenarios::Ledger& l) {
    return fmt::format("[{}] {} {}", directories(cluster, "t-0"), placed(l), l.deleted() > 100);
  });
  CHECK(left == "[]  true");
}

// KafkaApis.handleOffsetCommitRequest, ConsumerCoordinator.onJoinPrepare, which tries as long as
// max.poll.interval.ms what is retriable; seen in tests/kafka_cluster/incidents/deleted_topic.json.
TEST_CASE("a group whose topic is deleted commits in vain before it joins", "[unit]") {
  Story story;
  story.operations = R"([{"at": "20s", "delete_topic": "t"}])";
  story.reader = R"(, "max.poll.interval.ms": 10000)";
  const scenarios::RunReport report = story.play();
  INFO(report.time_line_text());
  CHECK(report.time_line_text().find("forgets 3 committed offset(s)") != std::string::npos);
  // The metadata of the group's leader say that it is gone (rejoinNeededOrPending): it tries for
  // 10 s and joins. The other one hears of that by its heartbeat, and tries as long: too long, the
  // group waits as long for it.
  const Time second = moment(report, "joined group g, generation 2: -").time;
  CHECK(second > Time(40s));
  CHECK(second < Time(42s));
  // Every 100 ms (retry.backoff.ms), without growing pauses: 10 s of the leader, and of the other
  // one 9 s of automatic commits before its heartbeat, and 9 s until it hears that it is out.
  std::int64_t refused = 0;
  for (const scenarios::RunReport::ClientError& error : report.client_errors) {
    const bool unknown = error.name == "UNKNOWN_TOPIC_OR_PARTITION";
    if (error.api == "OffsetCommit" && unknown) refused += error.count;
    // What is to be given up is fetched no more (maybeMarkPartitionsPendingRevocation).
    if (error.api == "Fetch") CHECK(error.last < Time(34s));
  }
  CHECK(refused > 260);
  CHECK(refused < 300);
}

TEST_CASE("a deletion waits for a broker that is away", "[unit]") {
  Story story;
  story.faults = R"([{"at": "15s", "kill_process": "broker-2"},
                     {"at": "40s", "start_process": "broker-2"}])";
  story.operations = R"([{"at": "30s", "delete_topic": "t"}])";
  const scenarios::RunReport report = story.play();
  INFO(report.time_line_text());
  CHECK(moment(report, "waits: a broker with a replica of it is away").time < Time(31s));
  CHECK(moment(report, "Topic t is deleted").time > Time(40s));
  const std::string left = story.at_the_end([](scenarios::Cluster& cluster, scenarios::Ledger&) {
    return directories(cluster, "t-0") + directories(cluster, "t-1") + directories(cluster, "t-2");
  });
  CHECK(left.empty());
}

TEST_CASE("delete.topic.enable=false keeps topics", "[unit]") {
  Story story;
  story.brokers = R"({"count": 3, "machine": "box", "config": {"delete.topic.enable": false}})";
  story.operations = R"([{"at": "20s", "delete_topic": "t"}])";
  CHECK(story.play().time_line_text().find("deletes topic t: TOPIC_DELETION_DISABLED") !=
        std::string::npos);
}

// KafkaController.onPartitionReassignment, KIP-455.
TEST_CASE("partitions move to other brokers in use, and nothing is lost", "[unit]") {
  Story story;
  story.topic = R"({"name": "t", "replicas": [[1, 2], [2, 1]]})";
  story.operations = R"([{"at": "20s", "reassign": {"topic": "t", "replicas": [[3, 1], [2, 3]]}}])";
  const scenarios::RunReport report = story.play();
  INFO(report.time_line_text());
  CHECK(report.time_line_text().find("t-0 has been moved: its replicas are [3,1]") !=
        std::string::npos);
  CHECK(report.lost.empty());
  CHECK(report.failed == 0);
  const std::string end = story.at_the_end([](scenarios::Cluster& cluster, scenarios::Ledger& l) {
    return fmt::format("{}; {} {}", placed(l), directories(cluster, "t-0"),
                       directories(cluster, "t-1"));
  });
  CHECK(end == "t-0: 3,1 led by 1 in [1,3]; t-1: 2,3 led by 2 in [2,3]; 1,3 2,3");
}

TEST_CASE("a reassignment that cannot end is taken back", "[unit]") {
  Story story;
  story.topic = R"({"name": "t", "replicas": [[1, 2], [2, 1]]})";
  // Broker 3 stands still, so that it cannot catch up.
  story.faults = R"([{"at": "19.99s", "pause": {"machine": "broker-3", "for": "5s"}}])";
  story.operations = R"([{"at": "20s", "reassign": {"topic": "t", "replicas": [[3, 2], []]}},
                         {"at": "22s", "cancel_reassignment": "t"},
                         {"at": "30s", "cancel_reassignment": "t"}])";
  const scenarios::RunReport report = story.play();
  INFO(report.time_line_text());
  CHECK(report.time_line_text().find("takes the reassignment of t-0 back") != std::string::npos);
  CHECK(report.time_line_text().find(
            "cancels the reassignment of topic t: NO_REASSIGNMENT_IN_PROGRESS") !=
        std::string::npos);
  CHECK(report.lost.empty());
  const std::string end = story.at_the_end([](scenarios::Cluster& cluster, scenarios::Ledger& l) {
    return fmt::format("{}; {}", placed(l), directories(cluster, "t-0"));
  });
  // Target replicas stood first, so the old order cannot be restored (updateCurrentReassignment).
  CHECK(end == "t-0: 2,1 led by 1 in [1,2]; t-1: 2,1 led by 2 in [2,1]; 1,2");
}

TEST_CASE("a reassignment goes on under a new controller", "[unit]") {
  Story story;
  story.topic = R"({"name": "t", "replicas": [[1, 2], [2, 1]]})";
  story.faults = R"([{"at": "19.99s", "pause": {"machine": "broker-3", "for": "3s"}},
                     {"at": "20.5s", "kill_process": "controller"}])";
  story.operations = R"([{"at": "20s", "reassign": {"topic": "t", "replicas": [[3, 2], []]}}])";
  const scenarios::RunReport report = story.play();
  INFO(report.time_line_text());
  CHECK(moment(report, "t-0 has been moved").time > Time(22s));
}

// KafkaController.processReplicaLeaderElection.
TEST_CASE("leaders are elected by hand", "[unit]") {
  Story story;
  story.topic = R"({"name": "t", "replicas": [[2, 1], [3, 1]]})";
  story.faults = R"([{"at": "15s", "kill_process": "broker-2"},
                     {"at": "23s", "start_process": "broker-2"}])";
  story.brokers = R"({"count": 3, "machine": "box", "config":
      {"zookeeper.session.timeout.ms": 6000, "auto.leader.rebalance.enable": false}})";
  story.operations = R"([{"at": "40s", "elect_leaders": {"topic": "t"}}])";
  const scenarios::RunReport report = story.play();
  INFO(report.time_line_text());
  const auto place = [](scenarios::Cluster&, scenarios::Ledger& ledger) { return placed(ledger); };
  CHECK(story.at_the_end(place) == "t-0: 2,1 led by 2 in [1,2]; t-1: 3,1 led by 3 in [3,1]");

  story.faults = R"([{"at": "15s", "kill_process": "broker-1"},
                     {"at": "28s", "kill_process": "broker-2"},
                     {"at": "36s", "start_process": "broker-1"}])";
  story.operations = R"([{"at": "45s", "elect_leaders": {"topic": "t", "type": "unclean"}}])";
  INFO(story.play().time_line_text());
  CHECK(story.at_the_end(place).find("t-0: 2,1 led by 1 in [1]") != std::string::npos);
}

TEST_CASE("a broker that is added has nothing until partitions are moved to it", "[unit]") {
  Story story;
  story.topic = R"({"name": "t", "replicas": [[1, 2], [2, 1]]})";
  story.brokers = R"({"count": 3, "machine": "box", "config":
      {"offsets.topic.replication.factor": 2}})";
  story.operations = R"([{"at": "15s", "add_broker": "broker-3"},
                         {"at": "30s", "reassign": {"topic": "t", "replicas": [[], [3, 2]]}}])";
  const scenarios::RunReport report = story.play();
  INFO(report.time_line_text());
  CHECK(moment(report, "broker-3 registered").time > Time(15s));
  const auto place = [](scenarios::Cluster&, scenarios::Ledger& ledger) { return placed(ledger); };
  CHECK(story.at_the_end(place) == "t-0: 1,2 led by 1 in [1,2]; t-1: 3,2 led by 2 in [2,3]");
}

TEST_CASE("a rolling restart waits for all replicas between two brokers", "[unit]") {
  Story story;
  story.duration = "120s";
  story.operations = R"([{"at": "15s", "rolling_restart": {"pause": "2s"}}])";
  const scenarios::RunReport report = story.play();
  INFO(report.time_line_text());
  const auto done = moment(report, "restarts the brokers, one after the other: accepted").time;
  CHECK(done > Time(20s));
  CHECK(done < Time(100s));
  CHECK(report.lost.empty());
  CHECK(report.failed == 0);
}

namespace {

/// Where the logs of a partition begin: of every replica that runs.
std::string starts(scenarios::Cluster& cluster, const model::TopicPartition& name) {
  std::string text;
  for (int id = 1; id <= 3; ++id) {
    const model::Partition* replica = cluster.replica(model::BrokerId(id), name);
    if (replica == nullptr || !replica->has_log()) continue;
    text += fmt::format("{}{}:{}", text.empty() ? "" : " ", id, replica->log().log_start_offset());
  }
  return text;
}

}  // namespace

// ReplicaManager.deleteRecords, DeleteRecordsHandler.
TEST_CASE("records are deleted in every replica, up to where the operator says", "[unit]") {
  Story story;
  story.topic = R"({"name": "t", "replicas": [[1, 2], [2, 3], [3, 1]]})";
  story.operations = R"([
      {"at": "30s", "delete_records": {"topic": "t", "offsets": [7, -1]}},
      {"at": "40s", "delete_records": {"topic": "t", "offsets": [1000000]}}])";
  const scenarios::RunReport report = story.play();
  INFO(report.time_line_text());
  CHECK(moment(report, "The operator deletes records of topic t: accepted").time < Time(32s));
  CHECK(report.time_line_text().find("deletes records of topic t: OFFSET_OUT_OF_RANGE") !=
        std::string::npos);
  CHECK(report.lost.empty());
  for (const auto& promise : report.invariants) {
    INFO(promise.name << " " << promise.detail.english);
    CHECK(promise.held);
  }
  const std::string end = story.at_the_end([](scenarios::Cluster& cluster, scenarios::Ledger&) {
    const std::string second = starts(cluster, {"t", 1});
    const auto start = std::stoll(second.substr(2));
    // All that there was at 30 s, and nothing since.
    const bool half = start > 200 && start < 600;
    return fmt::format("{}; {} {}; {}", starts(cluster, {"t", 0}), half,
                       second == fmt::format("2:{0} 3:{0}", start), starts(cluster, {"t", 2}));
  });
  CHECK(end == "1:7 2:7; true true; 1:0 3:0");
}

// PartitionLeaderStrategy: it is asked for again until it has a leader.
TEST_CASE("a deletion of records waits for the partition's next leader", "[unit]") {
  Story story;
  story.topic = R"({"name": "t", "replicas": [[2, 1]]})";
  story.faults = R"([{"at": "29s", "kill_process": "broker-2"}])";
  story.operations = R"([{"at": "30s", "delete_records": {"topic": "t", "offsets": [9]}}])";
  const scenarios::RunReport report = story.play();
  INFO(report.time_line_text());
  const Time elected = moment(report, "t-0 is now led by broker-1").time;
  CHECK(moment(report, "deletes records of topic t: accepted").time > elected);
  const auto end = story.at_the_end([](scenarios::Cluster& cluster, scenarios::Ledger&) {
    return starts(cluster, {"t", 0});
  });
  CHECK(end == "1:9");
}

// GroupCoordinator.handleDeleteGroups.
TEST_CASE("a group is deleted when nobody is in it, and begins anew", "[unit]") {
  Story story;
  story.duration = "70s";
  story.faults = R"([{"at": "30s", "stop_process": "g-1"}, {"at": "30s", "stop_process": "g-2"},
                     {"at": "50s", "start_process": "g-1"}])";
  story.operations = R"([{"at": "20s", "delete_group": "g"}, {"at": "35s", "delete_group": "g"},
                         {"at": "40s", "delete_group": "g"}])";
  const scenarios::RunReport report = story.play();
  const std::string text = report.time_line_text();
  INFO(text);
  CHECK(text.find("deletes group g: NON_EMPTY_GROUP") != std::string::npos);
  const Time done = moment(report, "The operator deletes group g: accepted").time;
  CHECK(done >= Time(35s));
  CHECK(done < Time(37s));
  CHECK(text.find("deletes group g: GROUP_ID_NOT_FOUND") != std::string::npos);
  // What it had committed is gone with it: auto.offset.reset=earliest.
  CHECK(report.groups.at(0).redelivered > 500);
  for (const auto& promise : report.invariants) {
    INFO(promise.name << " " << promise.detail.english);
    CHECK(promise.held);
  }
}

namespace {

const char* const quick_retention = R"({"count": 3, "machine": "box", "config":
    {"zookeeper.session.timeout.ms": 6000, "log.initial.task.delay.ms": 0,
     "log.retention.check.interval.ms": 1000, "log.cleaner.enable": false}})";

/// retention.ms of a partition on each broker that has it.
std::string retentions(scenarios::Cluster& cluster, const model::TopicPartition& name) {
  std::string text;
  for (int id = 1; id <= 3; ++id) {
    const model::Partition* replica = cluster.replica(model::BrokerId(id), name);
    if (replica == nullptr || !replica->has_log()) continue;
    const bool same = replica->log().config().retention_ms == replica->config().retention_ms;
    text += fmt::format("{}{}:{}{}", text.empty() ? "" : " ", id, replica->config().retention_ms,
                        same ? "" : "?");
  }
  return text;
}

}  // namespace

// TopicConfigHandler, LogManager.updateTopicConfig.
TEST_CASE("a topic's retention is changed in the run, on every broker", "[unit]") {
  Story story;
  story.brokers = quick_retention;
  story.topic = R"({"name": "t", "replicas": [[1, 2], [2, 3], [3, 1]],
                    "config": {"segment.bytes": 20000}})";
  story.operations = R"([{"at": "30s", "alter_topic_config":
      {"topic": "t", "set": {"retention.ms": 5000, "min.insync.replicas": 2}}},
      {"at": "45s", "alter_topic_config": {"topic": "t", "delete": ["min.insync.replicas"]}}])";
  const scenarios::RunReport report = story.play();
  INFO(report.time_line_text());
  const Time asked = moment(report, "The operator changes settings of topic t").time;
  const Time heard = moment(report, "broker-3 goes by new settings of t").time;
  CHECK(heard - asked < 100ms);
  for (const auto& promise : report.invariants) {
    INFO(promise.name << " " << promise.detail.english);
    CHECK(promise.held);
  }
  const auto end = story.at_the_end([](scenarios::Cluster& cluster, scenarios::Ledger&) {
    const model::Partition* leader = cluster.replica(model::BrokerId(1), {"t", 0});
    return fmt::format("{}; {} {}; {}", retentions(cluster, {"t", 0}),
                       leader->log().log_start_offset() > 100, leader->config().min_insync_replicas,
                       retentions(cluster, {"t", 1}));
  });
  CHECK(end == "1:5000 2:5000; true 1; 2:5000 3:5000");
}

// DynamicBrokerConfig: what is set for one broker, for all, for the topic.
TEST_CASE("what is set for a broker stands before what is set for all, and a topic's before both",
          "[unit]") {
  Story story;
  story.topic = R"({"name": "t", "replicas": [[1, 2], [2, 3], [3, 1]]},
                   {"name": "own", "replicas": [[1, 2]], "config": {"retention.ms": 7000000}})";
  story.operations = R"([
      {"at": "20s", "alter_broker_config": {"set": {"log.retention.ms": 1000000}}},
      {"at": "25s", "alter_broker_config": {"broker": "broker-2",
                                            "set": {"log.retention.ms": 2000000}}}])";
  const auto look = [](scenarios::Cluster& cluster, scenarios::Ledger&) {
    return fmt::format("{}; {}", retentions(cluster, {"t", 0}), retentions(cluster, {"own", 0}));
  };
  CHECK(story.at_the_end(look) == "1:1000000 2:2000000; 1:7000000 2:7000000");
  // It is kept in ZooKeeper: a broker that starts again finds it there.
  story.faults = R"([{"at": "30s", "kill_process": "broker-2"},
                     {"at": "35s", "start_process": "broker-2"}])";
  CHECK(story.at_the_end(look) == "1:1000000 2:2000000; 1:7000000 2:7000000");
  // Taken back, what is set for all holds again.
  story.operations.insert(story.operations.size() - 1, R"(, {"at": "45s", "alter_broker_config":
      {"broker": "broker-2", "delete": ["log.retention.ms"]}})");
  CHECK(story.at_the_end(look) == "1:1000000 2:1000000; 1:7000000 2:7000000");
}

// KafkaController.processTopicUncleanLeaderElectionEnable.
TEST_CASE("a partition without a leader gets one when an unclean election is allowed", "[unit]") {
  Story story;
  story.topic = R"({"name": "t", "replicas": [[2, 1]]})";
  story.acks = "1";
  story.faults = R"([{"at": "15s", "kill_process": "broker-1"},
                     {"at": "28s", "kill_process": "broker-2"},
                     {"at": "36s", "start_process": "broker-1"}])";
  const bool by_topic = GENERATE(true, false);
  story.operations = by_topic ? R"([{"at": "45s", "alter_topic_config": {"topic": "t",
                                     "set": {"unclean.leader.election.enable": true}}}])"
                              : R"([{"at": "45s", "alter_broker_config": {
                                     "set": {"unclean.leader.election.enable": true}}}])";
  const scenarios::RunReport report = story.play();
  INFO(report.time_line_text());
  const auto place = [](scenarios::Cluster&, scenarios::Ledger& ledger) { return placed(ledger); };
  CHECK(story.at_the_end(place) == "t-0: 2,1 led by 1 in [1]");
  CHECK(moment(report, "t-0 is now led by broker-1").time > Time(45s));
}

// Partition.appendRecordsToLeader looks at the topic's settings in force.
TEST_CASE("min.insync.replicas that is raised refuses writes, and lowered takes them", "[unit]") {
  Story story;
  story.topic = R"({"name": "t", "replicas": [[1, 2]]})";
  story.faults = R"([{"at": "15s", "kill_process": "broker-2"}])";
  story.operations = R"([
      {"at": "30s", "alter_topic_config": {"topic": "t", "set": {"min.insync.replicas": 2}}},
      {"at": "40s", "alter_topic_config": {"topic": "t", "set": {"min.insync.replicas": 1}}}])";
  const scenarios::RunReport report = story.play();
  INFO(report.time_line_text());
  bool refused = false;
  for (const scenarios::RunReport::ClientError& error : report.client_errors) {
    if (error.name != "NOT_ENOUGH_REPLICAS") continue;
    refused = true;
    CHECK(error.first > Time(30s));
    CHECK(error.last < Time(41s));
  }
  CHECK(refused);
  CHECK(report.failed == 0);
  CHECK(report.lost.empty());
}

// DynamicThreadPool.validateReconfiguration; AbstractFetcherManager.resizeThreadPool.
TEST_CASE("threads are added while a broker runs, at most as many again", "[unit]") {
  Story story;
  story.topic = R"({"name": "t", "partitions": 12, "replication.factor": 3})";
  story.operations = R"([
      {"at": "20s", "alter_broker_config": {"broker": "broker-1",
          "set": {"num.replica.fetchers": 3, "num.io.threads": 16}}},
      {"at": "25s", "alter_broker_config": {"broker": "broker-1",
          "set": {"num.replica.fetchers": 2, "num.io.threads": 16}}},
      {"at": "30s", "alter_broker_config": {"broker": "broker-1",
          "set": {"num.io.threads": 7}}}])";
  const scenarios::RunReport report = story.play();
  const std::string text = report.time_line_text();
  INFO(text);
  CHECK(moment(report, "changes settings of broker-1: INVALID_CONFIG").time < Time(21s));
  CHECK(moment(report, "changes settings of broker-1: accepted").time > Time(25s));
  CHECK(report.lost.empty());
  const auto end = story.at_the_end([](scenarios::Cluster& cluster, scenarios::Ledger&) {
    std::string found;
    for (int id = 1; id <= 2; ++id) {
      const model::Broker* broker = cluster.broker(model::BrokerId(id));
      found += fmt::format("{} {} {}; ", broker->config().num_io_threads,
                           broker->config().num_replica_fetchers, broker->replicas().fetchers());
    }
    return found + (cluster.all_in_sync() ? "all in sync" : "not in sync");
  });
  // Of two leaders, each by two fetchers.
  CHECK(end == "16 2 4; 8 1 2; all in sync");
}

TEST_CASE("settings of a topic that is not there are refused", "[unit]") {
  Story story;
  story.operations = R"([
      {"at": "15s", "alter_topic_config": {"topic": "t", "set": {"retention.ms": 1}}},
      {"at": "20s", "create_topic": "t"},
      {"at": "25s", "alter_topic_config": {"topic": "t", "set": {"retention.ms": 900000}}}])";
  const scenarios::RunReport report = story.play();
  const std::string text = report.time_line_text();
  INFO(text);
  CHECK(text.find("changes settings of topic t: UNKNOWN_TOPIC_OR_PARTITION") != std::string::npos);
  CHECK(moment(report, "changes settings of topic t: accepted").time > Time(25s));
}

namespace {

/// A topic of some hundred kilobytes on brokers that fetch it in small pieces.
Story of_small_fetches() {
  Story story;
  story.duration = "100s";
  story.topic = R"({"name": "t", "replicas": [[1, 2]]})";
  story.brokers = R"({"count": 3, "machine": "box", "config": {"replica.fetch.max.bytes": 4000,
      "zookeeper.session.timeout.ms": 6000}})";
  return story;
}

/// From what the operator has asked for until the partition has moved.
Duration move_of_t(const scenarios::RunReport& report) {
  INFO(report.time_line_text());
  return moment(report, "t-0 has been moved").time -
         moment(report, "The operator reassigns the partitions of topic t").time;
}

}  // namespace

// ReassignPartitionsCommand: --throttle, and --verify that takes it back.
TEST_CASE("a reassignment that is throttled takes as long as its bytes, and leaves no throttle",
          "[unit]") {
  Story story = of_small_fetches();
  story.operations = R"([{"at": "45s", "reassign": {"topic": "t", "replicas": [[3, 1]]}}])";
  CHECK(move_of_t(story.play()) < 5s);
  story.operations = R"([{"at": "45s",
      "reassign": {"topic": "t", "replicas": [[3, 1]], "throttle": 60000}}])";
  const scenarios::RunReport report = story.play();
  const Duration took = move_of_t(report);
  CHECK(took > 8s);
  CHECK(took < 40s);
  CHECK(report.lost.empty());
  // Followers that are in sync are not held back.
  CHECK(report.time_line_text().find("ISR shrank from [1,2] to") == std::string::npos);
  const auto done = moment(report, "reassigns the partitions of topic t: accepted").time;
  CHECK(done > moment(report, "t-0 has been moved").time);
  const auto end = story.at_the_end([](scenarios::Cluster& cluster, scenarios::Ledger& ledger) {
    const model::Partition* leader = cluster.replica(model::BrokerId(1), {"t", 0});
    return fmt::format(
        "{}; [{}] [{}] {}", placed(ledger), leader->config().leader_replication_throttled_replicas,
        leader->config().follower_replication_throttled_replicas,
        cluster.broker(model::BrokerId(1))->config().leader_replication_throttled_rate >
            1'000'000'000);
  });
  CHECK(end == "t-0: 3,1 led by 1 in [1,3]; [] [] true");
}

// ReassignPartitionsCommand.findPartitionReassignmentStates: the wanted replicas alone are no end.
TEST_CASE("a replica more is throttled until it is in sync", "[unit]") {
  Story story = of_small_fetches();
  story.operations = R"([{"at": "45s",
      "reassign": {"topic": "t", "replicas": [[1, 2, 3]], "throttle": 60000}}])";
  const scenarios::RunReport report = story.play();
  const Duration took = move_of_t(report);
  CHECK(took > 8s);
  CHECK(took < 40s);
  const auto done = moment(report, "reassigns the partitions of topic t: accepted").time;
  CHECK(done > moment(report, "t-0 has been moved").time);
}

// ReplicaManager.shouldLeaderThrottle, RemoteLeaderEndPoint.shouldFollowerThrottle.
TEST_CASE("a leader, or a follower, alone holds a replica back that is not in sync", "[unit]") {
  const std::string side = GENERATE(as<std::string>{}, "leader", "follower");
  const bool listed = GENERATE(true, false);
  Story story = of_small_fetches();
  story.operations = fmt::format(R"([
      {{"at": "40s", "alter_topic_config": {{"topic": "t",
          "set": {{"{0}.replication.throttled.replicas": "{1}"}}}}}},
      {{"at": "41s", "alter_broker_config":
          {{"set": {{"{0}.replication.throttled.rate": 60000}}}}}},
      {{"at": "45s", "reassign": {{"topic": "t", "replicas": [[3, 1]]}}}}])",
                                 side, listed ? "0:1,0:3" : "1:1,0:2");
  const scenarios::RunReport report = story.play();
  const Duration took = move_of_t(report);
  CHECK((took > 8s) == listed);
  CHECK(took < 40s);
  const bool told = report.time_line_text().find(side + ".replication.throttled.rate is 60000") !=
                    std::string::npos;
  CHECK(told == listed);
  CHECK(report.time_line_text().find("ISR shrank from [1,2] to") == std::string::npos);
}
