// The topology of a file: of a scenario that has one, or of a file that is nothing but a topology.
//
// Lifetime: values. Threads: none. Errors: every mistake is a Problem.
#pragma once

#include "base/problem.h"
#include "scenarios/description.h"
#include "sim/topology.h"

#include <optional>
#include <string>

namespace brokerlab::scenarios {

struct LoadedTopology {
  std::optional<sim::Topology> topology;
  Problems errors;  ///< A scenario without a topology is one.
  Problems warnings;
};

/// `path_or_name`: a file, or a scenario of the library. In a file of its own machines have cards
/// as fast as their ports, 1 Gbps where nothing is said.
LoadedTopology load_topology(const std::string& path_or_name);

/// The graph of a scenario that has a topology, with the cards of its hosts.
sim::Topology topology_of(const Scenario& scenario);

}  // namespace brokerlab::scenarios
