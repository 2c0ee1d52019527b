// Producers of a planned load: how many there are, and how long their batches let records wait.
//
// A batch leaves when it is full or has waited for linger.ms (RecordAccumulator.ready), whichever
// is first: of a record in it the waiting time lies evenly below that. Where keys decide, each
// partition has a batch of its own; else one at a time is filled (BuiltInPartitioner). What the
// network and the brokers take comes on top.
//
// Threads: none. Pure.
#pragma once

#include "plan/workload/candidate.h"

namespace brokerlab::plan {

int producers_of(const PlannedTopic& topic, const TopicDemand& demand);

/// Of all records the share that waits for longer than `limit`, by these settings alone, at least.
double waiting_longer(const Planning& planning, const ClusterPlan& cluster, Duration limit);

}  // namespace brokerlab::plan
