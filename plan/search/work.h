// Work on the answer, rehearsed at the peak: a rolling restart of all brokers, and an expansion: a
// broker more (one in each zone), and partitions moved to it until all have as many.
//
// What is simulated moves what was written since the run began, some seconds' worth. What a cluster
// that is full moves is reckoned: replicas that go to new brokers, with all that they retain, at
// what the new brokers' cards and disks have left beside the load.
//
// Lifetime: values. Threads: none. Errors: what keeps runs from happening is a sentence.
#pragma once

#include "plan/key_figures.h"
#include "plan/trials.h"
#include "plan/workload/candidate.h"
#include "scenarios/loader.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace brokerlab::plan {

enum class Work { restart, expansion };
std::string_view to_text(Work work);  ///< "rolling restart"; for programs.

struct RehearsedWork {
  Work work = Work::restart;
  int brokers = 0;  ///< Afterwards.
  double begun_s = 0;
  KeyFigures figures;
  std::string failed;  ///< Why the run did not come to its end.
  // Of an expansion:
  int moved_replicas = 0;
  int all_replicas = 0;
  double moved_bytes = 0;  ///< With all that is retained,
  double moving_s = 0;     ///< at what new brokers have left; 0: nothing is.

  /// All replicas in sync, so long after it began; nothing: not by the end.
  std::optional<double> whole_after_s() const;
};

/// Brokers of each partition, the preferred leader first. Of `brokers`, in zones that take turns.
using Placement = std::vector<std::vector<int>>;
Placement spread(int partitions, int replicas, int brokers, int zones);
/// As few replicas as can be go to brokers that `before` does not have; zones keep what they have.
Placement moved_to_new(const Placement& before, int brokers_before, int brokers_after, int zones);

scenarios::Loaded scenario_of(const Planning& planning, const ClusterPlan& cluster, Work work,
                              std::int64_t seed);

/// Both, one after the other, of one seed.
Result<std::vector<RehearsedWork>, std::string> rehearse_work(const Planning& planning,
                                                              const ClusterPlan& cluster,
                                                              std::int64_t seed, TrialBook& book,
                                                              const TrialLimits& limits);

}  // namespace brokerlab::plan
