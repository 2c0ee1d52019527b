// MetadataCache: what a broker believes of the cluster, from the controller's UpdateMetadata.
//
// Lifetime: owned by the Broker. Threads: none. Source: kafka.server.metadata.ZkMetadataCache.
#pragma once

#include "model/wire/protocol.h"

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace brokerlab::model {

class MetadataCache {
 public:
  /// Takes it over; the partitions that it says are deleted.
  std::vector<TopicPartition> apply(const UpdateMetadataRequest& update);

  bool is_alive(BrokerId broker) const { return brokers_.contains(broker); }
  std::optional<Address> address(BrokerId broker) const;
  /// broker.rack of a live broker; empty: none.
  std::string rack(BrokerId broker) const;
  BrokerId controller() const { return controller_; }
  bool has_topic(const std::string& topic) const { return topics_.contains(topic); }
  bool has(const TopicPartition& partition) const { return find(partition) != nullptr; }
  /// Grows whenever there is a partition more or less.
  std::int64_t changes() const { return changes_; }
  std::optional<BrokerId> leader(const TopicPartition& partition) const;
  /// The partition's leader and epoch as they are cached, alive or not; none: never heard of it.
  CurrentLeader current_leader(const TopicPartition& partition) const;

  /// The answer to a MetadataRequest; unknown topics carry UNKNOWN_TOPIC_OR_PARTITION.
  std::unique_ptr<MetadataResponse> answer(const MetadataRequest& request) const;

 private:
  const UpdateMetadataRequest::Partition* find(const TopicPartition& partition) const;
  TopicMetadata describe(const std::string& topic) const;

  std::map<BrokerId, BrokerEndpoint> brokers_;
  std::map<std::string, std::map<int, UpdateMetadataRequest::Partition>> topics_;
  BrokerId controller_;
  std::int64_t changes_ = 0;
};

}  // namespace brokerlab::model
