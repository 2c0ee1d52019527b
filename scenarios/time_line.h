// The story of a run: its faults and what followed, one sentence each.
//
// Starts at the first fault or change of load after the start, or at the beginning when there is
// none. Partitions of the offsets topic, which nobody asked about, are counted, not listed.
#pragma once

#include "model/cluster_context.h"
#include "scenarios/error_spells.h"
#include "scenarios/report.h"
#include "sim/trace.h"

namespace brokerlab::scenarios {

/// `errors`: how often what the first error of a kind told of was met.
std::vector<RunReport::Moment> time_line(const sim::Trace& trace,
                                         const model::ClusterContext& cluster,
                                         const ErrorSpells& errors);

}  // namespace brokerlab::scenarios
