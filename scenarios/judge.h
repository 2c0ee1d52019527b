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
#include "scenarios/fault_schedule.h"
#include "scenarios/quorum.h"
#include "scenarios/recovery_meter.h"
#include "scenarios/report.h"
#include "scenarios/work_meter.h"

namespace brokerlab::scenarios {

struct Evidence {
  const Scenario& scenario;
  sim::World& world;
  Cluster& cluster;
  const Ledger& ledger;
  const Availability& availability;
  const std::vector<FaultReport>& faults;
  const WorkMeter& work;
  const RecoveryMeter& recovery;
  const Quorum& quorum;
};

/// Fills everything but the time line and the wall clock.
RunReport judge(const Evidence& evidence);
}  // namespace brokerlab::scenarios
