// The limit of a scenario: the highest multiple of all sources' rates at which it holds objectives,
// for several seeds, beside the closed forms; and what is saturated then.
//
// Lifetime: values. Threads: none. Errors: a scenario whose load cannot be scaled (rows of a file,
// a rate from a file, users in a closed loop) is a list of Problems; what keeps runs from happening
// is a sentence.
#pragma once

#include "base/problem.h"
#include "plan/closed/closed_forms.h"
#include "plan/limit/bisection.h"
#include "plan/objectives.h"
#include "plan/table.h"
#include "plan/trials.h"

#include <functional>
#include <string>
#include <vector>

namespace brokerlab::plan {

/// What of it cannot be scaled; empty: nothing.
Problems not_scalable(const scenarios::Scenario& scenario);
/// All rates of its sources, `factor` times.
scenarios::Scenario scaled(scenarios::Scenario scenario, double factor);

/// Constant rates and steps begin when the cluster has settled: its start is none of its limits. It
/// begins at 3 s, groups have joined some seconds later (group.initial.rebalance.delay.ms is 3 s).
inline constexpr Duration settled_after = 10s;
scenarios::Scenario settled(scenarios::Scenario scenario);

/// The load ends where the run did, and the run goes on for as long as the objectives let a record
/// take: what is under way at the end of the load is not refused.
scenarios::Scenario answered(scenarios::Scenario scenario, const Objectives& objectives);

struct LimitOptions {
  Objectives objectives;
  Bisection::Options search;
  std::vector<std::int64_t> seeds{1, 2, 3};
};

struct Probe {
  double factor = 1;
  std::int64_t seed = 1;
  KeyFigures figures;
  std::vector<Phrase> missed;
  std::string failed;  ///< Why the run did not come to its end.
  bool holds() const { return missed.empty() && failed.empty(); }
};

struct Limit {
  double load_bytes_per_s = 0;  ///< At factor 1.
  std::vector<Probe> probes;    ///< By factor, then seed.
  std::vector<double> limits;   ///< Of each seed that has one.
  bool all_have_one = true;     ///< No seed failed even at the least load.
  bool open_above = false;      ///< Some seed held even the most that was tried.
  /// Runs that did not come to their end (no memory, too long): above the least of them nothing is
  /// known, so a limit that stands next to it is one of this machine, not of the cluster.
  std::vector<Probe> unknown;
  Interval factor;  ///< Of the limits; without meaning when there are none.
  std::vector<Bound> closed;
  /// Of the highest probe that held: the first is the bottleneck, the second what comes next.
  std::vector<Utilisation> at_limit;
  std::vector<Phrase> beyond;  ///< What is missed just above.
};

/// Probes that are done, and about how many are still to be tried.
using LimitProgress = std::function<void(std::size_t done, std::size_t left)>;

Result<Limit, std::string> find_limit(const scenarios::Scenario& scenario,
                                      const LimitOptions& options, TrialBook& book,
                                      const LimitProgress& progress = {});

/// Demand and capacity: a row a probe.
Table curve_of(const Limit& limit);
/// The same for people, in the language that is spoken.
Table spoken_curve_of(const Limit& limit);

}  // namespace brokerlab::plan
