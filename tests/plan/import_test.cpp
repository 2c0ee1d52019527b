// Import takes the files that people have. The inputs here are small ones with the facts of files
// that stand in public repositories; no text of theirs.
#include "plan/files/import.h"

#include "base/translation.h"
#include "model/kafka_settings.h"
#include "plan/files/properties.h"
#include "plan/files/topic_listing.h"
#include "plan/files/yaml.h"
#include "scenarios/loader.h"
#include "tests/cli/command.h"
#include "tests/files.h"
#include "tests/temporary.h"

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>

using namespace brokerlab;
using namespace brokerlab::plan;
using nlohmann::json;

namespace {

json scenario_of(const Imported& imported) {
  REQUIRE(!imported.scenario.empty());
  return json::parse(imported.scenario);
}

Imported of(const std::vector<std::string>& texts) {
  std::vector<NamedText> files;
  files.reserve(texts.size());
  for (const std::string& text : texts) {
    files.push_back({fmt::format("file-{}", files.size() + 1), text});
  }
  return import_files(files, "told");
}

bool remarked(const Imported& imported, const std::string& what) {
  for (const Remark& one : imported.remarks) {
    if (to_text(one).find(what) != std::string::npos) return true;
  }
  return false;
}

/// What a file becomes: values by JSON pointer, and what is said of the rest.
struct Sample {
  std::string text;
  FileKind kind;
  std::vector<std::pair<std::string, json>> facts;
  std::vector<std::string> remarks;
};

std::vector<Sample> samples() {
  using K = FileKind;
  const std::string driver =
      "driverClass: io.openmessaging.benchmark.driver.kafka.KafkaBenchmarkDriver\n";
  return {
      {"default.replication.factor=2\nmin.insync.replicas=1\nnum.io.threads=8\n"
       "num.network.threads=5\nnum.replica.fetchers=2\nsocket.send.buffer.bytes=102401\n"
       "unclean.leader.election.enable=true\nzookeeper.connection.timeout.ms=2000\n",
       K::properties,
       {{"/brokers/config/default.replication.factor", 2},
        {"/brokers/config/num.replica.fetchers", 2},
        {"/brokers/config/unclean.leader.election.enable", true},
        {"/brokers/config/zookeeper.connection.timeout.ms", 2000}},
       {"file-1:6: socket.send.buffer.bytes=102401: "}},
      {"broker.id=0\nlisteners=SASL_PLAINTEXT://10.0.0.1:9092\nlog.dirs=/opt/kafka/logs/\n"
       "offsets.topic.replication.factor=1\nlog.cleanup.policy=delete\nlog.retention.hours=168\n"
       "zookeeper.connect=10.0.0.1:2181,10.0.0.2:2181,10.0.0.3:2181\n"
       "group.initial.rebalance.delay.ms=0\n#port=9092\n",
       K::properties,
       {{"/zookeeper/nodes", 3},
        {"/brokers/config/offsets.topic.replication.factor", 1},
        {"/brokers/config/group.initial.rebalance.delay.ms", 0}},
       {"file-1:2: listeners=", "0 = broker-1"}},
      {"zookeeper.connect=localhost:2181/kafka1\nzookeeper.connection.timeout.ms=18000\n",
       K::properties,
       {{"/zookeeper/nodes", 1}},
       {}},
      {"broker.id=${broker_id}\nnum.partitions=${num_partitions}\nlog.retention.hours=${hours}\n"
       "zookeeper.connect=${zookeeper}\nmin.insync.replicas=2\n",
       K::properties,
       {{"/brokers/config/min.insync.replicas", 2}},
       {"file-1:1: broker.id=${broker_id}: is no id", "has a placeholder", "is no list of 1 to 9"}},
      {"inter.broker.protocol.version=1.1\nlog.message.format.version=1.1\n"
       "log.retention.hours=96\nlog.retention.bytes=1073741824\n"
       "zookeeper.connect=10.0.0.1:2181,10.0.0.2:2181,10.0.0.3:2181\n",
       K::properties,
       {{"/brokers/config/log.retention.hours", 96},
        {"/brokers/config/log.retention.bytes", 1073741824}},
       {"inter.broker.protocol.version=1.1"}},
      {"\xEF\xBB\xBF"
       "broker.id = 7\r\nlog.dirs = /a,\\\r\n   /b\r\nreplica.lag.max.messages: 4000\r\n",
       K::properties,
       {{"/hardware/machine-1/disks/1/kind", "hdd"}},
       {"file-1:4: replica.lag.max.messages=4000: Kafka 3.9 has no such setting"}},
      {"process.roles=broker,controller\nnode.id=1\nnum.io.threads=16\n",
       K::properties,
       {{"/brokers/config/num.io.threads", 16}},
       {"is KRaft's"}},
      {"num.io.threads=8\nnum.io.threads=sixteen\nnum.io.threads=12\n",
       K::properties,
       {{"/brokers/config/num.io.threads", 12}},
       {"file-1:2: ", "a second time"}},
      {"Topic: orders\tTopicId: r7mFHLM1RNGzSBSTEfBxgA\tPartitionCount: 3\tReplicationFactor: 1\t"
       "Configs: segment.bytes=1073741824\n"
       "\tTopic: orders\tPartition: 0\tLeader: 1\tReplicas: 1\tIsr: 1\tElr: \tLastKnownElr: \n",
       K::topics,
       {{"/topics/0/partitions", 3},
        {"/topics/0/replication.factor", 1},
        {"/topics/0/config/segment.bytes", 1073741824}},
       {"which broker has which replica is not kept"}},
      {"Topic:test    PartitionCount:1 ReplicationFactor:3 Configs:\n"
       "   Topic:test Partition:0 Leader:0 Replicas:0,2,1 Isr:0,2\n",
       K::topics,
       {{"/topics/0/replication.factor", 3}, {"/brokers/count", 3}},
       {"file-1:2: test-0: has 2 of 3 replicas in sync"}},
      {"\tTopic: lost\tPartition: 4\tLeader: none\tReplicas: 12,13\tIsr: 12\n",
       K::topics,
       {{"/topics/0/partitions", 5}},
       {"has no leader", "12 = broker-1, 13 = broker-2"}},
      {"Topic: c\tPartitionCount: 1\tReplicationFactor: 2\tConfigs: cleanup.policy=compact,delete,"
       "min.insync.replicas=2\n\tTopic: c\tPartition: 0\tLeader: 1\tReplicas: 1,2,3\tIsr: 1,2,3\t"
       "Adding Replicas: 3\tRemoving Replicas: 1\n",
       K::topics,
       {{"/topics/0/config/cleanup.policy", "compact,delete"},
        {"/topics/0/config/min.insync.replicas", 2},
        {"/topics/0/replication.factor", 2}},
       {"c-0: is being reassigned (adding 3, removing 1)"}},
      {R"({"version":1,"partitions":[{"topic":"foo","partition":0,"replicas":[1,2],"log_dirs":["any","any"]},
           {"topic":"foo","partition":1,"replicas":[2,3],"log_dirs":["any","any"]}]})",
       K::reassignment,
       {{"/topics/0/partitions", 2}, {"/topics/0/replication.factor", 2}, {"/brokers/count", 3}},
       {"log_dirs: brokers choose directories themselves"}},
      {"Current partition replica assignment\n{\"version\":1,\"partitions\":[{\"topic\":\"foo\","
       "\"partition\":0,\"replicas\":[0]}]}\n\nProposed partition reassignment configuration\n"
       "{\"version\":1,\"partitions\":[{\"topic\":\"foo\",\"partition\":0,\"replicas\":[1,2]}]}\n",
       K::reassignment,
       {{"/topics/0/replication.factor", 2}, {"/brokers/count", 2}},
       {}},
      {R"({"brokerCapacities":[{"brokerId":"-1","capacity":{"DISK":"100000","CPU":"100","NW_IN":"10000",
           "NW_OUT":"10000"}},{"brokerId":"0","capacity":{"DISK":"500000","CPU":"100","NW_IN":"50000","NW_OUT":"50000"}}]})",
       K::capacity,
       {{"/hardware/machine-1/disks/0/size", "500000000000B"},
        {"/hardware/machine-1/nic/rate", "50000000B/s"}},
       {"brokerId 0: CPU: a share says nothing of cores"}},
      {R"({"brokerCapacities":[{"brokerId":"0","capacity":{"DISK":{"/tmp/1":"100000","/tmp/2":"50000"},
           "CPU":{"num.cores":"8"},"NW_IN":"125000","NW_OUT":"100000"}}]})",
       K::capacity,
       {{"/hardware/machine-1/disks/1/size", "50000000000B"},
        {"/hardware/machine-1/cpu/cores", 8},
        {"/hardware/machine-1/nic/rate", "100000000B/s"}},
       {"says how large disks are, not how fast", "brokerId 0: NW_IN, NW_OUT: differ"}},
      {"name: Serverless\n\ntopics: 1\npartitionsPerTopic: 30\nmessageSize: 1024\n"
       "payloadFile: \"payload/payload-1Kb.data\"\nsubscriptionsPerTopic: 3\n"
       "consumerPerSubscription: 4\nproducersPerTopic: 4\nproducerRate: 19531\n"
       "consumerBacklogSizeGB: 0\ntestDurationMinutes: 1\nwarmupDurationMinutes: 1\n",
       K::workload,
       {{"/topics/0/partitions", 30},
        {"/producers/3/topic", "test-topic-1"},
        {"/sources/0/rate", "4882.750000/s"},
        {"/consumers/2/members", 4}},
       {"payloadFile: ", "no file tells of brokers: 3 stand here"}},
      {"name: many\ntopics: 100\npartitionsPerTopic: 1\nmessageSize: 1024\n"
       "subscriptionsPerTopic: 2\nconsumerPerSubscription: 1\nproducersPerTopic: 2\n"
       "producerRate: 500\ntestDurationMinutes: 25\n",
       K::workload,
       {{"/producers/99/topic", "test-topic-100"}, {"/consumers/1/members", 100}},
       {"200 producers are too many", "a group reads 100 topics", "two minutes are run"}},
      {"topics: 1\npartitionsPerTopic: 100\nkeyDistributor: \"KEY_ROUND_ROBIN\"\nmessageSize: "
       "1024\n"
       "producerRate: 512000\nproducersPerTopic: 4\nsubscriptionsPerTopic: 1\n",
       K::workload,
       {{"/sources/0/keys/uniform/count", 10000}},
       {"keyDistributor: KEY_ROUND_ROBIN"}},
      {"name: max\ntopics: 1\npartitionsPerTopic: 2\nproducerRate: 0\n",
       K::workload,
       {{"/topics/0/partitions", 2}},
       {"producerRate: 0: 0 or less asks for as much as goes"}},
      {"{name: t, topics: 0b10, partitionsPerTopic: 1_6, messageSize: 10_000,\n"
       " producerRate: 0xC350, testDurationMinutes: 1}\n",
       K::workload,
       {{"/topics/1/partitions", 16},
        {"/sources/0/rate", "25000.000000/s"},
        {"/sources/0/record_size", "10000B"}},
       {}},
  };
}

}  // namespace

