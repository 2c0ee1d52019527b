// PeakScenario: a candidate as a scenario: its cluster, the workload's peak, and the loss that is
// to be survived.
//
//   degraded   what is lost goes before the load comes: the peak is carried without it. Steady, so
//              a short load tells percentiles and utilisation. Its processes are killed: clients
//              hear at once, and no timeout of theirs lasts into the load.
//   rehearsal  the peak is on when it loses power, silently; after `lost_for` it comes back, and
//              what it missed is copied to it.
//
// Clients have machines that are never the bottleneck. Which broker or zone goes follows from the
// seed, so several seeds try several. Phantom batches: cost grows with requests.
//
// Lifetime: values. Threads: none. Errors: a candidate that cannot be a scenario (a rate that is
// out of a source's range) is a list of Problems.
#pragma once

#include "plan/workload/candidate.h"
#include "scenarios/loader.h"

#include <cstdint>
#include <string>

namespace brokerlab::plan {

enum class Act { degraded, rehearsal };

/// When things happen in it.
struct ActTimes {
  Duration load_from{0}, load_until{0};
  Duration lost_at{0};  ///< 0: nothing is.
  Duration back_at{0};  ///< 0: never.
  Duration end{0};
};
ActTimes times_of(const Workload& workload, Act act);

/// "broker-3", "zone-2"; empty: nothing is lost.
std::string lost_in(const Workload& workload, int brokers, std::int64_t seed);

/// As JSON, for a file.
std::string scenario_text(const Planning& planning, const ClusterPlan& cluster, Act act,
                          std::int64_t seed);
scenarios::Loaded scenario_of(const Planning& planning, const ClusterPlan& cluster, Act act,
                              std::int64_t seed);

}  // namespace brokerlab::plan
