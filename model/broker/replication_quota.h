// ReplicationQuota: how much a broker sends to followers, or fetches as one, of the replicas that
// are throttled; and whether that is too much at the moment.
//
// Who is in sync is never held back, so that a throttle puts nobody out of an ISR; what such
// replicas move counts all the same. It holds back by leaving out: a leader answers with nothing
// of the partition, a follower does not ask for it.
//
// Lifetime: owned by the ReplicaManager; borrows its context. Threads: none.
// Source:   kafka.server.ReplicationQuotaManager, ReplicaManager.shouldLeaderThrottle,
//           RemoteLeaderEndPoint.shouldFollowerThrottle, KafkaApis.sizeOfThrottledPartitions.
#pragma once

#include "model/broker/hosted_replicas.h"
#include "model/broker/quota_rate.h"

namespace brokerlab::model {

class ReplicationQuota {
 public:
  enum class Side { leader, follower };
  ReplicationQuota(const ReplicaContext& context, Side side);

  /// Whether this broker's replica is one of those that its topic lists.
  bool is_throttled(const Partition& partition) const;
  /// Of a throttled one.
  void record(Bytes bytes);
  /// A replica that is not in sync has to wait.
  bool holds_back(const Partition& partition, bool in_sync);

 private:
  std::int64_t bound() const;
  std::int64_t now() const;
  void tell(const Partition& partition, double rate);

  const ReplicaContext& context_;
  const Side side_;
  QuotaRate rate_;
  std::optional<Time> told_;
};

/// Both of a broker.
struct ReplicationQuotas {
  explicit ReplicationQuotas(const ReplicaContext& context)
      : leader(context, ReplicationQuota::Side::leader),
        follower(context, ReplicationQuota::Side::follower) {}
  ReplicationQuota leader;
  ReplicationQuota follower;
};

/// Whether a list of throttled replicas ("*", "0:1,0:2") has that one. Source:
/// TopicConfigHandler.parseThrottledPartitions.
bool lists_replica(std::string_view list, int partition, BrokerId broker);

}  // namespace brokerlab::model
