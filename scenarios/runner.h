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
#include "scenarios/ledger/exposure.h"
#include "scenarios/report.h"

#include <functional>
#include <optional>
#include <string>

namespace brokerlab::scenarios {

struct RunOptions {
  std::string record;  ///< Where the recording goes; empty: none.
  /// It may be read meanwhile (recording/recording.h): what has happened before each call of
  /// `progress`.
  bool record_grows = false;
  /// Called every 250 ms of simulated time with the date.
  std::function<void(Time now)> progress;
  /// Called at the end with what exposure.h tells; unset: it is not noted.
  std::function<void(const std::vector<Exposed>&)> exposed;
};

Result<RunReport, std::string> run(const Scenario& scenario, const RunOptions& options = {});

/// The same in a process of its own; the answer is the report as JSON. `record` may be empty.
Result<std::string, std::string> run_apart(const Scenario& scenario,
                                           const std::string& record = {});

struct ApartJob {
  Scenario scenario;
  std::string record;  ///< May be empty.
  bool exposed = false;
  /// Seconds of processor time after which the run is ended; 0: none.
  int most_cpu_seconds = 0;
  /// Unless it is unset, this is done in place of the run; its answer is the report.
  std::function<Result<std::string, std::string>()> instead{};
};
struct ApartRun {
  std::string report;            ///< JSON.
  std::vector<Exposed> exposed;  ///< If it was asked for.
  double cpu_seconds = 0;        ///< Of its process,
  Bytes memory{0};               ///< and the most that it had. Of the machine: not of the run.
};
/// Hears of each job as soon as it ends, in any order; who answers false wants none of the jobs
/// behind that one any more. A run that did not come to its end, as one that found a defect of
/// ours, is an error with the first line of what it had to say.
using ApartDone = std::function<bool(std::size_t job, Result<ApartRun, std::string> run)>;
/// Each in a process of its own, as many at once as there are cores. `progress`, from 0 to 1, is of
/// all of them.
void run_apart(const std::vector<ApartJob>& jobs, const ApartDone& done,
               const std::function<void(double share)>& progress = {});
/// The same of jobs that are asked for one by one, whenever a core is free, until there is none.
/// `at_once`: of which so many are ours; 0: as many as there are cores.
void run_apart(const std::function<std::optional<ApartJob>(std::size_t job)>& next,
               const ApartDone& done, std::size_t at_once = 0);

}  // namespace brokerlab::scenarios
