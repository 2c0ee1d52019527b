#include "model/broker/metadata_cache.h"

namespace brokerlab::model {

std::vector<TopicPartition> MetadataCache::apply(const UpdateMetadataRequest& update) {
  controller_ = update.controller;
  brokers_.clear();
  for (const BrokerEndpoint& broker : update.live_brokers) brokers_[broker.id] = broker;
  std::vector<TopicPartition> deleted;
  for (const UpdateMetadataRequest::Partition& partition : update.partitions) {
    auto& topic = topics_[partition.partition.topic];
    const std::size_t before = topic.size();
    if (partition.deleted) {
      topic.erase(partition.partition.partition);
      deleted.push_back(partition.partition);
    } else {
      topic[partition.partition.partition] = partition;
    }
    if (topic.size() != before) ++changes_;
    if (topic.empty()) topics_.erase(partition.partition.topic);
  }
  return deleted;
}

std::optional<Address> MetadataCache::address(BrokerId broker) const {
  const auto found = brokers_.find(broker);
  if (found == brokers_.end()) return std::nullopt;
  return found->second.address;
}

std::string MetadataCache::rack(BrokerId broker) const {
  const auto found = brokers_.find(broker);
  return found == brokers_.end() ? std::string() : found->second.rack;
}

const UpdateMetadataRequest::Partition* MetadataCache::find(const TopicPartition& partition) const {
  const auto topic = topics_.find(partition.topic);
  if (topic == topics_.end()) return nullptr;
  const auto found = topic->second.find(partition.partition);
  return found == topic->second.end() ? nullptr : &found->second;
}

std::optional<BrokerId> MetadataCache::leader(const TopicPartition& partition) const {
  const UpdateMetadataRequest::Partition* found = find(partition);
  if (found == nullptr || !found->state.leader.valid()) return std::nullopt;
  return found->state.leader;
}

CurrentLeader MetadataCache::current_leader(const TopicPartition& partition) const {
  const UpdateMetadataRequest::Partition* found = find(partition);
  if (found == nullptr) return {};
  return {found->state.leader, found->state.leader_epoch};
}

TopicMetadata MetadataCache::describe(const std::string& topic) const {
  TopicMetadata metadata{.error = ErrorCode::none, .name = topic, .partitions = {}};
  const auto found = topics_.find(topic);
  if (found == topics_.end()) {
    metadata.error = ErrorCode::unknown_topic_or_partition;
    return metadata;
  }
  for (const auto& [number, partition] : found->second) {
    PartitionMetadata described;
    described.partition = number;
    described.leader = partition.state.leader;
    described.leader_epoch = partition.state.leader_epoch;
    described.replicas = partition.replicas;
    described.isr = partition.state.isr;
    // A leader that this broker does not know to be alive is as good as none.
    if (!described.leader.valid() || !is_alive(described.leader)) {
      described.error = ErrorCode::leader_not_available;
      described.leader = BrokerId();
    }
    metadata.partitions.push_back(std::move(described));
  }
  return metadata;
}

std::unique_ptr<MetadataResponse> MetadataCache::answer(const MetadataRequest& request) const {
  auto response = std::make_unique<MetadataResponse>();
  for (const auto& [id, broker] : brokers_) response->brokers.push_back(broker);
  response->controller = controller_;
  if (request.topics.empty()) {
    for (const auto& [topic, partitions] : topics_) response->topics.push_back(describe(topic));
  } else {
    for (const std::string& topic : request.topics) response->topics.push_back(describe(topic));
  }
  return response;
}

}  // namespace brokerlab::model
