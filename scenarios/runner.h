// Runs a scenario: builds its world, lets the time pass, judges.
//
// A run is a pure function of (scenario, seed, version): same input, same fingerprint, same report.
// One run an OS process when it is to use flows of SimGrid; tests may run several one after another.
//
// Errors: what keeps a run from happening (a data file that is gone, a recording that cannot be
// written) is a sentence. Threads: none.
#pragma once

#include "base/result.h"
#include "scenarios/description.h"
#include "scenarios/report.h"

#include <functional>
#include <string>

namespace brokerlab::scenarios {

struct RunOptions {
  std::string record;  ///< Where the recording goes; empty: none.
  /// Called every 250 ms of simulated time with the date and the steps taken.
  std::function<void(Time now, std::uint64_t steps)> progress;
};

Result<RunReport, std::string> run(const Scenario& scenario, const RunOptions& options = {});

/// brokerlab's version, part of what a run is a function of.
std::string_view version();

}  // namespace brokerlab::scenarios
