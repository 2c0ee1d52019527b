// Whether a run did what its scenario expects of it.
#pragma once

#include "scenarios/description.h"
#include "scenarios/report.h"

namespace brokerlab::scenarios {

/// Of a report that is filled but for its expectations and its verdict.
RunReport::Expectation check(const Expectation& expectation, const RunReport& report);

}  // namespace brokerlab::scenarios
