// What people who run Kafka keep in public repositories, as import takes it. Each input here is
// written for this test with the facts of one such file (names of settings, shapes, oddities);
// where it stands is said beside it, and no text of it is copied. What import cannot represent has
// to be told, what is told has to be so, and nobody's password is repeated.
#include "plan/files/import.h"
#include "scenarios/loader.h"

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <string>
#include <vector>

using namespace brokerlab;
using namespace brokerlab::plan;
using nlohmann::json;

namespace {

struct RealFile {
  std::string source;  ///< repository:path
  FileKind kind;
  std::string text;
  std::vector<std::pair<std::string, json>> facts;  ///< Of the scenario; empty: there is none.
  std::vector<std::string> remarks;
  std::vector<std::string> never;  ///< In no remark.
};

std::vector<RealFile> server_properties() {
  constexpr FileKind K = FileKind::properties;
  return {
      {"akshatgit/kafka-configs:kafka/server5.properties",
       K,
       "broker.id=4\nlisteners=PLAINTEXT://10.0.0.5:9092\ndelete.topic.enable=true\nlog.dirs=/data/"
       "kafka\nzookeeper.connect=10.0.0.1:2181,10.0.0.2:2181,10.0.0.3:2181/kafka\n",
       {{"/zookeeper/nodes", 3}, {"/brokers/config/delete.topic.enable", true}},
       {"4 = broker-1", "listeners=PLAINTEXT://10.0.0.5:9092: tells of addresses"},
       {}},
      {"abhinavdhasmana/kafka-aws-setup:kafka/server.properties",
       K,
       "broker.id=3\nnum.partitions=8\ndefault.replication.factor=3\nmin.insync.replicas=2\n",
       {{"/brokers/count", 3}, {"/brokers/config/min.insync.replicas", 2}},
       {"default.replication.factor=3: needs 3 brokers, files tell of 1"},
       {"has to be mended"}},
      {"BabakMammadov/my_kafka_cluster:kafka/server.propertiesShort",
       K,
       "broker.id=2\nnum.network.threads=3\ndefault.replication.factor=3\nsocket.send.buffer.bytes="
       "102400\nauto.create.topics.enable=true\n",
       {{"/brokers/count", 3}, {"/brokers/config/num.network.threads", 3}},
       {},
       {"has to be mended"}},
      {"ANseunghyeon/kafka-gatewaysetting:config/server.properties",
       K,
       "ssl.keystore.password=hunter2\nauthorizer.class.name=kafka.security.authorizer."
       "AclAuthorizer\nallow.everyone.if.no.acl.found=false\nsuper.users=User:x\n"
       "log.retention.hours=168  # a week\nauto.create.topics.enable=false\n",
       {{"/brokers/config/auto.create.topics.enable", false}},
       {"ssl.keystore.password=***: tells of addresses, security",
        "allow.everyone.if.no.acl.found=false: tells of addresses, security",
        "# begins a comment only at the beginning of a line"},
       {"hunter2", "acl.found=false: Kafka 3.9 has no such setting"}},
      {"Ditofry/kafka-config-examples:config/server.properties",
       K,
       "broker.id=0\nlisteners=PLAINTEXT://localhost:9092\nadvertised.isteners=PLAINTEXT://"
       "localhost:9092\nssl.endpoint.identification.algorithm=\n",
       {{"/brokers/count", 1}},
       {"did you mean advertised.listeners?"},
       {}},
      {"anandjbangad/kafka_kerberose:kafka/server.properties",
       K,
       "broker.id=0\nlisteners=SSL://:9093,SASL_SSL://:9095\nsecurity.inter.broker.protocol=SSL\n"
       "zookeeper.connect=kafka.example.com:2181\nzookeeper.set.acl=true\n"
       "sasl.kerberos.service.name=kafka\nssl.key.password=hunter2\n",
       {{"/zookeeper/nodes", 1}},
       {"zookeeper.set.acl=true: tells of", "ssl.key.password=***"},
       {"hunter2"}},
      {"confluentinc/docker-images:kafka/server.properties",
       K,
       "auto.create.topics.enable=true\nbroker.id=0\nlog.cleaner.enable=true\nlog.dirs=/var/lib/"
       "kafka\nlog.retention.hours=168\nzookeeper.connect=zookeeper:2181\n",
       {{"/brokers/config/log.cleaner.enable", true}, {"/brokers/config/log.retention.hours", 168}},
       {"0 = broker-1"},
       {}},
      {"Cyb3rWard0g/HELK:kafka/server.properties",
       K,
       "broker.id=0\nnum.recovery.threads.per.data.dir=1\nunclean.leader.election.enable=true\n"
       "num.replica.fetchers=2\nnum.recovery.threads.per.data.dir=1\n",
       {{"/brokers/config/num.replica.fetchers", 2},
        {"/brokers/config/unclean.leader.election.enable", true}},
       {"stands here a second time: the last one counts"},
       {}},
      {"dark-tulip/kafka-with-tiered-storage:kafka/server.properties",
       K,
       "process.roles=controller,broker\nnode.id=1\ncontroller.quorum.voters=1@kafka:9093\n"
       "num.partitions=3\nremote.log.storage.system.enable=true\n"
       "rsm.config.storage.aws.secret.access.key=hunter2\nlog.retention.check.interval.ms=5000\n",
       {{"/brokers/config/num.partitions", 3}},
       {"process.roles=controller,broker: is KRaft's",
        "remote.log.storage.system.enable=true: is of tiered storage",
        "rsm.config.storage.aws.secret.access.key=***"},
       {"hunter2"}},
      {"chronicweirdo/kafka-auth:kafka/server.properties",
       K,
       "broker.id=0\ntransaction.state.log.min.isr=1\nlisteners=SASL_PLAINTEXT://0.0.0.0:9095, "
       "PLAINTEXT://0.0.0.0:9092\nsasl.enabled.mechanisms=PLAIN\ngroup.initial.rebalance.delay.ms=0"
       "\n",
       {{"/brokers/config/group.initial.rebalance.delay.ms", 0}},
       {"sasl.enabled.mechanisms=PLAIN: tells of"},
       {}},
      {"apache/kafka:config/kraft/server.properties",
       K,
       "process.roles=broker,controller\nnode.id=1\ncontroller.listener.names=CONTROLLER\n"
       "listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT\nnum.io.threads="
       "8\n",
       {{"/brokers/config/num.io.threads", 8}},
       {"controller.listener.names=CONTROLLER: is KRaft's"},
       {}},
  };
}

std::vector<RealFile> topic_listings() {
  constexpr FileKind K = FileKind::topics;
  const std::string observers =
      "confluent.placement.constraints={\"version\":1,\"replicas\":[{\"count\":2,\"constraints\":"
      "{\"rack\":\"west\"}}],\"observers\":[]}";
  return {
      {"confluentinc/examples, multi-region clusters: output in its README",
       K,
       "==> Describe topic near\n\nTopic: near\tPartitionCount: 1\tReplicationFactor: "
       "2\tConfigs: " +
           observers +
           ",min.insync.replicas=1\n\tTopic: near\tPartition: 0\tLeader: none\tReplicas: "
           "2,1\tIsr: 1\tOffline: 2,1\tLiveObservers: \n",
       {{"/topics/0/config/min.insync.replicas", 1}, {"/brokers/count", 2}},
       {"==> Describe topic near: is no line of a topic", "confluent.placement.constraints={",
        "near-0: has no leader"},
       {}},
      {"ghShu/kafka-notes:notes, a note on broker ids: a listing that a document wrapped",
       K,
       "    Topic: pays\tPartitionCount: 2\tReplicationFactor: 3\n    Configs: "
       "cleanup.policy=compact,flush.ms=1000,\n    segment.bytes=104857600,retention.bytes="
       "1073741824\n        Topic: pays\tPartition: 0\tLeader: none\tReplicas: "
       "1002,1003,1001\tIsr: "
       "1003\n        Topic: pays\tPartition: 1\tLeader: 1003\tReplicas: 1003,1001,1002\tIsr: "
       "1003\n        ...\n",
       {{"/topics/0/config/segment.bytes", 104857600},
        {"/topics/0/config/retention.bytes", 1073741824},
        {"/topics/0/replication.factor", 3},
        {"/brokers/count", 3}},
       {"1001 = broker-1", "...: is no line of a topic"},
       {"Configs: cleanup", "segment.bytes=104857600,"}},
      {"a workshop on streams of game subtitles: a listing in code marks, of fifteen brokers",
       K,
       "`Topic: subs\tTopicId: aaaaaaaaaaaaaaaaaaaaaa\tPartitionCount: 2\tReplicationFactor: "
       "3\tConfigs: min.insync.replicas=2,max.compaction.lag.ms=9223372036854775807,"
       "confluent.topic.type=standard`  \n\t`Topic: subs\tPartition: 0\tLeader: 13\tReplicas: "
       "13,0,11\tIsr: 0,13,11\tElr: N/A\tLastKnownElr: N/A`  \n\t`Topic: subs\tPartition: "
       "1\tLeader: "
       "14\tReplicas: 14,13,15\tIsr: 15,13,14\tElr: N/A\tLastKnownElr: N/A`\n",
       {{"/topics/0/partitions", 2}, {"/topics/0/name", "subs"}, {"/brokers/count", 5}},
       {"confluent.topic.type=standard: Kafka 3.9 has no such setting"},
       {"is no line of a topic", "has no leader"}},
      {"a lab on replication factors: partitions without their topic's name",
       K,
       "Topic: one\tReplicationFactor: 1\tConfigs: min.insync.replicas=1\n\tPartition: 0\tLeader: "
       "none\tReplicas: 3\tIsr: \tElr: 3\tLastKnownElr: 3\n",
       {{"/topics/0/name", "one"}, {"/topics/0/replication.factor", 1}},
       {"one-0: has no leader"},
       {"is no line"}},
      {"a blog on gohangout: a listing by --zookeeper below its command",
       K,
       "# ./bin/kafka-topics.sh --zookeeper zk1:2181 --describe --topic iis\nTopic:iis\t"
       "PartitionCount:2\tReplicationFactor:2\tConfigs:\n\tTopic: iis\tPartition: 0\tLeader: "
       "none\tReplicas: 2,0\tIsr: \n\tTopic: iis\tPartition: 1\tLeader: none\tReplicas: 0,1\tIsr: "
       "\n",
       {{"/topics/0/partitions", 2}, {"/brokers/count", 3}},
       {"iis-1: has no leader", "is no line of a topic"},
       {}},
      {"a guide to Kafka: a listing in which some lines are left out, tabs with blanks",
       K,
       "Topic: test.topic\tTopicId: aaaaaaaaaaaaaaaaaaaaaa\tPartitionCount: 5\tReplicationFactor: "
       "3\tConfigs: min.insync.replicas=2,segment.bytes=1073741824\n\tTopic: "
       "test.topic\tPartition: "
       "1\tLeader: 3\t    Replicas: 1,2,3\tIsr: 1,2,3\n\tTopic: test.topic\tPartition: 4\tLeader: "
       "none\tReplicas: 3,4,5\tIsr: 5\n",
       {{"/topics/0/partitions", 5}, {"/brokers/count", 5}},
       {"test.topic-4: has no leader"},
       {"test.topic-1: has"}},
  };
}

std::vector<RealFile> json_files() {
  return {
      {"JudeChenn/kafka-podman:reassignment.json",
       FileKind::reassignment,
       R"({"version":1,"partitions":[{"topic":"a.b","partition":0,"replicas":[1,2,3],"log_dirs":["any","any","any"]}]})",
       {{"/topics/0/replication.factor", 3}, {"/brokers/count", 3}},
       {"log_dirs: brokers choose directories themselves"},
       {}},
      {"rjmfernandes/kraft-nonDual-to-Dual:reassignment.json",
       FileKind::reassignment,
       "{\n \"version\": 1,\n \"partitions\": [\n  {\"topic\": \"test\", \"partition\": 0, "
       "\"replicas\": [1, 2]},\n  {\"topic\": \"__consumer_offsets\", \"partition\": 22, "
       "\"replicas\": [0]},\n  {\"topic\": \"_confluent-metrics\", \"partition\": 11, "
       "\"replicas\": [1, 2]}\n ]\n}\n  ",
       {{"/topics/1/name", "_confluent-metrics"}, {"/topics/1/partitions", 12}},
       {"__consumer_offsets: is Kafka's own",
        "_confluent-metrics: 1 of its partitions are told of, the highest is 11: it gets 12"},
       {}},
      {"notes on moving a topic: what --generate printed, with a remark between",
       FileKind::reassignment,
       "Current partition replica assignment\n{\"version\":1,\"partitions\":[{\"topic\":\"event\","
       "\"partition\":0,\"replicas\":[0]}]}\n\nProposed partition reassignment configuration\n"
       "# to a file\n{\"version\":1,\"partitions\":[{\"topic\":\"event\",\"partition\":0,"
       "\"replicas\":[0,1]}]}\n",
       {{"/topics/0/replication.factor", 2}, {"/brokers/count", 2}},
       {},
       {"has to be mended"}},
      {"linkedin/cruise-control:config/capacity.json",
       FileKind::capacity,
       R"({"brokerCapacities":[{"brokerId":"-1","capacity":{"DISK":"100000","CPU":"100","NW_IN":"10000","NW_OUT":"10000"}},
           {"brokerId":"0","capacity":{"DISK":"500000","CPU":"100","NW_IN":"50000","NW_OUT":"50000"}}]})",
       {{"/hardware/machine-1/disks/0/size", "500000000000B"},
        {"/hardware/machine-1/nic/rate", "50000000B/s"}},
       {"a share says nothing of cores"},
       {}},
      {"linkedin/cruise-control:config/capacityCores.json",
       FileKind::capacity,
       R"({"brokerCapacities":[{"brokerId":"0","capacity":{"DISK":"500000","CPU":{"num.cores":"32"},"NW_IN":"50000","NW_OUT":"50000"}}]})",
       {{"/hardware/machine-1/cpu/cores", 32}},
       {},
       {"a share says nothing"}},
      {"linkedin/cruise-control:config/capacityJBOD.json",
       FileKind::capacity,
       R"({"brokerCapacities":[{"brokerId":"0","capacity":{"DISK":{"/a":"500000"},"CPU":"100","NW_IN":"50000","NW_OUT":"50000"}},
           {"brokerId":"1","capacity":{"DISK":{"/a":"250000","/b":"250000"},"CPU":"100","NW_IN":"50000","NW_OUT":"50000"}}]})",
       {{"/brokers/1/machine", "machine-2"}, {"/hardware/machine-2/disks/1/kind", "hdd"}},
       {},
       {}},
  };
}

