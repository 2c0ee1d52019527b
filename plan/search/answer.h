// Answer: a plan as people and programs read it.
//
// Lifetime: values. Threads: none. Pure.
#pragma once

#include "plan/search/planner.h"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace brokerlab::plan {

/// What stands nearest to its limit, of what closed forms and runs say.
struct Bottleneck {
  Phrase what;         ///< "network card of broker-3"
  std::string name;    ///< "network"; for programs.
  double used = 0;     ///< Share of what there is.
  double allowed = 1;  ///< Share of it that may be used.
  bool simulated = true;
  double headroom() const { return used > 0 ? allowed / used : 1e9; }
};
/// The tightest first, each resource once.
std::vector<Bottleneck> bottlenecks(const Planning& planning, const PlanResult& result);

/// The worst of the seeds.
struct Rehearsed {
  std::vector<std::string> lost;  ///< Of each seed.
  double kept = 1;                ///< Of the records, acknowledged by the end.
  double unavailable_s = 0;
  std::int64_t lag_peak = 0;
  std::optional<double> drain_s;
  double under_replicated_s = 0;
  double whole_after_s = 0;  ///< All replicas in sync, so long after power is back.
  double copied_bytes = 0;   ///< Reckoned: what the lost would have been given meanwhile.
};
Rehearsed rehearsed(const Planning& planning, const Judged& judged);

/// `command`: what was called, to be repeated.
std::string answer_text(const Planning& planning, const PlanResult& result,
                        const std::string& command);
nlohmann::ordered_json answer_json(const Planning& planning, const PlanResult& result,
                                   const std::string& command);

}  // namespace brokerlab::plan
