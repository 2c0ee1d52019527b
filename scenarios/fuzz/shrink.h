// Makes a scenario that shows a finding as small as it gets: leaves out what can be left out, one
// thing after the other, largest first, and keeps whatever still ends in the same kind of finding.
//
// Lifetime: values. Threads: none; runs apart, on all cores.
#pragma once

#include "scenarios/fuzz/finding.h"

#include <functional>
#include <string>
#include <vector>

namespace brokerlab::scenarios {

struct Shrunk {
  std::string text;
  Finding finding;  ///< Of that one.
  int runs = 0;     ///< It took.
};

struct ShrinkLimits {
  int most_runs = 600;
  int most_cpu_seconds = 120;  ///< Of one run.
};

/// `scenario` shows `finding`. `progress` hears the number of runs so far.
Shrunk shrink(Family family, const Json& scenario, const Finding& finding,
              const ShrinkLimits& limits = {}, const std::function<void(int)>& progress = {});

/// What is tried next, as JSON pointers of what is left out together: for the tests.
std::vector<std::vector<std::string>> parts_to_leave_out(const Json& scenario);

}  // namespace brokerlab::scenarios