TEST_CASE("files of people who run Kafka become what they say", "[unit]") {
  REQUIRE(samples().size() >= 20);
  for (const Sample& sample : samples()) {
    INFO(sample.text);
    CHECK(kind_of(sample.text) == sample.kind);
    const Imported imported = of({sample.text});
    INFO(imported.scenario);
    const json scenario = scenario_of(imported);
    for (const auto& [pointer, value] : sample.facts) {
      INFO(pointer);
      REQUIRE(scenario.contains(json::json_pointer(pointer)));
      CHECK(scenario.at(json::json_pointer(pointer)) == value);
    }
    std::string said;
    for (const Remark& one : imported.remarks) said += to_text(one) + "\n";
    for (const std::string& what : sample.remarks) CHECK_THAT(said, Catch::Contains(what));
  }
}

TEST_CASE("several files make one cluster that runs", "[unit]") {
  const auto properties = [](int id) {
    return fmt::format(
        "broker.id={}\nlog.dirs=/data\nzookeeper.connect=a:2181,b:2181,c:2181\nnum.io.threads=4\n",
        id);
  };
  const std::string load =
      "topics: 1\npartitionsPerTopic: 3\nmessageSize: 1024\nproducersPerTopic: 1\n"
      "producerRate: 100\nsubscriptionsPerTopic: 1\nconsumerPerSubscription: 2\n";
  const Imported imported = of(
      {properties(11), properties(12), properties(13),
       "Topic: orders\tPartitionCount: 2\tReplicationFactor: 3\tConfigs: min.insync.replicas=2\n",
       "driverClass: io.openmessaging.benchmark.driver.kafka.KafkaBenchmarkDriver\n"
       "replicationFactor: 3\nreset: true\ntopicConfig: |\n  min.insync.replicas=2\n"
       "commonConfig: |\n  bootstrap.servers=broker:9092\n  request.timeout.ms=120000\n"
       "producerConfig: |\n  linger.ms=100\n  # 1 MiB\n  batch.size=1048576\n"
       "  compression.type=lz4\n  delivery.timeout.ms=240000\n"
       "consumerConfig: |\n  auto.offset.reset=earliest\n  enable.auto.commit=false\n",
       load});
  const json scenario = scenario_of(imported);
  CHECK(scenario["brokers"]["count"] == 3);
  CHECK(scenario["brokers"]["config"]["num.io.threads"] == 4);
  CHECK(scenario["topics"].size() == 2);
  CHECK(scenario["producers"][0]["config"]["compression.type"] == "lz4");
  CHECK(scenario["producers"][0]["config"]["request.timeout.ms"] == 120'000);
  CHECK(!remarked(imported, "has to be mended"));
  const auto loaded = scenarios::parse_scenario(imported.scenario, "told.json", ".");
  INFO(to_text(loaded.errors));
  CHECK(loaded.scenario.has_value());
}

TEST_CASE("properties are read as Java reads them", "[unit]") {
  const auto all =
      parse_properties("! c\na=1\n  b : 2\nc 3\nd\\ e = f\\u0041\\\\\n\nx = 1,\\\n  2\nk");
  REQUIRE(all.size() == 6);
  CHECK((all[0].key == "a" && all[0].value == "1" && all[0].line == 2));
  CHECK((all[1].key == "b" && all[1].value == "2"));
  CHECK((all[2].key == "c" && all[2].value == "3"));
  CHECK((all[3].key == "d e" && all[3].value == "fA\\"));
  CHECK((all[4].key == "x" && all[4].value == "1,2" && all[4].line == 7));
  CHECK((all[5].key == "k" && all[5].value.empty() && all[5].line == 9));
}

TEST_CASE("what tells of no cluster is refused, and what is there is not overwritten", "[unit]") {
  CHECK(of({"hello\n"}).scenario.empty());
  CHECK(of({""}).scenario.empty());
  CHECK(of({"{\"brokerCapacities\": 5}"}).scenario.empty());
  const std::string file = tests::temporary_path("server.properties");
  const std::string to = tests::temporary_path("imported.json");
  std::ofstream(file) << "broker.id=1\nnum.io.threads=4\n";
  CHECK(test::command({"import", file, "--to", to}).status == 0);
  CHECK(json::parse(tests::contents(to))["brokers"]["config"]["num.io.threads"] == 4);
  CHECK(test::command({"import", file, "--to", to}).status == 0);  // It is the same.
  std::ofstream(file) << "broker.id=1\nnum.io.threads=5\n";
  CHECK(test::command({"import", file, "--to", to}).status == 3);
  CHECK(test::command({"import", "no_such.properties"}).status == 3);
  std::filesystem::remove(file);
  std::filesystem::remove(to);
}

TEST_CASE("what Kafka's ConfigDef takes is taken, as it takes it", "[unit]") {
  const auto config = [](const std::string& key, const std::string& value) {
    const json scenario = scenario_of(of({"broker.id=1\n" + key + "=" + value + "\n"}));
    const json& of_broker = scenario["brokers"]["config"];
    return of_broker.contains(key) ? of_broker[key] : json();
  };
  int booleans = 0;
  int numbers = 0;
  for (const model::KafkaSetting& one : model::kafka_settings()) {
    if (one.component != model::Component::broker) continue;
    const std::string key(one.name);
    INFO(key);
    if (one.type == "boolean") {
      const json yes = config(key, "true");
      if (yes.is_null()) continue;  // Not modelled, or of the place.
      ++booleans;
      CHECK(config(key, "TRUE") == yes);
      CHECK(config(key, "\\ \\tTrue ") == yes);
      CHECK(config(key, "FALSE") == config(key, "false"));
      CHECK(config(key, "yes").is_null());
    } else if (one.type == "int" || one.type == "long" || one.type == "short") {
      const std::string value(one.default_value);
      if (value.empty() || value.front() < '0' || value.front() > '9') continue;
      const json number = config(key, value);
      if (number.is_null()) continue;
      ++numbers;
      CHECK(config(key, "\\t+" + value + " ") == number);
      CHECK(config(key, "00" + value) == number);
      for (const char* wrong : {"1e3", "1_000", "8.0", "10ms", "0x10", ""}) {
        CHECK(config(key, wrong).is_null());
      }
    }
  }
  CHECK(booleans >= 5);
  CHECK(numbers >= 50);
  CHECK(config("log.cleanup.policy", "compact , delete") == "compact,delete");
  CHECK(config("log.cleaner.min.cleanable.ratio", ".5d") == 0.5);
  CHECK(config("compression.type", "zstd") == "zstd");
  CHECK(config("compression.type", "ZSTD").is_null());  // ValidString knows case.
}

TEST_CASE("what cannot be read is an error with its place, and nothing stands in for it",
          "[unit]") {
  const auto said = [](const std::string& text) {
    const Imported imported = of({text});
    CHECK(imported.scenario.empty());
    return to_text(imported.errors);
  };
  const auto workload = [&](const std::string& line) {
    return said("name: t\npartitionsPerTopic: 1\nproducerRate: 10\n" + line + "\n");
  };
  for (const char* key : {"topics", "messageSize", "producersPerTopic", "subscriptionsPerTopic",
                          "consumerPerSubscription", "testDurationMinutes"}) {
    for (const char* value : {"10KB", "abc", "-2", "1e99", "[1]", "${N}", "089", "5000000000"}) {
      INFO(key << ": " << value);
      CHECK_THAT(workload(fmt::format("{}: {}", key, value)),
                 Catch::Contains(fmt::format("file-1: /{}: ", key)));
    }
  }
  CHECK_THAT(said("partitionsPerTopic: 1\nproducerRate: many\n"),
             Catch::Contains("/producerRate: \"many\": must be a whole number"));
  CHECK_THAT(said("partitionsPerTopic: {\nproducerRate: 1\n"), Catch::Contains("is no YAML"));
  const auto capacity = [&](const std::string& what) {
    return said(R"({"brokerCapacities":[{"brokerId":"7","capacity":{)" + what + "}}]}");
  };
  for (const char* key : {"DISK", "NW_IN", "NW_OUT", "CPU"}) {
    for (const char* value : {R"("abc")", R"("-5")", "0", "null", R"("$DISK_SPACE")"}) {
      INFO(key << ": " << value);
      CHECK_THAT(capacity(fmt::format("\"{}\":{}", key, value)),
                 Catch::Contains(fmt::format("/brokerCapacities/0/capacity/{}: ", key)));
    }
  }
  CHECK_THAT(capacity(R"("CPU":{"num.cores":"many"})"), Catch::Contains("/capacity/CPU/num.cores"));
  const auto moved = [&](const std::string& replicas) {
    return said(R"({"version":1,"partitions":[{"topic":"a","partition":0,"replicas":)" + replicas +
                "}]}");
  };
  CHECK_THAT(moved("[2,3,3]"),
             Catch::Contains("Partition replica lists may not contain duplicate entries"));
  CHECK_THAT(moved("[]"), Catch::Contains("Partition replica list cannot be empty"));
  CHECK_THAT(moved("[\"x\"]"), Catch::Contains("must be a broker's id"));
  CHECK_THAT(said(R"({"partitions":[{"topic":"a","partition":0,"replicas":[1]},
                                    {"topic":"a","partition":0,"replicas":[2]}]})"),
             Catch::Contains("is told of twice"));
  const std::string file = tests::temporary_path("many.yaml");
  std::ofstream(file) << "partitionsPerTopic: 1\nproducerRate: many\n";
  for (const char* command : {"import", "lint"}) {
    const test::Answer answer = test::command({command, file});
    CHECK(answer.status == 3);
    CHECK_THAT(answer.err, Catch::Contains("/producerRate: \"many\""));
  }
  std::filesystem::remove(file);
}

