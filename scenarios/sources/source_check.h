// check_sources: what holds only between the values of a source, what stands in its files, and how
// many records will come.
//
// Threads: none. Errors: every mistake in the report, by its path.
#pragma once

#include "scenarios/description.h"

namespace brokerlab {
struct SettingsReport;
}

namespace brokerlab::scenarios {

/// Looks at all sources, and decides for those with payload `auto` (SourceSpec::phantom).
void check_sources(Scenario& scenario, SettingsReport& report);

}  // namespace brokerlab::scenarios
