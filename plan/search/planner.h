// Planner: the cheapest cluster for a workload. Closed forms say which cannot be; the search asks
// the others, and simulations answer, on all cores.
//
// A cluster holds when every closed form fits and, for every seed, the peak is carried without what
// is lost (`degraded`) and the loss itself is survived (`rehearsal`). Screening is the first of
// them, of one seed. Both are run for as short as percentiles and ISRs allow; what takes days
// (disks that fill) or a page cache hides (disks that write) is the closed forms' matter.
//
// Lifetime: values; plan() borrows the planning and the book. Threads: none. Errors: what keeps
// runs from happening is a sentence.
#pragma once

#include "plan/key_figures.h"
#include "plan/limit/bisection.h"
#include "plan/search/peak_scenario.h"
#include "plan/search/search.h"
#include "plan/search/work.h"
#include "plan/trials.h"
#include "plan/workload/candidate.h"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace brokerlab::plan {

/// A cluster that was simulated: what of it is known.
struct Judged {
  Choice choice;
  ClusterPlan cluster;
  std::map<std::int64_t, KeyFigures> degraded;   ///< By seed.
  std::map<std::int64_t, KeyFigures> rehearsal;  ///< By seed.
  std::vector<Phrase> missed;  ///< What it does not hold; by the first seed that does not.
  bool thorough = false;       ///< Everything was asked.
  bool holds() const { return missed.empty(); }
};

/// A size of a column that a closed form refuses.
struct Refused {
  ClusterPlan cluster;
  Need need;
};

struct PlanResult {
  std::optional<Judged> best;
  std::vector<Judged> beside;       ///< Cheaper neighbours that were simulated, and failed.
  std::optional<Refused> smaller;   ///< One size less, if a closed form refuses it.
  std::optional<Judged> runner_up;  ///< Another machine, or other disks.
  std::vector<Need> needs;          ///< Of the best.
  std::vector<RehearsedWork> work;  ///< On the best, if it was asked for; decides nothing.
  std::vector<Judged> tried;        ///< All that were simulated, by cost.
  /// When there is no best: of each machine the largest cluster, and what it cannot.
  std::vector<Refused> impossible;
  std::vector<Judged> failed_largest;  ///< The same, by simulation.
  std::size_t clusters = 0;            ///< That could be bought.
  std::size_t refused = 0;             ///< Of them, by closed forms.
  std::size_t runs = 0;
  double cpu_seconds = 0;
};

struct PlanOptions {
  std::vector<std::int64_t> seeds{1, 2, 3};
  SearchOptions search;
  int most_cpu_seconds = 1800;  ///< Of one run.
  bool rehearse_work = false;   ///< A rolling restart and an expansion of the answer, too.
};

struct PlanProgress {
  std::size_t runs = 0;  ///< Done.
  double share = 0;      ///< Of what is expected to be needed, by what is still open.
  std::string now;       ///< The cluster that is tried.
};

/// The space that is searched.
struct PlanSpace {
  std::vector<Build> builds;
  std::vector<Column> columns;  ///< As builds.
  int step = 1;                 ///< Size s is (s + 1) * step brokers.
  Candidate candidate(Choice choice) const {
    return {builds[choice.column], static_cast<int>(choice.size + 1) * step};
  }
};
PlanSpace space_of(const Planning& planning);

/// What a run missed of the workload's objectives.
std::vector<Phrase> missed_by(const Planning& planning, Act act, const KeyFigures& figures);

/// By simulation. A cluster's answer is remembered while it lives.
class SimulationOracle final : public Oracle {
 public:
  SimulationOracle(const Planning& planning, const PlanSpace& space, const PlanOptions& options,
                   TrialBook& book, std::function<void(const PlanProgress&)> progress = {});

  std::optional<std::vector<bool>> ask(const std::vector<Choice>& choices, Depth depth) override;

  const std::map<Choice, Judged>& judged() const { return judged_; }
  const std::string& trouble() const { return trouble_; }  ///< Why it gave up.
  std::size_t runs() const { return runs_; }
  double cpu_seconds() const { return cpu_seconds_; }

 private:
  struct Task {
    Choice choice;
    Act act;
    std::int64_t seed;
  };
  bool run(const std::vector<Task>& tasks);
  Judged& judged_of(Choice choice);
  bool is_known(const Task& task);

  const Planning& planning_;
  const PlanSpace& space_;
  const PlanOptions& options_;
  TrialBook& book_;
  std::function<void(const PlanProgress&)> progress_;
  std::map<Choice, Judged> judged_;
  std::string trouble_;
  std::size_t runs_ = 0;
  double cpu_seconds_ = 0;
};

Result<PlanResult, std::string> make_plan(
    const Planning& planning, const PlanOptions& options, TrialBook& book,
    const std::function<void(const PlanProgress&)>& progress = {});

}  // namespace brokerlab::plan
