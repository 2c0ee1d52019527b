// What a plan of faults may say: refused when loading where it could do nothing whatever happens,
// left to the run where that depends on the run.
#include "scenarios/loader.h"

#include <catch2/catch.hpp>

using namespace brokerlab;

namespace {

constexpr const char* cluster = R"json({
  "name": "plan", "duration": "100s",
  "hardware": {"box": {"nic": {"rate": "1Gbps"}, "disks": [{"kind": "ssd", "size": "1TB"}]}},
  "zookeeper": {"nodes": 3, "machine": "box"}, "brokers": {"count": 3, "machine": "box"},
  "topics": [{"name": "orders", "partitions": 3, "replication.factor": 3}],
  "faults": FAULTS})json";

/// What is said of these faults, without the file's name; errors, then warnings.
std::string said_of(const std::string& faults) {
  std::string text = cluster;
  text.replace(text.find("FAULTS"), 6, faults);
  const scenarios::Loaded loaded = scenarios::parse_scenario(text, "", "");
  return to_text(loaded.errors) + (loaded.errors.empty() ? to_text(loaded.warnings) : "");
}

}  // namespace

// Trial a15b: a broker dies of a full disk, room is made, and it is started.
TEST_CASE("a process may be started that nobody in the plan has killed", "[unit]") {
  CHECK(said_of(R"([{"at": "40s", "fill_disk": {"machine": "broker-2"}, "as": "f"},
                    {"at": "60s", "heal": "f"}, {"at": "65s", "start_process": "broker-2"}])") ==
        "");
  CHECK(
      said_of(R"([{"at": "40s", "fill_disk": {"machine": {"leader_of_most": "orders"}}, "as": "f"},
                    {"at": "60s", "heal": "f"}, {"at": "65s", "start_process": "f"}])") == "");
  CHECK(
      said_of(R"([{"at": "65s", "start_process": "broker-2"}])") ==
      "/faults/0/start_process: \"broker-2\": may still be running: nothing in the plan happens to "
      "it before this moment\n");
  // Power goes by faults alone.
  CHECK(said_of(R"([{"at": "65s", "power_on": "broker-2"}])") ==
        "/faults/0/power_on: \"broker-2\": was never powered off before this moment\n");
}

TEST_CASE("a name that stands for no machine is no target", "[unit]") {
  CHECK(said_of(R"([{"at": "1s", "cut": {"between": ["broker-1"], "and": ["broker-2"]}, "as": "c"},
                    {"at": "2s", "kill_process": "c"}])") ==
        "/faults/1/kill_process: \"c\": names a fault that hits no single machine\n");
  CHECK(said_of(R"([{"at": "1s", "slow_disk": {"machine": "broker-1"}, "as": "s"},
                    {"at": "2s", "heal": "s"}, {"at": "3s", "heal": "s"}])") ==
        "/faults/2/heal: \"s\": is healed before this moment already\n");
}

TEST_CASE("a cut needs somebody on each side", "[unit]") {
  CHECK(said_of(R"([{"at": "1s", "cut": {"between": ["broker-1"], "and": ["broker-1"]}}])") ==
        "/faults/0/cut/and: has nobody who is not on the other side already\n");
  CHECK(said_of(R"([{"at": "1s", "delay": {"between": ["brokers"], "and": ["broker-1"],
                     "by": "1ms"}}])") ==
        "/faults/0/delay/and: has nobody who is not on the other side already\n");
  CHECK(said_of(R"([{"at": "1s", "loss": {"between": ["clients"], "and": ["brokers"]}}])") ==
        "/faults/0/loss/between: is nobody in this scenario\n");
  CHECK(said_of(R"([{"at": "1s", "cut": {"between": ["broker-1"], "and": ["everyone_else"]}}])") ==
        "");
  // Whoever leads is not known yet.
  CHECK(said_of(R"([{"at": "1s", "cut": {"between": ["controller"], "and": ["broker-1"]}}])") ==
        "");
}

TEST_CASE("a fault that could change nothing is refused, whoever it will hit", "[unit]") {
  CHECK(said_of(R"([{"at": "1s", "slow_nic": {"machine": "broker-1", "rate": "10Gbps"}}])") ==
        "/faults/0/slow_nic/rate: \"10Gbps\": must be below the rate of its card, 1Gbps\n");
  CHECK(said_of(R"([{"at": "1s", "slow_nic": {"machine": "controller", "rate": "1Gbps"}}])") ==
        "/faults/0/slow_nic/rate: \"1Gbps\": must be below the rate of its card, 1Gbps\n");
  for (const char* target : {R"("broker-1")", R"("controller")", R"({"leader_of_most": "orders"})",
                             R"({"leader_of": {"topic": "orders", "partition": 1}})"}) {
    CHECK(said_of(fmt::format(R"([{{"at": "1s", "slow_disk": {{"machine": {}, "disk": 2}}}}])",
                              target)) ==
          "/faults/0/slow_disk/disk: 2: must be at most the number of its disks, 1\n");
  }
  CHECK(said_of(R"([{"at": "1s", "kill_process": "controller", "as": "who"},
                    {"at": "2s", "fail_disk": {"machine": "who", "disk": 3}}])") ==
        "/faults/1/fail_disk/disk: 3: must be at most the number of its disks, 1\n");
  CHECK(said_of(R"([{"at": "1s", "fill_disk": {"machine": "broker-1", "left": "2TB"}}])") ==
        "/faults/0/fill_disk/left: \"2TB\": must be less than the size of the disk, 1TB\n");
}