TEST_CASE("numbers are those of YAML 1.1", "[unit]") {
  const std::vector<std::pair<const char*, double>> numbers{
      {"50_000", 50'000}, {"0xC350", 50'000}, {"0b1_01", 5}, {"017", 15},           {"0", 0},
      {"-1", -1},         {"+12", 12},        {"1:30", 90},  {"1.5", 1.5},          {"1e3", 1000},
      {"1_0.5", 10.5},    {"-0x10", -16},     {".5", 0.5},   {"190:20:30", 685'230}};
  for (const auto& [text, number] : numbers) {
    INFO(text);
    CHECK(number_of_yaml(text) == number);
  }
  for (const char* text : {"", "-", "many", "10KB", "0xZ", "0b2", "089", "1:75", "_1", "1:", "inf",
                           "nan", "1e999", "--1", "1 2"}) {
    INFO(text);
    CHECK(number_of_yaml(text) == std::nullopt);
  }
}

TEST_CASE("a broker without a file of its own is set up as the last that has one", "[unit]") {
  const Imported imported =
      of({"broker.id=1\ndefault.replication.factor=3\nnum.io.threads=4\nlog.dirs=/a,/b\n",
          "Topic: a\tPartitionCount: 1\tReplicationFactor: 3\tConfigs: \n"
          "\tTopic: a\tPartition: 0\tLeader: 1\tReplicas: 1,2,3\tIsr: 1,2,3\n"
          "\tTopic: a\tPartition: 1\tLeader: 4\tReplicas: 4,5,1\tIsr: 4,5,1\n"});
  const json scenario = scenario_of(imported);
  CHECK(scenario["brokers"]["count"] == 5);
  CHECK(scenario["brokers"]["config"]["num.io.threads"] == 4);
  CHECK(remarked(imported, "broker.id=2, 3, 4, 5: has no file of its own: what file-1 says"));
  CHECK(!remarked(imported, "has to be mended"));
}

TEST_CASE("damaged files never stop the program", "[property]") {
  const char* said = std::getenv("BROKERLAB_SEEDS");
  const int seeds = said != nullptr ? std::atoi(said) : 20;
  for (int seed = 1; seed <= seeds; ++seed) {
    INFO("seed " << seed);
    std::mt19937 random(static_cast<unsigned>(seed));
    const auto below = [&](std::size_t most) { return random() % most; };
    for (const Sample& sample : samples()) {
      std::string text = sample.text;
      for (std::size_t change = 1 + below(6); change > 0 && !text.empty(); --change) {
        const std::size_t at = below(text.size());
        switch (below(4)) {
          case 0:
            text[at] = static_cast<char>(below(256));
            break;
          case 1:
            text.erase(at, 1 + below(20));
            break;
          case 2:
            text.insert(at, text.substr(below(text.size()), below(30)));
            break;
          default:
            text.insert(at, std::to_string(random()) + "999999999");
        }
      }
      const Imported imported = of({text});
      if (!imported.scenario.empty()) CHECK(json::accept(imported.scenario));
    }
  }
}
