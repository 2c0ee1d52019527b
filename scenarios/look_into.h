// The cluster of a scenario as it is at a moment of its run: for what no recording keeps, such as
// the bytes of a log. Implemented by the runner (scenarios/runner.cpp), whose run it is up to
// there.
//
// Errors: as run(). Threads: none; once in an OS process, as run().
#pragma once

#include "scenarios/cluster.h"

#include <functional>
#include <string>

namespace brokerlab::scenarios {

/// Runs it up to `at`, what is due at that very instant included, and shows the cluster as it is
/// then. Nothing is judged, and nothing recorded.
Status<std::string> look_into(const Scenario& scenario, Time at,
                              const std::function<void(Cluster&)>& see);

}  // namespace brokerlab::scenarios
