// What the members of a consumer group tell each other inside JoinGroup and SyncGroup, in bytes
// that the coordinator does not look into: the consumer protocol, version 3.
//
// Threads: none. Source: ConsumerProtocolSubscription.json, ConsumerProtocolAssignment.json,
// org.apache.kafka.clients.consumer.internals.ConsumerProtocol.
#pragma once

#include "model/ids.h"

#include <optional>
#include <string>
#include <vector>

namespace brokerlab::model {

/// What an assignor has its member say: the sticky one the assignment before this one, the
/// cooperative one only that assignment's generation.
struct SubscriptionUserData {
  std::optional<std::vector<TopicPartition>> previous;
  int generation = -1;
  bool operator==(const SubscriptionUserData&) const = default;
};

struct Subscription {
  std::vector<std::string> topics;
  std::optional<SubscriptionUserData> user_data = {};
  std::vector<TopicPartition> owned = {};  ///< What it holds on to while it joins; sorted.
  int generation = -1;                     ///< In which it was assigned that.
  std::string rack = {};                   ///< client.rack; empty: none.
  bool operator==(const Subscription&) const = default;
};

/// A way of assigning partitions that a member knows, and what it says if that one is chosen.
struct GroupProtocol {
  std::string name;
  Subscription subscription;
  bool operator==(const GroupProtocol&) const = default;
};

}  // namespace brokerlab::model
