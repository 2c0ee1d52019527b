// From what a run left behind to its report and verdict.
//
//   fail     an invariant is broken or an expectation is not met
//   unknown  neither, but the run did not show what was asked: a fault was not done as written, or
//            met no work; acknowledged records cannot be looked for; or nothing was sent. What puts
//            right that which is right already (a second power_on, a heal of what is over) asks
//            nothing, so it need not be done
//   pass     else
//
// Beside it stands the harm that was done, whatever was expected (scenarios/harm.h).
//
// Threads: none.
#pragma once

#include "scenarios/availability.h"
#include "scenarios/cluster.h"
#include "scenarios/faults.h"
#include "scenarios/report.h"
#include "scenarios/work_meter.h"

#include <map>
#include <string>

namespace brokerlab::scenarios {

using MostLag = std::map<std::string, std::pair<std::int64_t, Time>>;  ///< By group.

struct Evidence {
  const Scenario& scenario;
  sim::World& world;
  Cluster& cluster;
  const Ledger& ledger;
  const Availability& availability;
  const std::vector<FaultReport>& faults;
  const MostLag& most_lag;
  const WorkMeter& work;
};

/// Fills everything but the time line and the wall clock.
RunReport judge(const Evidence& evidence);

/// Records below the high watermarks that the group has not yet processed.
std::int64_t group_lag(const ConsumerSpec& consumer, const Ledger& ledger);

}  // namespace brokerlab::scenarios
