// ReplicaWatch: who wants to hear when the answers of a broker for its partitions may change:
// whether a produce would be acknowledged, a fetch answered. The model never reads anything back.
//
// Lifetime: outlives the brokers. Threads: none. Every call is instant and must not block.
#pragma once

#include "model/ids.h"

namespace brokerlab::model {

class ReplicaWatch {
 public:
  virtual ~ReplicaWatch() = default;

  /// The replica's role, epoch or ISR, or whom its high watermark waits for; or it is offline.
  virtual void on_replica_changed(BrokerId, sim::PartitionId) = 0;
  /// All replicas of the broker: it begins or ceases to serve, or has heard who is alive.
  virtual void on_broker_changed(BrokerId) = 0;
  /// The leader has taken note of a follower's fetch in its present epoch.
  virtual void on_follower_fetch(BrokerId leader, BrokerId follower, sim::PartitionId) = 0;

  /// For who does not want to: hears nothing.
  static ReplicaWatch& nobody();
};

}  // namespace brokerlab::model
