// A sweep by Slurm: the points that are still to be run as one job array, gathered as they end.
//
//   FOLDER/slurm/tasks             a line a task: the places of its points, "0-4"
//   FOLDER/slurm/job.sh            what a task does: `brokerlab sweep FILE --points 0-4` into
//   FOLDER/slurm/JOB/TASK/points   a book of its own (plan/trials.h), since locks do not hold from
//                                  node to node
//   FOLDER/slurm/job               the job that was submitted last
//
// Points, scenarios, seeds and hashes are those that this machine would run, and so are the
// figures: what comes back is kept in the sweep's own book. Who gathers may be killed; the job goes
// on, and the same command finds it and waits for it, or submits what is still missing. FOLDER, the
// sweep's file, its data and the program have to be where the nodes see them under the same names.
//
// Source: Slurm's manual pages sbatch(1) (--array, --parsable, SLURM_ARRAY_TASK_ID) and squeue(1).
// Lifetime: values. Threads: none. Errors: what Slurm says, in a sentence; a point whose task ended
// without an outcome is a failed point, and the others are kept.
#pragma once

#include "base/result.h"
#include "plan/sweep/sweep.h"

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace brokerlab::plan {

struct SlurmOptions {
  std::string file;                 ///< Of the sweep,
  std::string folder;               ///< and where everything goes.
  std::vector<std::string> sbatch;  ///< Further options, "--partition=long".
  std::size_t most_tasks = 1000;    ///< Of an array: MaxArraySize is 1001, if nobody changed it.
  std::chrono::milliseconds look_again{2000};
};

Result<SweepResult, std::string> run_sweep_by_slurm(const Sweep& sweep, TrialBook& book,
                                                    const SlurmOptions& options,
                                                    const SweepNews& news = {});

/// "0-4,9" as numbers below `whole`; nothing: it is no such list.
std::optional<std::vector<std::size_t>> places_in(std::string_view list, std::size_t whole);
/// The other way round.
std::string list_of_places(const std::vector<std::size_t>& places);

}  // namespace brokerlab::plan