std::vector<RealFile> benchmark_files() {
  constexpr FileKind W = FileKind::workload;
  return {
      {"openmessaging/benchmark:workloads/1-topic-100-partitions-1kb-4p-4c-200k-backlog.yaml",
       W,
       "name: backlog\ntopics: 1\npartitionsPerTopic: 100\nmessageSize: 1024\n"
       "useRandomizedPayloads: true\nrandomBytesRatio: 0.5\nsubscriptionsPerTopic: 1\n"
       "consumerPerSubscription: 4\nproducersPerTopic: 4\nproducerRate: 200000\n"
       "consumerBacklogSizeGB: 512\ntestDurationMinutes: 15\n",
       {{"/topics/0/partitions", 100}, {"/sources/3/rate", "50000.000000/s"}},
       {"consumerBacklogSizeGB: 512: has no counterpart", "randomBytesRatio: 0.5"},
       {"has to be mended"}},
      {"openmessaging/benchmark:workloads/100k-topic-1kb-4p-4c-2000k.yaml",
       W,
       "name: many\ntopics: 100000\npartitionsPerTopic: 1\nmessageSize: 1024\n"
       "subscriptionsPerTopic: 1\nconsumerPerSubscription: 4\nproducersPerTopic: 4\n"
       "producerRate: 2000000\ntestDurationMinutes: 15\n",
       {{"/consumers/1/topics/0", "test-topic-101"}},
       {"topics: 100000: is more than a scenario takes: 1000 stand here",
        "only 200 of 1000 topics are taken", "a group reads 100 topics"},
       {"has to be mended"}},
      {"openmessaging/benchmark:workloads/1m-10-topics-16-partitions-100b.yaml",
       W,
       "name: ten\ntopics: 10\npartitionsPerTopic: 16\nmessageSize: 100\nsubscriptionsPerTopic: 1\n"
       "consumerPerSubscription: 1\nproducersPerTopic: 1\nproducerRate: 1000000\n"
       "consumerBacklogSizeGB: 0\ntestDurationMinutes: 5\n",
       {{"/topics/9/partitions", 16}, {"/sources/0/record_size", "100B"}},
       {},
       {"consumerBacklogSizeGB", "has to be mended"}},
      {"openmessaging/benchmark:driver-kafka/kafka-exactly-once.yaml",
       FileKind::driver,
       "name: Kafka\ndriverClass: io.openmessaging.benchmark.driver.kafka.KafkaBenchmarkDriver\n"
       "replicationFactor: 3\ntopicConfig: |\n  min.insync.replicas=2\nproducerConfig: |\n  "
       "acks=all\n",
       {},
       {"a driver says how; how much is said by a workload"},
       {}},
  };
}

