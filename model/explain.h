// Explaining what clients meet: which event of the trace is behind it.
//
// A client only sees that something fails, or works again; the trace knows what the controller did
// about the partition meanwhile. For sentences and causes; nothing here is read by the model.
//
// Threads: none. Cost: looks back through the trace, some ten thousand events at most.
#pragma once

#include "model/error_code.h"
#include "sim/trace.h"

namespace brokerlab::model {

/// Why records of the partition could not be written by the client, since then: it is below
/// min.insync.replicas, has no leader, its ISR has not caught up; else the connection that broke.
/// None: the trace does not know.
sim::EventId why_not_written(const sim::Trace& trace, sim::PartitionId partition,
                             sim::MachineId client, Time since);

/// That the partition's leader waited for its ISR at some time since then; none when it did not.
sim::EventId why_replicated_late(const sim::Trace& trace, sim::PartitionId partition, Time since);

/// What let work with the partition go on that `interruption` had interrupted after the event
/// `after`: a new leader, an ISR that is large enough or that no longer waits for somebody;
/// `interruption` when nothing did.
sim::EventId why_again(const sim::Trace& trace, sim::PartitionId partition, sim::EventId after,
                       sim::EventId interruption);

/// What let a replica that had left the ISR catch up again: `helper`, unless that is older than the
/// interruption; then the last of the world's repairs since; none when there was none.
sim::EventId why_again_with(const sim::Trace& trace, sim::PartitionId partition,
                            sim::EventId helper);

/// The event behind an error that a broker answered about a partition.
sim::EventId why_answered(const sim::Trace& trace, ErrorCode error, sim::PartitionId partition);

/// The last event that told of that error at that client; none when there is none.
sim::EventId last_error(const sim::Trace& trace, sim::MachineId client, ErrorCode error);

}  // namespace brokerlab::model
