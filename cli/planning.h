// Makes a plan for the commands that show one, with progress on standard error.
//
// Threads: none; the runs are processes of their own. Errors: told on standard error, and returned
// as the exit status.
#pragma once

#include "base/result.h"
#include "cli/command_line.h"
#include "plan/search/planner.h"

#include <cstdint>
#include <string>

namespace brokerlab::cli {

struct PlanRequest {
  std::string file;    ///< The workload.
  std::string folder;  ///< Of what is finished; empty: nothing is kept.
  std::int64_t seeds = 3;
  bool rehearse = false;

  /// The command that makes the same plan.
  std::string command() const;
};

/// Tells warnings and mistakes of the file.
Result<plan::Planning, int> load_planning(Context& context, const std::string& file);
Result<plan::PlanResult, int> make_plan(Context& context, const plan::Planning& planning,
                                        const PlanRequest& request);

}  // namespace brokerlab::cli
