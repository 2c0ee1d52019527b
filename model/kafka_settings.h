// Every setting that Apache Kafka 3.9 and its ZooKeeper have, modelled here or not, so that a
// scenario that gives one is told what it is instead of "unknown key".
//
// The list is kafka_settings.inc, asked of Kafka's own classes by tests/kafka_interop/settings.sh:
// AbstractKafkaConfig, LogConfig, ProducerConfig, ConsumerConfig, AdminClientConfig, StreamsConfig;
// of ZooKeeper, what QuorumPeerConfig reads and the system properties that zoo.cfg sets.
//
// Lifetime: static storage. Threads: none. Errors: none.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace brokerlab::model {

/// Whose properties.
enum class Component { broker, topic, producer, consumer, admin, streams, zookeeper };

struct KafkaSetting {
  Component component;
  std::string_view name;
  std::string_view type;           ///< ConfigDef.Type in small letters; "-" of ZooKeeper.
  std::string_view default_value;  ///< As ConfigDef has it; "-": none; "null" is one.
  std::string_view broker;         ///< Of a topic's: the broker's that stands in for it, or empty.
};

/// Sorted by component and name.
std::span<const KafkaSetting> kafka_settings();

/// The setting of that component; nullptr: there is none.
const KafkaSetting* find_kafka_setting(Component component, std::string_view name);

/// What is to be said of a key that brokerlab does not have for `component`: that it is Kafka's and
/// not modelled yet, where else a scenario says it, or whose setting it is. A sentence without its
/// subject; empty: Kafka does not know the key.
std::string about_kafka_setting(Component component, std::string_view key);

/// The names of that component's settings.
std::vector<std::string> kafka_setting_names(Component component);

}  // namespace brokerlab::model
