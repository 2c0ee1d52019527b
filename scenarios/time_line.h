// The story of a run: its faults and what followed, one sentence each.
//
// Starts at the first fault or change of load after the start, or at the beginning when there is
// none. Partitions of the offsets topic, which nobody asked about, are counted, not listed.
#pragma once

#include "model/cluster_context.h"
#include "scenarios/report.h"
#include "sim/trace.h"

namespace brokerlab::scenarios {

std::vector<RunReport::Moment> time_line(const sim::Trace& trace,
                                         const model::ClusterContext& cluster);

}  // namespace brokerlab::scenarios
