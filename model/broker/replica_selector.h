// Which replica a consumer should read from: RackAwareReplicaSelector (KIP-392).
//
// Threads: none. Source: org.apache.kafka.common.replica.RackAwareReplicaSelector,
// ReplicaView.comparator, ReplicaManager.findPreferredReadReplica.
#pragma once

#include "base/units.h"
#include "model/ids.h"

#include <string>
#include <vector>

namespace brokerlab::model {

struct ReplicaView {
  BrokerId broker;
  std::string rack;
  Offset log_end_offset = log::no_offset;
  Duration since_caught_up{};
};

/// Of the replicas on that rack the leader if it is there, else the one that has most; none: the
/// leader serves. `followers`: those in sync that have what is asked for.
BrokerId nearest_replica(const std::string& rack, const ReplicaView& leader,
                         const std::vector<ReplicaView>& followers);

}  // namespace brokerlab::model
