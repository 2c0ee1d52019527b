// Runs a scenario: builds its world, lets the time pass, judges.
//
// A run is a pure function of (scenario, seed, version): same input, same fingerprint, same report.
// That holds for the first run of an OS process: SimGrid's clock outlives a World, and a double
// rounds differently at another reading of it. Who runs several uses run_apart().
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

/// The same in a process of its own; the answer is the report as JSON. `record` may be empty.
Result<std::string, std::string> run_apart(const Scenario& scenario,
                                           const std::string& record = {});

/// brokerlab's version, part of what a run is a function of.
std::string_view version();

}  // namespace brokerlab::scenarios
