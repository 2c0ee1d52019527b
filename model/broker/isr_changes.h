// IsrChanges: watches the followers of the partitions that a broker leads, and carries the ISR
// changes that Partition asks for to the controller and its answers back.
//
// Lifetime: owned by the ReplicaManager. Threads: none.
// Source:   kafka.server.ReplicaManager (maybeShrinkIsr), kafka.cluster.Partition
//           (submitAlterPartition).
#pragma once

#include "model/broker/hosted_replicas.h"

#include <optional>

namespace brokerlab::model {

class IsrChanges {
 public:
  IsrChanges(const ReplicaContext& context, HostedReplicas& replicas);

  /// Looks for followers that lag, as long as the process lives.
  sim::Task<> watch();
  void submit(const std::optional<IsrChange>& change);
  /// The same of one that a follower's fetch has brought.
  void submit_grown(const Partition& partition, const std::optional<IsrChange>& change);

 private:
  sim::EventId why_lagging(const IsrChange& change) const;
  void tell_refused(const IsrChange& change, ErrorCode error);

  const ReplicaContext& context_;
  HostedReplicas& replicas_;
};

}  // namespace brokerlab::model
