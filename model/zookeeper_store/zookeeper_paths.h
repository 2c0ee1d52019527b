// What Kafka keeps in ZooKeeper: where, and in which JSON.
//
// Source: kafka.zk.ZkData.
#pragma once

#include "model/controller/metadata_store.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace brokerlab::model::zk {

inline constexpr const char* controller = "/controller";
inline constexpr const char* controller_epoch = "/controller_epoch";
inline constexpr const char* broker_ids = "/brokers/ids";
inline constexpr const char* topics = "/brokers/topics";
/// A sequential child says that a broker has lost a log directory (KIP-112).
inline constexpr const char* log_dir_events = "/log_dir_event_notification";
inline constexpr const char* topic_configs = "/config/topics";
inline constexpr const char* broker_configs = "/config/brokers";
inline constexpr const char* client_quotas = "/config/clients";
inline constexpr const char* user_quotas = "/config/users";
/// A sequential child says whose settings were written.
inline constexpr const char* config_changes = "/config/changes";
inline constexpr const char* producer_ids = "/latest_producer_id_block";
/// A child for each topic that somebody wants to be gone.
inline constexpr const char* delete_topics = "/admin/delete_topics";

/// Nodes that the first broker makes, parents before children.
const std::vector<std::string>& persistent_paths();
/// The same of changed settings.
const std::vector<std::string>& config_paths();

std::string broker_path(BrokerId broker);
std::string topic_path(const std::string& topic);
std::string topic_partitions_path(const std::string& topic);
std::string partition_path(const TopicPartition& partition);
std::string state_path(const TopicPartition& partition);
std::string topic_config_path(const std::string& topic);
std::string config_path(const ConfigEntity& entity);
std::string delete_topic_path(const std::string& topic);

/// decode_* give nothing for text that is not theirs.
std::string encode_controller(BrokerId broker, log::Timestamp now);
std::optional<BrokerId> decode_controller(const std::string& text);

std::string encode_broker(const BrokerEndpoint& broker, log::Timestamp now);
std::optional<BrokerEndpoint> decode_broker(BrokerId id, const std::string& text);

std::string encode_log_dir_event(BrokerId broker);
std::optional<BrokerId> decode_log_dir_event(const std::string& text);

/// Where the replicas of a topic are, and go: not its settings.
std::string encode_assignment(const StoredTopic& topic);
std::optional<StoredTopic> decode_assignment(const std::string& text);

struct PartitionState {
  LeaderAndIsr state;  ///< partition_epoch is the node's version, not part of the text.
  ControllerEpoch controller_epoch;
};
std::string encode_state(const LeaderAndIsr& state, ControllerEpoch epoch);
std::optional<PartitionState> decode_state(const std::string& text, int version);

/// The last block that was given away, and to whom.
std::string encode_producer_ids(BrokerId broker, const ProducerIdBlock& block);
std::optional<ProducerIdBlock> decode_producer_ids(const std::string& text);

std::string encode_config_change(const ConfigEntity& entity);
std::optional<ConfigEntity> decode_config_change(const std::string& text);

std::string encode_topic_config(const TopicOverrides& config);
TopicOverrides decode_topic_config(const std::string& text);

}  // namespace brokerlab::model::zk