TEST_CASE("a bit flips in a log that there is", "[unit]") {
  const auto corrupt = [](const char* machine, const char* directory) {
    return said_of(
        fmt::format(R"([{{"at": "1s", "corrupt": {{"machine": "{}", "directory": "{}"}}}}])",
                    machine, directory));
  };
  CHECK(corrupt("broker-1", "orders-2") == "");
  CHECK(corrupt("broker-1", "__consumer_offsets-49") == "");
  CHECK(corrupt("zookeeper-1", "orders-2") ==
        "/faults/0/corrupt/machine: \"zookeeper-1\": has no logs: it is no broker\n");
  CHECK(corrupt("broker-1", "orders-3") ==
        "/faults/0/corrupt/directory: \"orders-3\": there is no such partition; the topic has 0 to "
        "2\n");
  CHECK(corrupt("broker-1", "oders-0") ==
        "/faults/0/corrupt/directory: \"oders\": names no topic; did you mean \"orders\"?\n");
  CHECK(corrupt("broker-1", "orders") ==
        "/faults/0/corrupt/directory: \"orders\": must be the directory of a partition, "
        "<topic>-<number>, such as \"orders-0\"\n");
  CHECK(corrupt("broker-1", "__consumer_offsets-50") ==
        "/faults/0/corrupt/directory: \"__consumer_offsets-50\": there is no such partition; the "
        "topic has 0 to 49\n");
}

TEST_CASE("topics are named as Kafka lets them be", "[unit]") {
  const auto topics = [](const std::string& list) {
    const std::string text =
        R"({"name": "t", "duration": "1s", "brokers": {}, "topics": )" + list + "}";
    return to_text(scenarios::parse_scenario(text, "", "").errors);
  };
  CHECK(
      topics(R"([{"name": "my.topic"}, {"name": "other"}, {"name": "my_topic"}])") ==
      "/topics/2/name: \"my_topic\": differs from \"my.topic\" (/topics/0) only in . and _: Kafka "
      "refuses to create it\n");
  CHECK(topics(R"([{"name": "..consumer_offsets"}])") ==
        "/topics/0/name: \"..consumer_offsets\": differs from \"__consumer_offsets\" (Kafka's own) "
        "only in . and _: Kafka refuses to create it\n");
  CHECK(topics(R"([{"name": "..a"}, {"name": "a-b_c.d"}])") == "");
  CHECK(topics(R"([{"name": ".."}])") ==
        "/topics/0/name: \"..\": a topic's name must not be \".\" or \"..\"\n");
  CHECK(topics(R"([{"name": "a b"}])").find("letters, digits, ., - and _") != std::string::npos);
  CHECK(topics(R"([{"name": ")" + std::string(249, 'a') + R"("}])") == "");
  CHECK(topics(R"([{"name": ")" + std::string(250, 'a') + R"("}])").find("at most 249") !=
        std::string::npos);
}

TEST_CASE("a topic's replicas are looked at before the run", "[unit]") {
  const auto topic = [](const std::string& members,
                        const std::string& brokers = R"({"count": 3})") {
    const auto loaded =
        scenarios::parse_scenario(R"({"name": "t", "duration": "10s", "brokers": )" + brokers +
                                      R"(, "topics": [{"name": "orders")" + members + "}]}",
                                  "", "");
    return to_text(loaded.errors);
  };
  CHECK(topic(R"(, "replicas": [[1, 2], [3, 1]])") == "");
  CHECK(topic(R"(, "replicas": [[1, 4]])") ==
        "/topics/0/replicas/0/1: 4: is no broker: they have the numbers 1 to 3\n");
  CHECK(topic(R"(, "replicas": [[1, 1]])") ==
        "/topics/0/replicas: [[1,1]]: partition 0 names a broker twice\n");
  CHECK(topic(R"(, "replicas": [[1, 2], [3]])").find("all partitions of a topic") !=
        std::string::npos);
  CHECK(topic(R"(, "replicas": [[1, 2]], "partitions": 2)").find("/topics/0/partitions: ") == 0);
  CHECK(topic(R"(, "replicas": [[1, 2]], "replication.factor": 3)")
            .find("/topics/0/replication.factor: ") == 0);
  CHECK(topic(R"(, "auto_created": true)") == "");
  CHECK(topic(R"(, "auto_created": true, "partitions": 3)").find("/topics/0/partitions: ") == 0);
  CHECK(topic(R"(, "auto_created": true)",
              R"({"count": 3, "config": {"auto.create.topics.enable": false}})") ==
        "/topics/0/auto_created: true: needs auto.create.topics.enable, which /brokers sets to "
        "false\n");
  CHECK(topic("", R"([{"count": 1, "config": {"broker.rack": "a"}}, {"count": 1}])")
            .find("/brokers/1/config/broker.rack: must be given") == 0);
}

TEST_CASE("what clients may not do with Kafka's own topic is refused", "[unit]") {
  const std::string text = R"({"name": "t", "duration": "10s",
    "brokers": {"config": {"offsets.topic.num.partitions": 10,
                           "offsets.topic.replication.factor": 1}},
    "topics": [{"name": "__consumer_offsets", "partitions": 5, "replication.factor": 2}],
    "consumers": [{"group": "g", "topics": ["__consumer_offsets"]}]})";
  const auto refused = scenarios::parse_scenario(text, "", "");
  CHECK(
      to_text(refused.errors) ==
      "/consumers/0/topics/0: \"__consumer_offsets\": is Kafka's own: it holds groups' offsets, no "
      "records of a source, so there is nothing to judge a group by\n");
  CHECK(to_text(refused.warnings) ==
        "/brokers/config/offsets.topic.num.partitions: 10: is not used: __consumer_offsets is "
        "declared under /topics, with 5\n"
        "/brokers/config/offsets.topic.replication.factor: 1: is not used: __consumer_offsets is "
        "declared under /topics, with 2\n");
}
