#include "model/kafka_settings.h"

#include "base/settings.h"
#include "model/config.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <set>

using namespace brokerlab;
using namespace brokerlab::model;

namespace {

/// What reading {key: value} says of the key; "accepted" when nothing.
template <class T>
std::string answer(const std::string& key, const Json& value) {
  SettingsReport report;
  T::settings().read(Json{{key, value}}, report);
  for (const Problem& problem : report.errors) {
    if (problem.path == json_pointer("", key)) return problem.message;
  }
  return "accepted";
}

template <class T>
std::set<std::string> declared() {
  std::set<std::string> names;
  const Json schema = Json::parse(T::settings().schema(""));
  for (const auto& [name, definition] : schema["$defs"].items()) {
    for (const auto& [key, ignored] : definition["properties"].items()) names.insert(key);
  }
  return names;
}

/// Every setting of the component is modelled, or called what it is.
template <class T>
void all_are_known(Component component, const char* said) {
  const std::set<std::string> modelled = declared<T>();
  int accepted = 0;
  int told_as_missing = 0;
  for (const KafkaSetting& setting : kafka_settings()) {
    if (setting.component != component) continue;
    const std::string name(setting.name);
    INFO(name);
    // A value of no type at all: who knows the key complains of the value.
    const std::string message = answer<T>(name, Json{{"no", "value"}});
    if (modelled.contains(name)) {
      ++accepted;
      CHECK(message.starts_with("must be "));
    } else {
      // Where else it is said, or to what it belongs, is told of some (the test below).
      const bool placed = message.starts_with("belongs to ") ||
                          message.starts_with("is given by brokerlab: ") ||
                          message.starts_with("is the ");
      CHECK((message == said || placed));
      told_as_missing += message == said ? 1 : 0;
    }
  }
  CHECK(accepted > 5);
  CHECK(told_as_missing > 5);
  for (const std::string& name : modelled) {
    INFO(name << " is modelled, but Kafka does not have it");
    // ZooKeeper 3.8 has this one as a constant (FastLeaderElection.finalizeWait); the others are
    // in DynamicConfig.Broker only.
    const std::set<std::string> elsewhere{"finalizeWait", "leader.replication.throttled.rate",
                                          "follower.replication.throttled.rate"};
    CHECK((find_kafka_setting(component, name) != nullptr || elsewhere.contains(name)));
  }
}

constexpr const char* kafkas = "is Kafka's, but brokerlab does not model it yet";

/// As ConfigDef's default is written.
std::string plain(const Json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

template <class T>
void defaults_are_kafkas(Component component, const std::map<std::string, std::string>& ours) {
  Json defaults;
  T::settings().to_json(T{}, defaults);
  std::set<std::string> differ;
  for (const std::string& name : declared<T>()) {
    const KafkaSetting* setting = find_kafka_setting(component, name);
    if (setting == nullptr) continue;
    const std::string own = defaults.contains(name) ? plain(defaults[name]) : "null";
    INFO(name << ": Kafka's default is " << setting->default_value << ", ours " << own);
    const auto known = ours.find(name);
    if (known == ours.end()) {
      CHECK(own == setting->default_value);
    } else {
      CHECK(own == known->second);
      CHECK(own != setting->default_value);  // else it need not be named here
      differ.insert(name);
    }
  }
  CHECK(differ.size() == ours.size());
}

}  // namespace

TEST_CASE("every setting of Kafka's is modelled or called what it is", "[unit]") {
  all_are_known<BrokerConfig>(Component::broker, kafkas);
  all_are_known<TopicOverrides>(Component::topic, kafkas);
  all_are_known<ProducerConfig>(Component::producer, kafkas);
  all_are_known<ConsumerConfig>(Component::consumer, kafkas);
  all_are_known<ZooKeeperConfig>(Component::zookeeper,
                                 "is ZooKeeper's, but brokerlab does not model it yet");
}

TEST_CASE("a setting that stands elsewhere in a scenario is told where", "[unit]") {
  CHECK(answer<BrokerConfig>("log.dirs", "/a,/b") ==
        "is the machine's: each of its \"disks\" is a log directory");
  CHECK(answer<BrokerConfig>("broker.id", 1) ==
        "is given by brokerlab: brokers are 1, 2, 3 and so on, group after group");
  CHECK(answer<BrokerConfig>("listeners", "PLAINTEXT://:9092") ==
        "is given by brokerlab: each broker has one listener, port 9092 of its machine");
  CHECK(answer<BrokerConfig>("zookeeper.connect", "zk:2181") ==
        "is given by brokerlab: all servers of \"zookeeper\"");
  CHECK(answer<ConsumerConfig>("group.id", "g") == "is the group's name: \"group\"");
  CHECK(answer<ProducerConfig>("bootstrap.servers", "b:9092") ==
        "is given by brokerlab: all brokers");
  CHECK(answer<BrokerConfig>("controller.quota.window.num", 1) == kafkas);
}

TEST_CASE("a setting of what is not simulated is told to what it belongs", "[unit]") {
  CHECK(answer<ProducerConfig>("ssl.protocol", "TLSv1.3") ==
        "belongs to TLS, SASL and access control, which brokerlab does not simulate");
  CHECK(answer<BrokerConfig>("process.roles", "broker") ==
        "belongs to KRaft, which brokerlab does not simulate: metadata are in ZooKeeper");
  CHECK(answer<TopicOverrides>("remote.storage.enable", true) ==
        "belongs to tiered storage, which brokerlab does not simulate");
}

TEST_CASE("a setting of another component says whose it is", "[unit]") {
  CHECK(answer<ProducerConfig>("fetch.min.bytes", 1) ==
        "is a consumer's setting, not a producer's");
  CHECK(answer<ConsumerConfig>("acks", "all") == "is a producer's setting, not a consumer's");
  CHECK(answer<BrokerConfig>("retention.ms", 1) ==
        "is a topic's setting; a broker's is \"log.retention.ms\"");
  CHECK(answer<TopicOverrides>("log.segment.bytes", 1) ==
        "is a broker's setting; a topic's is \"segment.bytes\"");
  CHECK(answer<ZooKeeperConfig>("zookeeper.forceSync", false) ==
        "is written without \"zookeeper.\" in zoo.cfg: \"forceSync\"");
  CHECK(answer<BrokerConfig>("tickTime", 1) == "is ZooKeeper's setting, not a broker's");
}

TEST_CASE("a misspelt setting is shown the nearest, modelled or not", "[unit]") {
  CHECK(answer<BrokerConfig>("num.io.thread", 1) ==
        "unknown key; did you mean \"num.io.threads\"?");
  CHECK(answer<BrokerConfig>("group.share.enabl", "r1") ==
        "unknown key; did you mean \"group.share.enable\"? It belongs to share groups, "
        "which brokerlab does not simulate");
  CHECK(answer<TopicOverrides>("remote.storage.enabl", true) ==
        "unknown key; did you mean \"remote.storage.enable\"? It belongs to tiered storage, "
        "which brokerlab does not simulate");
  CHECK(answer<ConsumerConfig>("interceptor.clases", "x") ==
        "unknown key; did you mean \"interceptor.classes\"? It " + std::string(kafkas));
}

TEST_CASE("an override by path says the same of a setting", "[unit]") {
  Json document = Json::object();
  CHECK(ProducerConfig::settings().set(document, "metric.reporters", "x").error() ==
        "\"metric.reporters\" " + std::string(kafkas));
  CHECK(document.empty());
}

TEST_CASE("the defaults of what is modelled are Kafka's", "[unit]") {
  defaults_are_kafkas<BrokerConfig>(Component::broker,
                                    {// The codec that is modelled has no other name.
                                     // No rack is an empty text.
                                     {"broker.rack", ""},
                                     // The rule that ConfigDef leaves to
                                     // KafkaConfig.logFlushIntervalMs: unset is the scheduler's.
                                     // Without a limit, where Kafka has the largest number.
                                     {"log.cleaner.io.max.bytes.per.second", "null"},
                                     {"log.flush.scheduler.interval.ms", "null"}});
  defaults_are_kafkas<ProducerConfig>(Component::producer, {{"partitioner.class", "default"}});
  defaults_are_kafkas<ConsumerConfig>(
      Component::consumer,
      {// The same two, as a list of short names.
       {"partition.assignment.strategy", "[\"range\",\"cooperative-sticky\"]"}});
  // A topic without settings of its own has the broker's: LogConfig's defaults, which a topic sets
  // that sets them all.
  const TopicConfig topic = TopicConfig::in_force(BrokerConfig{}, TopicOverrides{});
  TopicOverrides same;
  same.set(&TopicConfig::min_insync_replicas, topic.min_insync_replicas);
  same.set(&TopicConfig::max_message_bytes, topic.max_message_bytes);
  same.set(&TopicConfig::segment_bytes, topic.segment_bytes);
  same.set(&TopicConfig::index_interval_bytes, topic.index_interval_bytes);
  same.set(&TopicConfig::flush_messages, topic.flush_messages);
  same.set(&TopicConfig::flush_time, topic.flush_time);
  same.set(&TopicConfig::unclean_leader_election_enable, topic.unclean_leader_election_enable);
  same.set(&TopicConfig::compression_type, topic.compression_type);
  same.set(&TopicConfig::message_timestamp_type, topic.message_timestamp_type);
  same.set(&TopicConfig::message_timestamp_before_max_ms, topic.message_timestamp_before_max_ms);
  same.set(&TopicConfig::message_timestamp_after_max_ms, topic.message_timestamp_after_max_ms);
  same.set(&TopicConfig::cleanup_policy, topic.cleanup_policy);
  same.set(&TopicConfig::retention_ms, topic.retention_ms);
  same.set(&TopicConfig::retention_bytes, topic.retention_bytes);
  same.set(&TopicConfig::file_delete_delay, topic.file_delete_delay);
  same.set(&TopicConfig::segment_time, topic.segment_time);
  same.set(&TopicConfig::segment_jitter, topic.segment_jitter);
  same.set(&TopicConfig::segment_index_bytes, topic.segment_index_bytes);
  same.set(&TopicConfig::min_cleanable_dirty_ratio, topic.min_cleanable_dirty_ratio);
  same.set(&TopicConfig::delete_retention, topic.delete_retention);
  same.set(&TopicConfig::min_compaction_lag, topic.min_compaction_lag);
  same.set(&TopicConfig::max_compaction_lag, topic.max_compaction_lag);
  same.set(&TopicConfig::leader_replication_throttled_replicas);
  same.set(&TopicConfig::follower_replication_throttled_replicas);
  Json in_force;
  TopicOverrides::settings().to_json(same, in_force);
  CHECK(in_force.size() == declared<TopicOverrides>().size());
  for (const auto& [name, value] : in_force.items()) {
    INFO(name);
    const KafkaSetting* setting = find_kafka_setting(Component::topic, name);
    REQUIRE(setting != nullptr);
    CHECK(plain(value) == setting->default_value);
  }
}

TEST_CASE("a topic's retention is its own, else the broker's, in the smallest unit given",
          "[unit]") {
  const auto in_force = [](const Json& broker) {
    SettingsReport report;
    const BrokerConfig config = BrokerConfig::settings().read(broker, report);
    CHECK(report.ok());
    return TopicConfig::in_force(config, TopicOverrides{});
  };
  CHECK(in_force(Json::object()).retention_ms == std::int64_t{7} * 24 * 3600'000);
  CHECK(in_force({{"log.retention.hours", 2}}).retention_ms == std::int64_t{2} * 3600'000);
  CHECK(in_force({{"log.retention.hours", 2}, {"log.retention.minutes", 3}}).retention_ms ==
        180'000);
  CHECK(in_force({{"log.retention.minutes", 3}, {"log.retention.ms", 70}}).retention_ms == 70);
  CHECK(in_force({{"log.retention.hours", -1}}).retention_ms == -1);
  CHECK(in_force({{"log.roll.hours", 3}}).segment_time == 3h);
  CHECK(in_force({{"log.roll.hours", 3}, {"log.roll.ms", 70}}).segment_time == 70ms);
  CHECK(answer<BrokerConfig>("log.retention.ms", 0) == "must be 1 or more, or -1 for no limit");
  CHECK(answer<BrokerConfig>("log.retention.hours", 0) == "must be 1 or more, or -1 for no limit");
}
