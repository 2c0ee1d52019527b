// Names of the Kafka model: brokers, partitions, addresses.
#pragma once

#include "base/ids.h"
#include "log/types.h"
#include "sim/ids.h"

#include <fmt/format.h>

#include <compare>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace brokerlab::model {

using log::LeaderEpoch;
using log::Offset;

using BrokerId = Id<struct BrokerTag>;  ///< broker.id; -1 in the protocol is "none".
using ControllerEpoch = Id<struct ControllerEpochTag>;
using SessionId = Id<struct SessionTag, std::int64_t>;  ///< Of a ZooKeeper session.

/// A topic's name. Each text is kept once, so that names, with which everything is looked up, are
/// copied and compared like numbers; in the order of their texts. Threads: any.
class TopicName {
 public:
  TopicName() : TopicName(std::string_view()) {}
  TopicName(std::string_view text);
  TopicName(const std::string& text) : TopicName(std::string_view(text)) {}
  TopicName(const char* text) : TopicName(std::string_view(text)) {}

  const std::string& text() const { return *text_; }
  operator const std::string&() const { return *text_; }
  operator std::string_view() const { return *text_; }

  bool operator==(const TopicName& other) const { return text_ == other.text_; }
  std::strong_ordering operator<=>(const TopicName& other) const {
    return text_ == other.text_ ? std::strong_ordering::equal : *text_ <=> *other.text_;
  }
  template <class Text>
  requires(!std::same_as<Text, TopicName> && std::convertible_to<Text, std::string_view>) bool
  operator==(const Text& other) const {
    return *text_ == std::string_view(other);
  }

 private:
  const std::string* text_;
};

struct TopicPartition {
  TopicName topic;
  int partition = 0;

  std::string name() const { return topic.text() + "-" + std::to_string(partition); }
  auto operator<=>(const TopicPartition&) const = default;
};

/// "1,2,3".
std::string to_text(const std::vector<BrokerId>& brokers);
bool contains(const std::vector<BrokerId>& brokers, BrokerId broker);

/// A record in the eyes of the scenario: which producer, and its number there, from 0.
struct RecordRef {
  int producer = 0;
  std::int64_t number = 0;
  auto operator<=>(const RecordRef&) const = default;
};

/// Records without bytes of their own that have keys are numbered for each partition by itself: its
/// lane stands in the bits above these.
inline constexpr int lane_shift = 40;

/// Records of one producer with numbers in a row.
struct RecordRun {
  int producer = 0;
  std::int64_t first = 0;
  std::int64_t count = 1;

  std::int64_t end() const { return first + count; }
  RecordRef front() const { return {producer, first}; }
  RecordRef back() const { return {producer, end() - 1}; }
  bool operator==(const RecordRun&) const = default;
};
/// Adds a run behind others; one that goes on with the last makes it longer.
void add_run(std::vector<RecordRun>& runs, const RecordRun& run);

/// Where a process listens.
struct Address {
  sim::MachineId machine;
  int port = 0;
  auto operator<=>(const Address&) const = default;
};

inline constexpr int kafka_port = 9092;
inline constexpr int zookeeper_client_port = 2181;
inline constexpr int zookeeper_peer_port = 2888;
inline constexpr int zookeeper_election_port = 3888;

inline constexpr const char* offsets_topic = "__consumer_offsets";
inline constexpr const char* transactions_topic = "__transaction_state";

}  // namespace brokerlab::model

template <>
struct fmt::formatter<brokerlab::model::TopicName> : fmt::formatter<std::string_view> {
  template <class Context>
  auto format(const brokerlab::model::TopicName& name, Context& context) const {
    return fmt::formatter<std::string_view>::format(name.text(), context);
  }
};