std::vector<RealFile> real_files() {
  std::vector<RealFile> all;
  for (const auto& some :
       {server_properties(), topic_listings(), json_files(), benchmark_files()}) {
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

std::string said_of(const Imported& imported) {
  std::string said;
  for (const Remark& one : imported.remarks) said += to_text(one) + "\n";
  return said;
}

}  // namespace

TEST_CASE("real files: facts are kept, and what cannot be is told", "[unit]") {
  REQUIRE(real_files().size() >= 20);
  for (const RealFile& file : real_files()) {
    INFO(file.source);
    CHECK(kind_of(file.text) == file.kind);
    const Imported imported = import_files({{"file", file.text}}, "told");
    const std::string said = said_of(imported);
    INFO(imported.scenario << said);
    CHECK(imported.scenario.empty() == file.facts.empty());
    for (const auto& [pointer, value] : file.facts) {
      INFO(pointer);
      const json scenario = json::parse(imported.scenario);
      REQUIRE(scenario.contains(json::json_pointer(pointer)));
      CHECK(scenario.at(json::json_pointer(pointer)) == value);
    }
    for (const std::string& what : file.remarks) CHECK_THAT(said, Catch::Contains(what));
    for (const std::string& what : file.never) {
      INFO(what);
      CHECK(said.find(what) == std::string::npos);
    }
    // What came out loads, whatever was asked for.
    if (!imported.scenario.empty()) {
      CHECK(scenarios::parse_scenario(imported.scenario, "s.json", ".").errors.empty());
    }
  }
}

TEST_CASE("a benchmark's common settings go to producers and consumers alike", "[unit]") {
  // openmessaging/benchmark:driver-kafka/kafka-throughput.yaml
  const std::string driver =
      "driverClass: io.openmessaging.benchmark.driver.kafka.KafkaBenchmarkDriver\n"
      "replicationFactor: 3\ncommonConfig: |\n  bootstrap.servers=localhost:9092\n  "
      "default.api.timeout.ms=1200000\n  request.timeout.ms=1200000\n";
  const std::string workload =
      "name: w\ntopics: 1\npartitionsPerTopic: 1\nmessageSize: 100\nproducerRate: 100\n"
      "subscriptionsPerTopic: 1\nconsumerPerSubscription: 1\nproducersPerTopic: 1\n";
  const Imported imported = import_files({{"d.yaml", driver}, {"w.yaml", workload}}, "both");
  const json scenario = json::parse(imported.scenario);
  const std::string said = said_of(imported);
  INFO(imported.scenario << said);
  CHECK(scenario["consumers"][0]["config"]["default.api.timeout.ms"] == 1200000);
  CHECK(scenario["consumers"][0]["config"]["request.timeout.ms"] == 1200000);
  CHECK(scenario["producers"][0]["config"]["request.timeout.ms"] == 1200000);
  CHECK(said.find("default.api.timeout.ms") == std::string::npos);
}
