// Runs a sweep: every point of it, on all cores, with what is finished kept (plan/trials.h).
//
// Lifetime: values. Threads: none. Errors: a folder that cannot be written ends it; a point that
// cannot be run, or does not come to its end, is listed, and the others are run.
#pragma once

#include "base/result.h"
#include "plan/sweep/sweep_spec.h"
#include "plan/table.h"
#include "plan/trials.h"

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace brokerlab::plan {

struct SweepResult {
  std::vector<Result<Outcome, std::string>> outcomes;  ///< As the points.
  std::size_t from_before = 0;
  std::size_t failed = 0;
  double cpu_seconds = 0;   ///< Of the points that ran now,
  double wall_seconds = 0;  ///< and what they took on the clock,
  int cores = 1;            ///< of which all were to be busy.
  double busy() const;      ///< Share of the cores' time that runs had; 0 when none ran.
};

struct SweepProgress {
  std::size_t done = 0;
  std::size_t whole = 0;
  double seconds_to_go = 0;  ///< As the points that ran now took; 0 as long as none has.
};
struct SweepNews {
  std::function<void(const SweepProgress&)> progress;
  std::function<void(const Point&, const std::string& why)> failed;
};

/// `at_once`: so many runs; 0: as many as there are cores.
Result<SweepResult, std::string> run_sweep(const Sweep& sweep, TrialBook& book,
                                           const SweepNews& news = {}, std::size_t at_once = 0);

/// A row a point: what was changed, the seed, key figures, and of one that failed why.
Table table_of(const Sweep& sweep, const SweepResult& result);

/// "brokers.count=3 producers.app.config.acks=all seed=2"
std::string words_of(const Point& point);

}  // namespace brokerlab::plan
